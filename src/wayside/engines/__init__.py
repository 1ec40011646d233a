"""What stands behind the ports: embedded (SQLite and memory, nothing to install) and, later, distributed."""
