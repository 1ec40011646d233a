"""The dashcams of ``wayside demo``: where they upload and stream, and one that is asked to at once."""

from __future__ import annotations

import asyncio
from random import Random
from typing import Final

from wayside.app.engine import Running
from wayside.app.live import RTMP
from wayside.app.protocols import link, protocol
from wayside.app.uploads import UPLOAD
from wayside.model.errors import WaysideError
from wayside.model.identity import device_id
from wayside.ports.live import LiveRequest
from wayside.ports.platform import CommandRequest
from wayside.protocol.base import Transport
from wayside.protocol.simulator import Behaviour

FAMILY: Final = "jimi"
ROAD: Final = "0"
BY: Final = "demo"

MINUTES: Final = 60
"""How long the camera streams where nobody watches: as long as somebody may look at a demo."""
LOOK_S: Final = 0.2


def _first() -> str:
    """The first camera of the fleet."""
    simulator = link(protocol(FAMILY), Transport.TCP).simulator(Behaviour(1), Random(1))  # noqa: S311 - only who it is
    return device_id(FAMILY, simulator.ident)


CAMERA: Final = _first()


def addresses(server: Running) -> tuple[str, str]:
    """Where cameras upload and stream to; "" is nowhere."""
    upload, rtmp = server.listeners.get(UPLOAD), server.listeners.get(RTMP)
    return f"http://{upload}/upload" if upload else "", f"rtmp://{rtmp}/live" if rtmp else ""


async def show(server: Running, camera: str) -> None:
    """As soon as it is there: a picture, and live video of the road.  Like a real one it may refuse."""
    while not server.devices.presence(camera).online:  # noqa: ASYNC110 - who waits for one device, once
        await asyncio.sleep(LOOK_S)
    try:
        await server.commands.submit(CommandRequest(camera, "picture", BY))
        if server.live is not None:
            await server.live.start(LiveRequest(camera, ROAD, BY, MINUTES))
    except WaysideError:
        return
