"""Winning tickets with limited (or no) supervision, as a library of file-based stages.

Imports flow one way: stages -> training -> tasks, models, pruning, data -> artifacts, specs.
Nothing in here knows of Snakemake.
"""

__version__ = "0.1.0"
