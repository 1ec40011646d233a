"""powermon's JK decoder on one frame, the way its own command runs it."""

from __future__ import annotations

import sys
from types import SimpleNamespace

from powermon.commands.result import Result
from powermon.protocols.jkserial import JkSerial
from timing import tell

frame = bytes.fromhex(sys.argv[1])
peer = JkSerial()
definition = peer.get_command_definition("all_data")
command = SimpleNamespace(command_definition=definition, code="all_data", override=None)


def decode() -> dict[str, object]:
    """The values that we compare, by our names; the current's direction is a value of its own there."""
    peer.check_valid(frame, definition)
    peer.check_crc(frame, definition)
    result = Result(command, frame, peer.split_response(peer.trim_response(frame, definition), definition))
    read = {reading.data_name: reading.data_value for reading in result.readings}
    return {
        "cells": read["Cell Count"],
        "cell_1": read["Cell 1 Voltage"] / 1000,
        "cell_16": read["Cell 16 Voltage"] / 1000,
        "voltage": read["Battery Voltage"],
        "current": read["Battery Current"] * (1 if read["direction"] == "charge" else -1),
        "level": read["Battery State of Charge"],
    }


tell(decode)
