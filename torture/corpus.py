"""Real frames of every link, one of each kind: what nonsense is made of and fuzzing begins with.

``python -m torture.corpus`` writes them anew, from what simulated devices say.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from wayside.app.protocols import PROTOCOLS
from wayside.protocol.base import Link, Protocol, Side, Transport
from wayside.protocol.framing import BadFrame

FOLDER: Final = Path(__file__).with_name("corpus")

LINKS: Final[dict[str, tuple[Protocol, Link]]] = {
    f"{protocol.name}-{link.transport.value}": (protocol, link)
    for protocol in PROTOCOLS
    for link in protocol.links
}


def frames_of(protocol: Protocol, transport: Transport = Transport.TCP) -> list[bytes]:
    """What its devices say."""
    return [
        path.read_bytes() for path in sorted((FOLDER / f"{protocol.name}-{transport.value}").glob("frame-*"))
    ]


def kinds_of_frames(name: str) -> list[Any]:
    """The same, as the link's framer sees them."""
    protocol, link = LINKS[name]
    found = [
        frame
        for raw in frames_of(protocol, link.transport)
        for frame in link.framer(Side.DEVICE).feed(raw)
        if not isinstance(frame, BadFrame)
    ]
    assert found, f"no frames of {name}: python -m torture.corpus"
    return found


def write() -> None:
    """Have a device of each link talk for a while, and keep one frame of each name."""
    from tests.conformance import rig  # noqa: PLC0415 - draws in Hypothesis, which is not needed to read

    for one in rig.LINKS:
        folder = FOLDER / f"{one.protocol.name}-{one.link.transport.value}"
        folder.mkdir(parents=True, exist_ok=True)
        for frame in rig.kinds_of_frames(one):
            (folder / f"frame-{frame.name}").write_bytes(frame.raw)


if __name__ == "__main__":
    write()
