"""Image data sets as downloaded, linked into class folders; no image is copied."""
