"""Figures, one module per look: one tidy table in, one figure out."""
