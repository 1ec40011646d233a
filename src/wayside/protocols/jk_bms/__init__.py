"""Battery management systems that speak the vendor's "NW" frames, over a GPRS module's TCP or a serial line."""

from __future__ import annotations

from functools import partial

from wayside.protocol.base import Link, Protocol, Side, Transport
from wayside.protocols.jk_bms.commands import CAPABILITIES
from wayside.protocols.jk_bms.frames import BatteryFramer
from wayside.protocols.jk_bms.identity import EXAMPLE, IDENT
from wayside.protocols.jk_bms.messages import MESSAGES, parse
from wayside.protocols.jk_bms.options import IDLE_TIMEOUT_S
from wayside.protocols.jk_bms.redaction import redact
from wayside.protocols.jk_bms.session import BatterySession
from wayside.protocols.jk_bms.simulator import BatterySimulator


def _framer(_: Side) -> BatteryFramer:
    """Both sides frame alike."""
    return BatteryFramer()


PROTOCOL = Protocol(
    name="jk-bms",
    title="Battery management system",
    ident=IDENT,
    example=EXAMPLE,
    links=(
        Link(
            transport=Transport.TCP,
            framer=_framer,
            parse=parse,
            session=BatterySession,
            # Simulated modules report by themselves, so that a fleet keeps the interval it was told.
            simulator=partial(BatterySimulator, reports=True),
            idle_timeout_s=IDLE_TIMEOUT_S,
            port=9700,
        ),
        Link(
            transport=Transport.SERIAL,
            framer=_framer,
            parse=parse,
            session=BatterySession,
            simulator=BatterySimulator,
            idle_timeout_s=IDLE_TIMEOUT_S,
        ),
    ),
    capabilities=CAPABILITIES,
    messages=MESSAGES,
    redact=redact,
)
