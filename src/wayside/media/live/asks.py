"""Asking devices for their video: commands to start it, to keep it going, and to stop it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

import msgspec
import structlog

from wayside.media.live.limits import LiveLimits
from wayside.media.live.requests import MINUTE_S, Open, Step
from wayside.media.live.streams import Key
from wayside.model.errors import CommandError, Conflict, WaysideError
from wayside.model.instant import Instant
from wayside.ports.live import LiveRequest
from wayside.ports.platform import CommandDesk, CommandRequest
from wayside.protocol.live import Channel

SERVER: Final = "server"
"""Who asks a camera to stop that publishes though nobody wants it."""

log = structlog.get_logger("wayside.media")


class Asks:
    """Every request that is open."""

    def __init__(
        self,
        desk: CommandDesk,
        limits: LiveLimits,
        now_s: Callable[[], float],
        clock: Callable[[], Instant],
    ) -> None:
        self._desk = desk
        self._limits = limits
        self._now_s = now_s
        self._clock = clock
        self._open: dict[Key, Open] = {}
        self._asking = asyncio.Lock()
        self._leftovers_s: dict[Key, float] = {}

    def get(self, key: Key) -> Open | None:
        """The request for this, if one is open."""
        return self._open.get(key)

    def wants(self, key: Key) -> bool:
        """Whether a request is open that has the device publish this, perhaps beside what was asked for."""
        return key in self._open or any(
            asked.key.device == key.device and key.channel in asked.channel.brings
            for asked in self._open.values()
        )

    def all(self) -> list[Open]:
        """Those that are open."""
        return list(self._open.values())

    async def ask(self, channel: Channel, request: LiveRequest, *, live: bool) -> Open:
        """Open a request, or extend the one that is; the device is sent a command unless it publishes already.

        Raises:
            CommandError: the device does not take it; then nothing is open that was not before.
        """
        key = Key(request.device, request.channel)
        async with self._asking:
            known = self._open.get(key)
            if known is None and len(self._open) >= self._limits.requests:
                raise Conflict("too many streams are asked for; stop some")
            # All of it before the command, because the device may be quicker than the store.
            asked = self._open[key] = known or self._opened(key, channel, request)
            before = msgspec.structs.replace(asked)
            self._extend(asked, request)
            if known is not None and live:
                return asked
            asked.minutes, asked.files = request.minutes, request.files
            try:
                await self._send(asked, request.requested_by)
            except WaysideError:
                self._open[key] = before
                if known is None:
                    del self._open[key]
                raise
            return asked

    def _opened(self, key: Key, channel: Channel, request: LiveRequest) -> Open:
        now_s = self._now_s()
        return Open(key, channel, request.requested_by, self._clock(), request.minutes, now_s, now_s)

    def _extend(self, asked: Open, request: LiveRequest) -> None:
        """It lives on from now."""
        now_s = self._now_s()
        asked.record = asked.record or request.record
        asked.until_s = now_s + self._limits.request_s
        lasts_s = request.minutes * MINUTE_S if request.record else self._limits.first_viewer_s
        asked.keep_until_s = max(asked.keep_until_s, now_s + lasts_s)

    async def stop(self, key: Key, channel: Channel, by: str) -> str:
        """Close the request, if one is open, and send the command that stops the device; gives the command's id.

        Other channels that the same command stops are begun again, if they are asked for themselves.

        Raises:
            CommandError: the device does not take it, such as while it is offline.
        """
        self._open.pop(key, None)
        request = CommandRequest(key.device, channel.stop, by, dict(channel.parameters), queue=False)
        if channel.files:
            request = CommandRequest(key.device, channel.stop, by, queue=False)
        command = (await self._desk.submit(request)).command.id
        for other in self.all():  # what it stops, too, although somebody asked for that by itself
            if other.key.device == key.device and other.key.channel in channel.brings:
                await self.renew(other)
        return command

    async def renew(self, asked: Open) -> None:
        """Have the device go on; what goes wrong is noted and tried again."""
        try:
            await self._send(asked, asked.by)
        except WaysideError as error:
            asked.note = f"could not be asked to go on: {error}"
            log.warning("live video not renewed", device=asked.key.device, reason=str(error))

    async def let_go(self, asked: Open) -> None:
        """Nobody needs it any more."""
        try:
            await self.stop(asked.key, asked.channel, asked.by)
        except WaysideError as error:
            # It stops by itself when its minutes are over.
            log.info("live video not stopped", device=asked.key.device, reason=str(error))

    async def leftover(self, key: Key, channel: Channel) -> None:
        """A device publishes what nobody asked for, as after a restart of ours: have it stop, but not too often."""
        now_s = self._now_s()
        since_s = now_s - self._limits.leftover_s
        self._leftovers_s = {each: at_s for each, at_s in self._leftovers_s.items() if at_s > since_s}
        if key in self._leftovers_s:
            return
        self._leftovers_s[key] = now_s
        try:
            await self.stop(key, channel, SERVER)
        except WaysideError as error:
            log.info("leftover video not stopped", device=key.device, reason=str(error))

    def due(self, watched: Callable[[Key], bool]) -> list[tuple[Open, Step]]:
        """What is to be done now."""
        now_s = self._now_s()
        steps = [(asked, asked.next(now_s, self._limits, watched=watched(asked.key))) for asked in self.all()]
        return [(asked, step) for asked, step in steps if step is not Step.NOTHING]

    async def _send(self, asked: Open, by: str) -> None:
        asked.tried_s = self._now_s()
        request = CommandRequest(asked.key.device, asked.channel.start, by, asked.parameters(), queue=False)
        try:
            created = await self._desk.submit(request)
        except CommandError as error:
            raise _in_our_words(error) from error
        asked.command, asked.asked_s, asked.note = created.command.id, asked.tried_s, ""


def _in_our_words(error: CommandError) -> CommandError:
    """The same complaint with the fields that whoever asks for a stream has given."""
    field = error.field.removeprefix("parameters.") if error.field else None
    return type(error)(error.detail, None if field == "queue" else field)
