"""Wayside: one self-hosted server for the hardware at the side of the road."""

__version__ = "0.1.0"
