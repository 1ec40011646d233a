"""What can be wrong with a message on the wire.

WireError (ValueError)
├── DecodeError    the bytes or the line do not have the declared shape: the device's fault
│   └── ChecksumError   its check code is not that of its content, where only the session can tell
└── EncodeError    a value does not fit its field: the caller's fault
"""

from __future__ import annotations


class WireError(ValueError):
    """A message cannot be read from, or written to, the wire."""


class DecodeError(WireError):
    """What came in does not have the shape that the message declares."""


class ChecksumError(DecodeError):
    """The message's check code is wrong, found by a session: its framer cannot know how the device computes it."""


class EncodeError(WireError):
    """The value of `field` does not fit: the text names message, field, value and what is permitted."""

    def __init__(self, text: str, field: str) -> None:
        super().__init__(text)
        self.field = field
