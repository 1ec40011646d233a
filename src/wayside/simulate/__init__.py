"""Fleets of simulated devices on real transports."""
