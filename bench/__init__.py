"""Measurements.  ``python -m bench`` prints every figure beside a floor that was measured in the same run."""
