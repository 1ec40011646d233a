"""mppsolar's JK decoder on one frame."""

from __future__ import annotations

import sys

from mppsolar.protocols.jkserial import jkserial
from timing import tell

COMMAND = "getBalancerData"

frame = bytes.fromhex(sys.argv[1])
peer = jkserial()
peer.get_full_command(COMMAND)


def decode() -> dict[str, object]:
    """The values that we compare, by our names."""
    read = peer.decode(frame, COMMAND)
    return {
        "cells": read["Cells_connected"][0],
        "cell_1": read["Voltage_Cell01"][0],
        "cell_16": read["Voltage_Cell16"][0],
        "voltage": read["Battery_Voltage"][0],
        "current": read["Battery_Current"][0],
        "level": read["Percent_Remain"][0],
    }


tell(decode)
