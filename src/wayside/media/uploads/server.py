"""The upload port: takes requests, has them judged and kept, and answers each so that its sender knows what to do.

A camera uploads again until it hears success, whatever else it hears.  So what will never be taken is refused before
its bytes are read, and what may be taken later is told apart by status and code.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from contextlib import aclosing
from http import HTTPStatus
from typing import Final

import h11
import structlog

from wayside.media.doors import Door, DoorLimits
from wayside.media.uploads.admission import Refusal, Refused
from wayside.media.uploads.forms import FORM_BYTES_MAX, TOO_LARGE, FormReader, boundary_of
from wayside.media.uploads.incoming import Incoming, NoRoom
from wayside.media.uploads.inquiry import Post
from wayside.media.uploads.keeper import Keeper
from wayside.media.uploads.limits import UploadLimits
from wayside.media.uploads.line import BUFFER_BYTES, Gone, Line, Reply, TooSlow
from wayside.media.uploads.patience import Patience
from wayside.media.uploads.stats import Stats
from wayside.model.errors import StoreUnavailable
from wayside.model.instant import Instant
from wayside.model.rate import Rate
from wayside.protocol.base import Protocol

RETRY_AFTER_S: Final = "60"
"""Told with what may be taken later; cameras have their own ideas."""

NOT_HTTP: Final = Refusal("not HTTP", "this is not HTTP as it should be")
TOO_SLOW: Final = Refusal("too slow", "too slow", HTTPStatus.REQUEST_TIMEOUT, temporary=True)
NO_PATH: Final = Refusal("path", "nothing is uploaded to this path", HTTPStatus.NOT_FOUND)
NO_METHOD: Final = Refusal("method", "POST is expected", HTTPStatus.METHOD_NOT_ALLOWED)
TOO_OFTEN: Final = Refusal("too often", "too many requests", HTTPStatus.TOO_MANY_REQUESTS, temporary=True)
LIST_TOO_LARGE: Final = Refusal(
    "too large", "list of names: larger than this server takes", HTTPStatus.REQUEST_ENTITY_TOO_LARGE
)
STOPPING: Final = Refusal(
    "stopping", "the server is about to stop", HTTPStatus.SERVICE_UNAVAILABLE, temporary=True
)
STORE_DOWN: Final = Refusal(
    "store", "nothing can be stored right now", HTTPStatus.SERVICE_UNAVAILABLE, temporary=True
)
DISK_FULL: Final = Refusal(
    "disk", "there is no room right now", HTTPStatus.INSUFFICIENT_STORAGE, temporary=True
)
FAULT: Final = Refusal("fault", "this server failed at it", HTTPStatus.INTERNAL_SERVER_ERROR, temporary=True)

log = structlog.get_logger("wayside.media")


class UploadServer:
    """Make it inside a running event loop.

    ``families``: the protocols, one of which has devices that post; ``complain(event, **facts)`` says in the log what
    is refused, but not endlessly.
    """

    def __init__(
        self,
        families: Iterable[Protocol],
        *,
        keeper: Keeper,
        incoming: Incoming,
        limits: UploadLimits,
        stats: Stats,
        complain: Callable[..., None],
        clock: Callable[[], Instant],
    ) -> None:
        # One family posts so far.  A second one has paths of its own, and this becomes a table of them.
        ((self._family, self._uploads),) = [(each, each.uploads) for each in families if each.uploads]
        self._keeper = keeper
        self._incoming = incoming
        self._limits = limits
        self._complain = complain
        self._clock = clock
        self.stats = stats
        self._room = bytearray(BUFFER_BYTES)
        self._lines: set[Line] = set()
        self._stopping = False
        self._addresses = Rate(limits.address_per_minute)
        self._devices = Rate(limits.device_per_minute, key=str)
        door_limits = DoorLimits(limits.connections, limits.connections_per_address)
        self.door = Door("upload", self._welcome, door_limits)

    async def start(self, host: str, port: int) -> None:
        """Listen.  Raises ``ConfigError``."""
        await self.door.open(host, port)
        log.info("listening", uploads="{}:{}".format(*self.door.address))

    async def stop(self) -> None:
        """Let nobody in, wait for what is under way, cut off what takes too long."""
        self._stopping = True
        self.door.close()
        for line in self._lines:
            if line.idle:
                line.hang_up()
        tasks = [line.task for line in self._lines if line.task is not None]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=self._limits.drain_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.to_thread(self._incoming.close)

    def _welcome(self, address: str, leave: Callable[[], None]) -> Line:
        return Line(self._room, lambda line: self._serve(line, address), leave)

    async def _serve(self, line: Line, address: str) -> None:
        """One connection."""
        if self._stopping:
            return
        self._lines.add(line)
        try:
            await self._converse(line, address)
        finally:
            self._lines.discard(line)

    async def _converse(self, line: Line, address: str) -> None:
        """Request after request."""
        for _ in range(self._limits.connection_requests):
            try:
                request = await line.request(Patience(self._limits.headers_s, self._limits.headers_s))
                if request is None:
                    return
                reply = await self._answered(line, request, address)
            except Gone:
                self.stats.cut += not line.idle
                return
            except TooSlow:
                if line.idle:
                    return
                reply = self._refused(TOO_SLOW, address)
            except h11.RemoteProtocolError as error:
                hint = HTTPStatus(error.error_status_hint)
                reply = self._refused(
                    Refusal("not HTTP", f"this is not HTTP as it should be: {error}", hint), address
                )
            line.respond(reply)
            if reply.close or not line.reusable:
                return

    async def _answered(self, line: Line, request: h11.Request, address: str) -> Reply:
        """The answer to a request; one that is refused may not have been read to its end."""
        try:
            return await self._taken(line, request, address)
        except Refused as error:
            return self._refused(error.refusal, address)
        except NoRoom as error:
            return self._refused(DISK_FULL, address, str(error))
        except StoreUnavailable as error:
            return self._refused(STORE_DOWN, address, str(error))
        except (Gone, TooSlow, h11.RemoteProtocolError):
            raise
        except Exception:
            log.exception("upload failed", address=address)
            return self._refused(FAULT, address)

    async def _taken(self, line: Line, request: h11.Request, address: str) -> Reply:
        headers = dict(request.headers)
        boundary = self._check(request, headers, address)
        limits = self._limits
        patience = Patience(limits.idle_s, limits.request_s, limits.least_bytes_per_s)
        async with aclosing(self._counted(line, patience)) as body:
            if boundary is None:
                answer = await self._list(body)
            else:
                answer = await self._file(boundary, body, address)
        return Reply(HTTPStatus.OK, answer, self._uploads.content_type, self._stopping)

    def _check(self, request: h11.Request, headers: dict[bytes, bytes], address: str) -> str | None:
        """What can be said by the head alone: a form's boundary, or None for a list of names."""
        if self._addresses.count(address, self._clock()):
            raise Refused(TOO_OFTEN)
        if self._stopping:
            raise Refused(STOPPING)
        if request.target.partition(b"?")[0].decode("latin-1") not in self._limits.paths:
            raise Refused(NO_PATH)
        if request.method != b"POST":
            raise Refused(NO_METHOD)
        boundary = boundary_of(headers.get(b"content-type", b"").decode("latin-1"))
        most, refusal = (
            (self._limits.list_bytes, LIST_TOO_LARGE)
            if boundary is None
            else (self._limits.file_bytes + FORM_BYTES_MAX, TOO_LARGE)
        )
        if int(headers.get(b"content-length", b"0")) > most:
            raise Refused(refusal)
        return boundary

    async def _file(self, boundary: str, body: AsyncIterator[bytes], address: str) -> bytes:
        at = self._clock()
        device = ""

        def post(fields: dict[str, str], part_name: str) -> Post:
            return Post(self._family, self._uploads, self._uploads.claim(fields, part_name), address, at)

        async def begin(fields: dict[str, str], part_name: str) -> None:
            """As soon as the form says whose file it is, even where the rest stands behind the file."""
            nonlocal device
            first = post(fields, part_name)
            if first.claim.idents or first.claim.number is not None or self._uploads.last in fields:
                device = await self._ask(first)

        reader = FormReader(self._uploads, self._incoming, self._limits.file_bytes, begin)
        try:
            form = await reader.read(boundary, body)
            last = post(form.fields, form.part_name)
            await self._keeper.keep(last, form.part, device or await self._ask(last))
        finally:
            if reader.part is not None:
                reader.part.discard()
        return self._uploads.taken(last.claim.name)

    async def _list(self, body: AsyncIterator[bytes]) -> bytes:
        """To the disk as well: a slow sender holds no memory, and the threads there bound what is read at once."""
        at = self._clock()
        part = await self._incoming.begin()
        try:
            async for piece in body:
                if part.size + len(piece) > self._limits.list_bytes:
                    raise Refused(LIST_TOO_LARGE)
                await part.write(piece)
            await part.close()
            try:
                listed = await self._incoming.in_thread(
                    lambda: self._uploads.read_list(part.path.read_bytes())
                )
            except ValueError as error:
                raise Refused(Refusal("broken list", str(error))) from error
            self._take_turn(f"{self._family.name}:{listed.ident}")
            await self._keeper.keep_list(self._family, self._uploads, listed, at)
        finally:
            part.discard()
        return self._uploads.listed

    async def _ask(self, post: Post) -> str:
        device = await self._keeper.ask(post)
        self._take_turn(device)
        return device

    def _take_turn(self, device: str) -> None:
        if self._devices.count(device, self._clock()):
            raise Refused(TOO_OFTEN)

    async def _counted(self, line: Line, patience: Patience) -> AsyncGenerator[bytes, None]:
        async with aclosing(line.body(patience)) as body:
            async for piece in body:
                self.stats.received_bytes += len(piece)
                yield piece

    def _refused(self, refusal: Refusal, address: str, why: str = "") -> Reply:
        """Counted, said in the log, and told to the sender, whose connection ends: who knows what it sends yet."""
        self.stats.refused[refusal.reason] += 1
        self._complain("upload refused", address=address, reason=why or refusal.message)
        headers = (("Retry-After", RETRY_AFTER_S),) if refusal.temporary else ()
        if refusal.status is HTTPStatus.METHOD_NOT_ALLOWED:
            headers = (("Allow", "POST"),)
        body = self._uploads.refused(refusal.message, refusal.temporary)
        return Reply(refusal.status, body, self._uploads.content_type, close=True, headers=headers)
