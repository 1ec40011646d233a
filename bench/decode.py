"""Decoding, in process: from bytes to events, against the bare ``struct.unpack_from`` that no codec can beat."""

from __future__ import annotations

import gc
import struct
import time
from collections.abc import Callable
from typing import Final

from bench.frames import LOCATION, login
from bench.report import Row
from wayside.app.protocols import PROTOCOLS
from wayside.protocol.base import Side, Transport
from wayside.protocol.session import Setup

ROUNDS: Final = 15
CALLS: Final = 20_000

NOW: Final = 1_700_000_000_000_000

# The fields of the location packet, as one would write them by hand.
UNPACK: Final = struct.Struct(">6BBIIBHHBHBHBBBI").unpack_from


def microseconds(call: Callable[[], object]) -> float:
    """The fastest of several rounds, per call, the collector off: whatever is slower is other work on the machine."""
    rounds: list[float] = []
    gc.disable()
    try:
        for _ in range(ROUNDS):
            started = time.perf_counter()
            for _ in range(CALLS):
                call()
            rounds.append((time.perf_counter() - started) / CALLS * 1e6)
    finally:
        gc.enable()
    return min(rounds)


def run() -> list[Row]:
    """The location frame of the dashcam: framing, CRC, decoding, event."""
    jimi = next(protocol for protocol in PROTOCOLS if protocol.name == "jimi")
    link = jimi.link(Transport.TCP)
    assert link
    framer, session = link.framer(Side.DEVICE), link.session(Setup())
    session.connected(NOW)
    for frame in framer.feed(login(0)):
        session.receive(frame, NOW)

    def whole_path() -> None:
        for frame in framer.feed(LOCATION):
            session.receive(frame, NOW)

    frame = framer.feed(LOCATION)[0]
    floor = microseconds(lambda: UNPACK(LOCATION, 4))
    whole = microseconds(whole_path)
    framing = microseconds(lambda: framer.feed(LOCATION))
    parse = microseconds(lambda: link.parse(frame, Side.DEVICE))
    floor_text = f"{floor:.2f} µs (`struct.unpack_from`)"
    return [
        Row("jimi location, whole path", f"{whole:.2f} µs", floor_text, f"{whole / floor:.0f}", "≤ 4 µs"),
        Row("… of it framing and CRC", f"{framing:.2f} µs", floor_text, f"{framing / floor:.0f}"),
        Row("… of it the codec", f"{parse:.2f} µs", floor_text, f"{parse / floor:.1f}"),
    ]
