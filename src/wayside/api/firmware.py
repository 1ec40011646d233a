"""Firmware: people upload it, devices fetch it at an address that only their own command was given."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Final

import msgspec
from litestar import Request, delete, get, post
from litestar.datastructures import State
from litestar.exceptions import NotFoundException
from litestar.handlers import BaseRouteHandler
from litestar.params import QueryParameter
from litestar.response import File

from wayside.api.auth import ADMIN, PUBLIC, READ
from wayside.api.parameters import By, Key, Provided
from wayside.api.shapes import Time
from wayside.model.errors import CommandError, NotFound
from wayside.model.instant import to_rfc3339
from wayside.ports.firmware import FirmwareRecord
from wayside.ports.store import AuditRecord

# What is read of a refused upload; whoever sends more sees a broken connection.
DRAIN_BYTES_MAX: Final = 64 * 1024 * 1024


class FirmwareView(msgspec.Struct, frozen=True):
    """A firmware file.  ``byte_sum`` is the sum of all its bytes, which the parking lock checks."""

    id: str
    name: str
    size: int
    byte_sum: int
    sha256: str
    created_at: Time

    @classmethod
    def of(cls, record: FirmwareRecord) -> FirmwareView:
        return cls(
            record.id,
            record.name,
            record.size,
            record.byte_sum,
            record.sha256,
            to_rfc3339(record.created_at),
        )


class FirmwareList(msgspec.Struct, frozen=True):
    """Firmware files, newest first."""

    items: list[FirmwareView]


@get("/firmware", opt=READ)
async def list_firmware(services: Provided) -> FirmwareList:
    """List firmware files, newest first."""
    return FirmwareList([FirmwareView.of(record) for record in await services.firmware.records()])


# The shelf has a limit of its own, and the body is never held in memory.
@post("/firmware", opt={**ADMIN, "consumes": "application/octet-stream"}, request_max_body_size=None)
async def upload_firmware(
    services: Provided,
    by: By,
    request: Request[object, object, State],
    name: Annotated[
        str, QueryParameter(min_length=1, max_length=120, description="What people call the file")
    ],
) -> FirmwareView:
    """Upload a firmware file: the request's body is the file itself, as it is."""
    body = request.stream()
    try:
        record = await services.firmware.add(name, body)
    except CommandError:
        await _drain(body)
        raise
    detail = f"{record.name} ({record.size} bytes, sha256 {record.sha256})"
    await services.store.audit(AuditRecord(services.clock(), by.name, "firmware.upload", record.id, detail))
    return FirmwareView.of(record)


@delete("/firmware/{firmware:str}", opt=ADMIN)
async def delete_firmware(services: Provided, by: By, firmware: Key) -> None:
    """Remove a firmware file; the addresses given out for it end."""
    if not await services.firmware.remove(firmware):
        raise NotFound("no such firmware", "firmware")
    await services.store.audit(AuditRecord(services.clock(), by.name, "firmware.delete", firmware))


@get(
    "/firmware/{key:str}",
    opt={**PUBLIC, "produces": ("application/octet-stream",)},
    media_type="application/octet-stream",
)
async def fetch_firmware(services: Provided, key: Key) -> File:
    """The file behind an address that a device was given with its upgrade command."""
    found = services.firmware.fetch(key, services.clock())
    if found is None:
        raise NotFoundException
    record, path = found
    return File(path, filename=f"{record.id}.bin", media_type="application/octet-stream")


async def _drain(body: AsyncIterator[bytes]) -> None:
    """Read on for a while: a connection that is closed on unread bytes is reset, and the answer lost with it."""
    left = DRAIN_BYTES_MAX
    async for chunk in body:
        left -= len(chunk)
        if left < 0:
            return


HANDLERS: Final[tuple[BaseRouteHandler, ...]] = (list_firmware, upload_firmware, delete_firmware)
