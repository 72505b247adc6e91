"""What the pipeline costs, as ratios within one run: `make bench`."""
