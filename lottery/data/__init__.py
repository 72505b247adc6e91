"""Data sets as resident tensors, subsets of them, and batched augmentation."""
