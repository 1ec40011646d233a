"""Power-bank rental cabinets, over TCP text frames (sections 1 to 8)."""

from __future__ import annotations

from wayside.protocol.base import Link, Protocol, Transport
from wayside.protocols.power_bank.commands import CAPABILITIES
from wayside.protocols.power_bank.frames import BraceFramer
from wayside.protocols.power_bank.messages import MESSAGES, parse_checked
from wayside.protocols.power_bank.session import PowerBankSession
from wayside.protocols.power_bank.simulator import PowerBankSimulator

PROTOCOL = Protocol(
    name="power-bank",
    title="Power-bank cabinet",
    ident=r"[0-9]{15}",
    example="866262045678903",
    links=(
        Link(
            transport=Transport.TCP,
            framer=BraceFramer,
            parse=parse_checked,
            session=PowerBankSession,
            simulator=PowerBankSimulator,
            # The server asks every minute; a cabinet that does not answer and sends no heartbeat for this long is
            # gone.  The document gives no interval.
            idle_timeout_s=300.0,
            port=9690,
        ),
    ),
    capabilities=CAPABILITIES,
    messages=MESSAGES,
    teaches={"frame.checksum.profile": "crc_learnt"},
)
