"""Small interfaces between what the platform does and what it stands on; ``engines`` fill them."""
