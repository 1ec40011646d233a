"""The numbers of the envelope (sections 4.2.4 to 4.2.6) and what the commands are called."""

from __future__ import annotations

import enum
from typing import Final


class Order(enum.IntEnum):
    """The command word."""

    ACTIVATE = 0x01
    WRITE = 0x02
    READ = 0x03
    PASSWORD = 0x05
    READ_ALL = 0x06


class Source(enum.IntEnum):
    """Who made a frame.  Requests of ours say PC, as those do that are known to be answered."""

    BMS = 0
    BLUETOOTH = 1
    GPS = 2
    PC = 3


class Transfer(enum.IntEnum):
    """What a frame is: asked, answered, or sent by the BMS of its own accord."""

    REQUEST = 0
    REPLY = 1
    REPORT = 2


NAMES: Final[dict[int, str]] = {order.value: order.name.lower() for order in Order}
"""What the commands are called in logs, events and lists."""

REPORT_NAME: Final = "report"

ALL_IDENTIFIERS: Final = 0x00
"""Stands in place of an identifier where a request is about none, or about all of them."""
