"""Image data sets as they are downloaded, offered as class folders by links; no image is copied."""
