"""One package per family of devices, all of the same inner shape; they do not know each other."""
