"""Dashcams of the families JC261 and JC400: binary packets over TCP."""

from __future__ import annotations

from typing import Final

from wayside.protocol.base import Link, Protocol, Transport
from wayside.protocols.jimi.commands import CAPABILITIES
from wayside.protocols.jimi.frames import JimiFramer
from wayside.protocols.jimi.messages import MESSAGES, parse
from wayside.protocols.jimi.session import JimiSession
from wayside.protocols.jimi.simulator import JimiSimulator

# A terminal sends its status every three minutes (rule (1) of section 3); three of them may be lost.
IDLE_TIMEOUT_S: Final = 600.0

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
)
