"""Figures, one module per kind: one tidy table in, one figure out."""
