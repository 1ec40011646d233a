"""The shape that every protocol fills: framing, sessions, effects, simulators.  No I/O, no clock."""
