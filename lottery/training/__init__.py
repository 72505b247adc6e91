"""One training: the loop (`loop.py`), and a module for each thing that it uses."""
