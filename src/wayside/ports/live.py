"""Live video as the API sees it: ask a device for it, stop it, look at it."""

from __future__ import annotations

import enum
from collections.abc import AsyncIterator
from typing import Protocol

import msgspec

from wayside.model.instant import Instant


class StreamState(enum.StrEnum):
    """Where a stream is."""

    REQUESTED = "requested"
    """The device was asked, and publishes nothing yet."""
    LIVE = "live"
    """The device publishes."""
    INTERRUPTED = "interrupted"
    """The device published until a moment ago; whoever watches is kept for a while."""
    STOPPED = "stopped"
    """It is over: the last word about a stream that was just stopped."""


class LiveStream(msgspec.Struct, frozen=True):
    """A channel of a device.

    ``command`` is the last one that was sent because of it, to start or to stop; ``note`` says what went wrong.
    ``until``: when the device is stopped if nobody asks again.  With an external engine what it alone knows is empty.
    """

    device: str
    channel: str
    state: StreamState
    viewers: int = 0
    received_bytes: int = 0
    video: str = ""
    audio: str = ""
    width: int | None = None
    height: int | None = None
    frame_rate: float | None = None
    publisher: str | None = None
    publisher_since: Instant | None = None
    requested_by: str | None = None
    requested_at: Instant | None = None
    until: Instant | None = None
    recording: bool = False
    command: str | None = None
    note: str = ""


class LiveRequest(msgspec.Struct, frozen=True):
    """Somebody wants to watch.

    ``minutes``: what the device is told, after which it stops by itself unless it is told again; ``record``: also
    keep what comes, for as long as that; ``files``: what to play back.
    """

    device: str
    channel: str
    requested_by: str
    minutes: int
    record: bool = False
    files: tuple[str, ...] = ()


class Watch(Protocol):
    """One who watches."""

    def pieces(self) -> AsyncIterator[bytes]:
        """FLV, piece by piece, until the stream ends or is too fast for this reader."""

    def close(self) -> None:
        """Watches no more."""


class LiveVideo(Protocol):
    """What can be done with live video."""

    send_s: float
    """How long one piece may take to be written to a viewer."""

    def streams(self) -> list[LiveStream]:
        """Everything that is asked for, published or watched."""

    def stream(self, device: str, channel: str) -> LiveStream | None:
        """One of them."""

    def devices_of(self, ident: str) -> list[str]:
        """The devices that an address with this ident could mean: at most one of each protocol."""

    def address_of(self, device: str, channel: str) -> str:
        """Where it is watched: a path on this server, or a whole address at an external engine."""

    async def start(self, request: LiveRequest) -> LiveStream:
        """Have the device publish; if it does already, keep it so.

        Raises:
            NotFound: no such device, or no such channel of it.
            CommandError: as ``CommandDesk.submit``.
            Conflict: the device is offline, or too much is asked for at once.
        """

    async def stop(self, device: str, channel: str, by: str) -> LiveStream:
        """Have it stop, and let whoever watches go.

        Raises:
            NotFound: nothing of it is asked for, published or watched.
            Conflict: the device is offline; whoever watched is gone all the same.
        """

    async def watch(self, device: str, channel: str) -> Watch:
        """Watch, from the last key frame on; waits a while for a device that was asked.

        Raises:
            NotFound: nobody publishes this.
            Conflict: too many watch.
        """

    # For an external engine.

    async def may_publish(self, path: str, address: str) -> str | None:
        """None, or why a publisher from there is to be refused."""

    def places(self, path: str) -> list[tuple[str, str]]:
        """The devices and channels that a publisher's path could mean."""

    def watched(self, device: str, channel: str, viewer: str, *, leaves: bool = False) -> None:
        """Somebody there began, or ceased, to watch.

        ``viewer`` tells them apart; "": the engine does not say when they leave, so that the stream is kept for the
        request's minutes.
        """
