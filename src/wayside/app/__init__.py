"""The composition root: which protocols there are, what is configured, and how everything starts and stops."""
