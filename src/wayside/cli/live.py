"""``wayside live``: see what cameras see."""

from __future__ import annotations

import sys
import time as clock
from typing import Annotated, Any, Final

from cyclopts import App, Parameter
from cyclopts.validators import Number

from wayside.cli.client import Client, segment
from wayside.cli.exits import FAILED, OK
from wayside.cli.lists import ALL, Columns, Listing, show_items, time, value
from wayside.cli.options import HERE, Json, ServerOptions
from wayside.cli.output import json_line, note

app = App(name="live", help="Watch cameras: list streams, start, stop, address.")

# A camera takes up to half a minute to publish; with its reply before that.
WAIT_S: Final = 60.0
LOOK_EVERY_S: Final = 0.5

GONE_WRONG: Final = frozenset({"failed", "rejected", "expired", "cancelled", "timed_out"})

DeviceId = Annotated[str, Parameter(name="DEVICE", help="<protocol>:<ident>, such as jimi:353376110008882.")]
Channel = Annotated[
    str, Parameter(name="CHANNEL", help="0 road, 1 cabin, pip both, playback for recordings.")
]


def seen(stream: dict[str, Any]) -> str | None:
    """What comes: codecs and size."""
    size = f"{stream['width']}x{stream['height']}" if stream["width"] and stream["height"] else ""
    return " ".join(filter(None, (stream["video"], size, stream["audio"]))) or None


def asked(stream: dict[str, Any]) -> str | None:
    """The last command, and where it is."""
    command = stream["command"]
    return f"{command['capability']}: {command['state']}" if command is not None else None


COLUMNS: Final[Columns] = {
    "device": value("device"),
    "channel": value("channel"),
    "state": value("state"),
    "since": time("publisher_since"),
    "viewers": value("viewers"),
    "bytes": value("received_bytes"),
    "video": seen,
    "command": asked,
    "recording": value("recording"),
    "note": lambda stream: stream["note"] or None,
}


@app.command(name="list")
def list_(*, device: str | None = None, listing: Listing = ALL) -> None:
    """List live streams: asked for, published, watched.

    Args:
        device: Only of this device.
        listing: How much, in which form, from which server.
        listing.limit: The most streams.
    """
    with listing.server.client() as client:
        items = client.get("/streams", {"device": device})["items"]
    show_items(items[: listing.limit], COLUMNS, json=listing.json)


@app.command
def start(
    device: DeviceId,
    channel: Channel = "0",
    /,
    *,
    minutes: Annotated[int, Parameter(validator=Number(gte=2, lte=180))] = 5,
    record: bool = False,
    file: tuple[str, ...] = (),
    no_wait: bool = False,
    json: Json = False,
    server: ServerOptions = HERE,
) -> int:
    """Have a camera publish, and wait until something comes; the exit code is 1 if nothing does.

    It goes on while somebody watches, and is stopped soon after the last one has left.

    Args:
        device: The camera.
        channel: Which of its views.
        minutes: After which the camera stops by itself if this server is gone.
        record: Also keep what comes, for as many minutes, as files of the device.
        file: With the channel playback: which recording; may be repeated.
        no_wait: Do not wait for the first picture.
        json: The stream as JSON.
        server: Which server.
    """
    body = {"minutes": minutes, "record": record, "files": list(file)}
    with server.client() as client:
        stream = client.post(f"{_path(device, channel)}", body)
        if not no_wait:
            stream = _until_live(client, stream)
    _tell(stream, json=json)
    return OK if no_wait or stream["state"] == "live" else FAILED


@app.command
def stop(
    device: DeviceId, channel: Channel = "0", /, *, json: Json = False, server: ServerOptions = HERE
) -> None:
    """Have a camera stop publishing, and let whoever watches go."""
    with server.client() as client:
        stream = client.post(f"{_path(device, channel)}/stop")
    _tell(stream, json=json)


@app.command
def url(
    device: DeviceId,
    channel: Channel = "0",
    /,
    *,
    minutes: Annotated[int, Parameter(validator=Number(gte=1, lte=720))] = 30,
    json: Json = False,
    server: ServerOptions = HERE,
) -> None:
    """Show addresses that open one view of one camera, for a while: a page for browsers, FLV for players.

    Whoever has such an address can watch, and nothing else.

    Args:
        device: The camera.
        channel: Which of its views.
        minutes: For how long.
        json: As JSON.
        server: Which server.
    """
    with server.client() as client:
        made = client.post(f"{_path(device, channel)}/view-token", {"minutes": minutes})
        for name in ("page", "flv"):
            if made[name] is not None and made[name].startswith("/"):
                made[name] = client.url + made[name]
    if json:
        json_line(made)
        return
    for name in ("page", "flv"):
        if made[name] is not None:
            sys.stdout.write(f"{made[name]}\n")
    note(f"until {made['expires_at']}")


def _path(device: str, channel: str) -> str:
    return f"/devices/{segment(device)}/streams/{segment(channel)}"


def _until_live(client: Client, stream: dict[str, Any]) -> dict[str, Any]:
    """The stream once it is there, or once it is clear that it will not be."""
    path = _path(stream["device"], stream["channel"])
    end = clock.monotonic() + WAIT_S
    while stream["state"] != "live" and clock.monotonic() < end:
        if stream["command"] is not None and stream["command"]["state"] in GONE_WRONG:
            break
        clock.sleep(LOOK_EVERY_S)
        stream = client.get(path)
    return stream


def _tell(stream: dict[str, Any], *, json: bool) -> None:
    if json:
        json_line(stream)
        return
    text = f"{stream['device']} channel {stream['channel']} is {stream['state']}"
    command = stream["command"]
    if command is not None:
        text += f"; {command['capability']} {command['state']}"
        text += f": {command['detail']}" if command["detail"] else ""
    note(text)
