"""Locks without a server between: an adapter's peripherals, sessions over them, and the relay's own end."""
