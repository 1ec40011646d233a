"""Audio and video in little, and a world of live video without sockets."""

import asyncio
from collections.abc import Awaitable, Callable

from wayside.media.live.asks import Asks
from wayside.media.live.hub import Hub, Publication
from wayside.media.live.limits import LiveLimits
from wayside.media.live.paths import Paths
from wayside.media.live.publisher import Media
from wayside.media.live.recorder import Recordings
from wayside.media.live.service import Live, Publishers
from wayside.media.live.streams import Key
from wayside.media.live.viewers import Viewer
from wayside.model.commands import CommandRecord, State
from wayside.model.errors import CommandError, Conflict, NotFound
from wayside.ports.platform import CommandRequest, Preview
from wayside.ports.store import Created, DeviceRecord, DeviceStatus
from wayside.protocols.jimi import PROTOCOL
from wayside.wire.rtmp import amf0

IMEI = "864200000000001"
DEVICE = f"jimi:{IMEI}"
ROAD = Key(DEVICE, "0")

METADATA = Media(
    18, 0, amf0.encode("@setDataFrame", "onMetaData") + amf0.ecma_array({"width": 64.0, "height": 48.0})
)
AVC = Media(9, 0, b"\x17\0\0\0\0configuration")
AAC = Media(8, 0, b"\xaf\0\x15\x88")


def key_frame(at: int, text: bytes = b"key") -> Media:
    return Media(9, at, b"\x17\1\0\0\0" + text)


def frame(at: int, text: bytes = b"frame") -> Media:
    return Media(9, at, b"\x27\1\0\0\0" + text)


def sound(at: int) -> Media:
    return Media(8, at, b"\xaf\1sound")


def tags(flv: bytes, *, headed: bool = True) -> list[tuple[int, int, bytes]]:
    """Kind, time and payload of every tag, read by hand from the specification."""
    if headed:
        assert flv[:13] == b"FLV\1\5\0\0\0\t\0\0\0\0"
        flv = flv[13:]
    found = []
    while flv:
        size = int.from_bytes(flv[1:4])
        payload = flv[11 : 11 + size]
        assert len(payload) == size
        assert int.from_bytes(flv[11 + size : 15 + size]) == 11 + size
        found.append((flv[0], flv[7] << 24 | int.from_bytes(flv[4:7]), payload))
        flv = flv[15 + size :]
    return found


class Desk:
    """A command desk on which everything is written down; ``offline`` makes it refuse."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, dict[str, object], str]] = []
        self.offline = False
        self.slowly: Callable[[], Awaitable[object]] = lambda: asyncio.sleep(0)

    async def submit(self, request: CommandRequest) -> Created:
        if self.offline:
            raise Conflict("the device is offline", "queue")
        if request.parameters.get("minutes") == 181:
            raise CommandError("Expected `int` <= 180", "parameters.minutes")
        assert request.queue is False
        await self.slowly()
        self.sent.append((request.capability, request.parameters, request.requested_by))
        record = CommandRecord(
            f"c{len(self.sent)}", 1, request.device, request.capability, {}, State.ACCEPTED, 0, 0, "x"
        )
        return Created(record, fresh=True)

    async def preview(self, request: CommandRequest) -> Preview:
        raise NotImplementedError

    async def cancel(self, command: str, by: str) -> CommandRecord:
        raise NotFound(command)


class World:
    """Live video on a clock that only a test moves."""

    def __init__(
        self,
        *,
        publishers: Publishers = Publishers.REQUESTED,
        limits: LiveLimits | None = None,
        recordings: Recordings | None = None,
        elsewhere: str | None = None,
    ) -> None:
        self.now = 1000.0
        self.limits = limits or LiveLimits(appear_s=0.05)
        self.desk = Desk()
        self.devices = {DEVICE: DeviceRecord(DEVICE, "jimi", DeviceStatus.ACCEPTED, 0)}
        clock: Callable[[], int] = lambda: round(self.now * 1e6)  # noqa: E731 - a clock in one line
        self.hub = Hub(self.limits, lambda: self.now, clock)
        self.asks = Asks(self.desk, self.limits, lambda: self.now, clock)
        self.live = Live(
            paths=Paths([PROTOCOL]),
            find_device=self._find,
            hub=self.hub,
            asks=self.asks,
            publishers=publishers,
            recordings=recordings,
            elsewhere=elsewhere,
        )
        self.cut: list[str] = []

    async def _find(self, device: str) -> DeviceRecord | None:
        return self.devices.get(device)

    def publish(self, key: Key = ROAD, *media: Media) -> Publication:
        publication = self.hub.publish(key, "198.51.100.7", self.cut.append)
        for one in media:
            publication.push(one)
        return publication

    def capabilities(self) -> list[str]:
        return [capability for capability, _, _ in self.desk.sent]

    async def pass_s(self, duration_s: float) -> None:
        """Second by second, as the ticker would."""
        end = self.now + duration_s
        while self.now < end:
            self.now += 1.0
            await self.live.tick()


def read(viewer: Viewer) -> bytes:
    """Everything that waits for it."""
    found = b""
    while viewer._first or viewer._waiting:
        found += viewer._next()
    return found
