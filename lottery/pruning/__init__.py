"""Masks: which weights can be pruned, which are, and how the next ones are chosen."""
