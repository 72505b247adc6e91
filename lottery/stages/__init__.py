"""The stages of the pipeline: one module, one rule and one command line each.

Each module offers `arguments(parser)` and `run(args)`; `python -m lottery STAGE --help` lists them.
"""
