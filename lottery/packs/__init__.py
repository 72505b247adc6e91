"""Packs: a figure with what it was made from, as one zip that others can merge and trust.

A pack is collected by following the headers of results, never the config. Whoever unpacks one
need not trust whoever made it: everything is checked before anything is written.
"""
