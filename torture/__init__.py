"""Torture.  ``python -m torture`` breaks a server in every way we know, and checks what must hold after each."""
