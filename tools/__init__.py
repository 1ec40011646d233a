"""Tools for working on Wayside; not part of the package."""
