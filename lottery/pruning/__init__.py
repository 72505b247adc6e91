"""Masks: which weights can be pruned, which are, and how the next to go are chosen."""
