"""Decoding, in process: from bytes to events, against the bare ``struct.unpack_from`` that no codec can beat."""

from __future__ import annotations

import gc
import struct
import time
from collections.abc import Callable
from typing import Final, NamedTuple

from bench.frames import BATTERY, DOOR_ANSWER, INVENTORY, LOCATION, LOCK_HEARTBEAT
from bench.peers import beside_peers
from bench.report import Row
from wayside.app.protocols import link, protocol
from wayside.protocol.base import Side, Transport
from wayside.protocol.session import Setup

ROUNDS: Final = 15
CALLS: Final = 10_000

NOW: Final = 1_700_000_000_000_000

# The fields of the dashcam's location packet, as one would write them by hand.
UNPACK: Final = struct.Struct(">6BBIIBHHBHBHBBBI").unpack_from


class Case(NamedTuple):
    """A frame that devices of a family send all day; ``reach`` is for its whole path."""

    what: str
    protocol: str
    transport: Transport
    frame: bytes
    reach: str = ""


CASES: Final = (
    Case("jimi location", "jimi", Transport.TCP, LOCATION, "≤ 4 µs where the floor is 0.18"),
    Case("parking-lock heartbeat", "parking-lock", Transport.TCP, LOCK_HEARTBEAT),
    Case("power-bank inventory, 6 slots", "power-bank", Transport.TCP, INVENTORY),
    Case("jk-bms read-all, 16 cells", "jk-bms", Transport.SERIAL, BATTERY),
    Case("door-lock answer", "door-lock", Transport.BLE, DOOR_ANSWER),
)


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


def whole_path(case: Case) -> float:
    """Framing, checksum, decoding, events, answer."""
    family = protocol(case.protocol)
    way = link(family, case.transport)
    framer, session = way.framer(Side.DEVICE), way.session(Setup(ident=family.example))
    session.connected(NOW)

    def path() -> int:
        return sum(len(session.receive(frame, NOW)) for frame in framer.feed(case.frame))

    assert path(), f"{case.what}: it means nothing"
    return microseconds(path)


def codec_alone(case: Case) -> float:
    """From a frame that is cut and checked to its message."""
    way = link(protocol(case.protocol), case.transport)
    [frame] = way.framer(Side.DEVICE).feed(case.frame)
    return microseconds(lambda: way.parse(frame, Side.DEVICE))


def run() -> list[Row]:
    """Every family, then the peers."""
    floor = microseconds(lambda: UNPACK(LOCATION, 4))
    floor_text = f"{floor:.2f} µs (`struct.unpack_from`)"
    rows: list[Row] = []
    whole: dict[str, float] = {}
    for case in CASES:
        whole[case.protocol] = took = whole_path(case)
        codec = codec_alone(case)
        rows += [
            Row(f"{case.what}, whole path", f"{took:.2f} µs", floor_text, f"{took / floor:.0f}", case.reach),
            Row("… its codec alone", f"{codec:.2f} µs", floor_text, f"{codec / floor:.1f}"),
        ]
    return rows + beside_peers(whole, microseconds)
