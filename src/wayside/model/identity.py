"""Names of devices: ``<protocol>:<ident>``, as ``jimi:353376110008882``.

An ident comes from the device and proves nothing.  It is matched against its protocol's pattern before
anything else sees it, and this module's own, wider pattern is the last line of defence: no ident can hold a
separator, a blank, a quote, a dot-dot or anything else that means something to a path, a topic or a query.
"""

from __future__ import annotations

import re
from typing import Final

# 64 is more than any of the five protocols needs (a battery's own name has 24 characters) and keeps every
# key, topic and log line short.
IDENT_LENGTH_MAX: Final = 64
IDENT: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,63})")
PROTOCOL: Final = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")


def device_id(protocol: str, ident: str) -> str:
    """The device's full name.

    Raises:
        ValueError: the ident has characters or a length that no device of ours may have.
    """
    if not IDENT.fullmatch(ident):
        message = (
            f"ident {ident[:IDENT_LENGTH_MAX]!r}: letters, digits, '_' and '-' only, 1 to {IDENT_LENGTH_MAX}"
        )
        raise ValueError(message)
    return f"{protocol}:{ident}"


def split_device_id(device: str) -> tuple[str, str]:
    """``jimi:353376110008882`` → ``("jimi", "353376110008882")``.

    Raises:
        ValueError: not of the form ``<protocol>:<ident>``.
    """
    protocol, _, ident = device.partition(":")
    if not PROTOCOL.fullmatch(protocol) or not IDENT.fullmatch(ident):
        message = f"device {device[: 2 * IDENT_LENGTH_MAX]!r} is not of the form <protocol>:<ident>"
        raise ValueError(message)
    return protocol, ident
