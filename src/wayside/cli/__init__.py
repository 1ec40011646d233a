"""The ``wayside`` command."""
