"""Files that travel between devices and the server outside their own protocols."""
