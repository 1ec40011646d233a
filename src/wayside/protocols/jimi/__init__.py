"""Dashcams of the families JC261 and JC400: binary packets over TCP."""

from __future__ import annotations

from typing import Final

from wayside.protocol.base import Link, Protocol, Transport
from wayside.protocol.live import Channel
from wayside.protocols.jimi.commands import CAPABILITIES
from wayside.protocols.jimi.frames import JimiFramer
from wayside.protocols.jimi.messages import MESSAGES, parse
from wayside.protocols.jimi.session import JimiSession
from wayside.protocols.jimi.simulator import JimiSimulator
from wayside.protocols.jimi.uploads import UPLOADS

# A terminal sends its status every three minutes (rule (1) of section 3); three of them may be lost.
IDLE_TIMEOUT_S: Final = 600.0

# Section 5.8; the document does not say what starts picture in picture, and `inout` is what names both cameras.
CHANNELS: Final = (
    Channel("0", "road", "live_start", "live_stop", {"camera": "out"}, minutes=True),
    Channel("1", "cabin", "live_start", "live_stop", {"camera": "in"}, minutes=True),
    # Which of them a firmware publishes for INOUT the document does not say.
    Channel(
        "pip",
        "picture in picture",
        "live_start",
        "live_stop",
        {"camera": "inout"},
        minutes=True,
        brings=("0", "1"),
    ),
    Channel("playback", "recordings", "replay", "replay_stop", in_path=False, files=True),
)

PROTOCOL: Final = Protocol(
    name="jimi",
    title="Jimi JC261 and JC400 dashcams",
    ident=r"[0-9]{15}",
    example="353376110008882",
    links=(
        Link(
            transport=Transport.TCP,
            framer=JimiFramer,
            parse=parse,
            session=JimiSession,
            simulator=JimiSimulator,
            idle_timeout_s=IDLE_TIMEOUT_S,
            port=21100,
        ),
    ),
    capabilities=CAPABILITIES,
    messages=MESSAGES,
    channels=CHANNELS,
    uploads=UPLOADS,
)
