"""Figures: one tidy table in, one figure out."""
