"""Live video, as a protocol declares it: what its devices can show, and which commands make them do so."""

from __future__ import annotations

from typing import Any

import msgspec


class Channel(msgspec.Struct, frozen=True):
    """Something that a device can show.

    ``name`` stands in paths and addresses; ``in_path`` False: the device publishes it without one.  ``start`` and
    ``stop`` are capabilities, which both take ``parameters``.  ``minutes``: ``start`` also takes the time after which
    the device stops by itself; ``files``: it takes the names of recordings to show.  ``brings``: other channels that a
    device may publish because of the same command.
    """

    name: str
    title: str
    start: str
    stop: str
    parameters: dict[str, Any] = {}
    in_path: bool = True
    minutes: bool = False
    files: bool = False
    brings: tuple[str, ...] = ()
