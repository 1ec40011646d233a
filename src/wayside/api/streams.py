"""Live video: ask devices for it, see what there is, let somebody watch."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from litestar import get, post
from litestar.handlers import BaseRouteHandler
from litestar.params import JSONBody, PathParameter
from msgspec import Meta

from wayside.api.auth import COMMAND, READ
from wayside.api.devices import known
from wayside.api.parameters import By, Device, DeviceFilter, Provided
from wayside.api.services import Services
from wayside.api.shapes import Time, time
from wayside.api.tokens import Caller
from wayside.api.view_tokens import MINUTES_DEFAULT, MINUTES_MAX
from wayside.model.commands import State
from wayside.model.errors import Conflict, NotFound
from wayside.model.instant import to_rfc3339
from wayside.ports.live import LiveRequest, LiveStream, LiveVideo, StreamState
from wayside.ports.store import AuditRecord

CHANNEL_PATTERN: Final = r"^[A-Za-z0-9_-]{1,32}$"

# What the camera is told; it is told again while somebody watches, so this bounds what a lost server costs it.
MINUTES: Final = 5
FILES_MAX: Final = 32

ChannelName = Annotated[
    str, PathParameter(pattern=CHANNEL_PATTERN, description="As the device's channels name it")
]


class ChannelView(msgspec.Struct, frozen=True):
    """Something that a device can show.  ``files``: recordings, which are named when it is asked for."""

    name: str
    title: str
    files: bool
    flv: str


class ChannelList(msgspec.Struct, frozen=True):
    """What a device can show."""

    items: list[ChannelView]


class StreamCommand(msgspec.Struct, frozen=True):
    """The last command that was sent because of a stream, and what became of it; `detail` is the device's word."""

    id: str
    capability: str
    state: State
    detail: str


class StreamView(msgspec.Struct, frozen=True):
    """A stream.  ``until``: when the device is stopped unless somebody watches, or asks again.

    ``flv`` is where it is watched, ``page`` the same for a browser (null where an external engine shows it).
    ``note`` says what went wrong last.
    """

    device: str
    channel: str
    state: StreamState
    viewers: int
    received_bytes: int
    video: str
    audio: str
    width: int | None
    height: int | None
    frame_rate: float | None
    publisher: str | None
    publisher_since: Time | None
    requested_by: str | None
    requested_at: Time | None
    until: Time | None
    recording: bool
    command: StreamCommand | None
    flv: str
    page: str | None
    note: str


class StreamList(msgspec.Struct, frozen=True):
    """Streams that are asked for, published or watched."""

    items: list[StreamView]


class NewStream(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is wanted of a channel."""

    minutes: Annotated[
        int,
        Meta(
            ge=2,
            le=180,
            description="After which the device stops by itself; it is asked again while somebody watches",
        ),
    ] = MINUTES
    record: Annotated[
        bool, Meta(description="Keep what comes, for as many minutes, whether somebody watches or not")
    ] = False
    files: Annotated[
        list[Annotated[str, Meta(min_length=1, max_length=64)]],
        Meta(max_length=FILES_MAX, description="Recordings to show, where the channel shows those"),
    ] = []


class NewViewToken(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A view token to make."""

    minutes: Annotated[
        int, Meta(ge=1, le=MINUTES_MAX, description="For how long it opens the stream, and keeps it open")
    ] = MINUTES_DEFAULT


class ViewTokenView(msgspec.Struct, frozen=True):
    """A view token.  It cannot be shown again.  ``flv`` and ``page`` are addresses with the token in them."""

    token: str
    device: str
    channel: str
    expires_at: Time
    flv: str
    page: str | None


@get("/streams", opt=READ)
async def list_streams(services: Provided, device: DeviceFilter = None) -> StreamList:
    """List live streams: asked for, published, watched."""
    found = [stream for stream in switched_on(services).streams() if device in {None, stream.device}]
    return StreamList([await _view(services, stream) for stream in found])


@get("/devices/{device:str}/channels", opt=READ)
async def list_channels(services: Provided, device: Device) -> ChannelList:
    """List what a device can show live."""
    live = switched_on(services)
    protocol = services.protocol((await known(services, device)).protocol)
    channels = protocol.channels if protocol is not None else ()
    return ChannelList(
        [
            ChannelView(channel.name, channel.title, channel.files, live.address_of(device, channel.name))
            for channel in channels
        ]
    )


@get("/devices/{device:str}/streams/{channel:str}", opt=READ)
async def get_stream(services: Provided, device: Device, channel: ChannelName) -> StreamView:
    """Show one live stream."""
    found = switched_on(services).stream(device, channel)
    if found is None:
        raise NotFound("nobody asked for this stream, and nobody publishes it", "channel")
    return await _view(services, found)


@post("/devices/{device:str}/streams/{channel:str}", opt=COMMAND, status_code=200)
async def start_stream(
    services: Provided, by: By, device: Device, channel: ChannelName, data: JSONBody[NewStream]
) -> StreamView:
    """Have a device publish live video, and keep it so while somebody watches.

    The device is sent a command; `command` shows what became of it, and `state` whether anything comes.
    """
    request = LiveRequest(device, channel, by.name, data.minutes, data.record, tuple(data.files))
    found = await switched_on(services).start(request)
    await _audit(services, by, "stream.start", device, channel)
    return await _view(services, found)


@post("/devices/{device:str}/streams/{channel:str}/stop", opt=COMMAND, status_code=200)
async def stop_stream(services: Provided, by: By, device: Device, channel: ChannelName) -> StreamView:
    """Have a device stop publishing, and let whoever watches go."""
    found = await switched_on(services).stop(device, channel, by.name)
    await _audit(services, by, "stream.stop", device, channel)
    return await _view(services, found)


@post("/devices/{device:str}/streams/{channel:str}/view-token", opt=READ)
async def create_view_token(
    services: Provided, by: By, device: Device, channel: ChannelName, data: JSONBody[NewViewToken]
) -> ViewTokenView:
    """Make a token with which somebody can watch this channel of this device, and do nothing else."""
    live = switched_on(services)
    protocol = services.protocol((await known(services, device)).protocol)
    if protocol is None or channel not in {each.name for each in protocol.channels}:
        raise NotFound("the device has no such channel", "channel")
    token, grant = services.tokens.views.create(device, by, data.minutes, channel)
    await _audit(services, by, "view-token.create", device, f"{channel}, for {data.minutes} min")
    flv, page = live.address_of(device, channel), _page(live, device, channel)
    return ViewTokenView(
        token,
        device,
        channel,
        to_rfc3339(grant.expires_at),
        f"{flv}?view={token}",
        # Behind the #, what a browser keeps to itself: the server's and the proxy's logs never see it.
        None if page is None else f"{page}#{token}",
    )


def switched_on(services: Services) -> LiveVideo:
    """Live video, if this server has it.

    Raises:
        Conflict: it is switched off.
    """
    if services.live is None:
        raise Conflict("live video is switched off on this server (the setting rtmp)")
    return services.live


async def _view(services: Services, stream: LiveStream) -> StreamView:
    record = await services.store.command(stream.command) if stream.command is not None else None
    command = (
        StreamCommand(record.id, record.capability, record.state, record.detail or _said(record.values))
        if record is not None
        else None
    )
    live = switched_on(services)
    return StreamView(
        stream.device,
        stream.channel,
        stream.state,
        stream.viewers,
        stream.received_bytes,
        stream.video,
        stream.audio,
        stream.width,
        stream.height,
        stream.frame_rate,
        stream.publisher,
        time(stream.publisher_since),
        stream.requested_by,
        time(stream.requested_at),
        time(stream.until),
        stream.recording,
        command,
        live.address_of(stream.device, stream.channel),
        _page(live, stream.device, stream.channel),
        stream.note,
    )


def _said(values: object) -> str:
    """The device's own words, where its reply has some."""
    text = values.get("reply.text") if isinstance(values, dict) else None
    return text if isinstance(text, str) else ""


def _page(live: LiveVideo, device: str, channel: str) -> str | None:
    """The page that plays it; streams that are shown elsewhere have none here."""
    if not live.address_of(device, channel).startswith("/"):
        return None
    return f"/watch/{channel}/{device.partition(':')[2]}"


async def _audit(services: Services, by: Caller, action: str, device: str, detail: str) -> None:
    await services.store.audit(AuditRecord(services.clock(), by.name, action, device, detail))


HANDLERS: Final[tuple[BaseRouteHandler, ...]] = (
    list_streams,
    list_channels,
    get_stream,
    start_stream,
    stop_stream,
    create_view_token,
)
