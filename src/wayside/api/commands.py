"""Commands: have a device do something, and see what became of it."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from litestar import Response, get, post
from litestar.handlers import BaseRouteHandler
from litestar.openapi import ResponseSpec
from litestar.params import HeaderParameter, JSONBody, QueryParameter
from msgspec import Meta

from wayside.api.auth import COMMAND, READ
from wayside.api.parameters import TEXT_MAX, By, Device, DeviceFilter, Key, Provided, Window
from wayside.api.shapes import Hex, Next, Time
from wayside.api.sight import command_for, preview_for
from wayside.api.tokens import Caller
from wayside.model.commands import CommandRecord, State, Transition
from wayside.model.errors import NotFound
from wayside.model.events import Values
from wayside.model.instant import to_rfc3339
from wayside.ports.platform import CommandRequest, Preview
from wayside.ports.store import CommandQuery

# A day: what waits longer for an offline device is no longer what somebody wants now.
EXPIRES_AFTER_S_MAX: Final = 86_400

IdempotencyKey = Annotated[
    str | None,
    HeaderParameter(
        name="Idempotency-Key",
        pattern="^[!-~]+$",
        max_length=100,
        description="Any text of yours, one per intention: the same key with the same body gives the first "
        "command again, with another body it is refused",
    ),
]


class TransitionView(msgspec.Struct, frozen=True):
    """One step of a command's life."""

    state: State
    at: Time
    detail: str
    values: Values
    late: bool

    @classmethod
    def of(cls, step: Transition) -> TransitionView:
        return cls(step.state, to_rfc3339(step.at), step.detail, step.values, step.late)


class CommandView(msgspec.Struct, frozen=True):
    """A command.  ``transitions`` is its history, oldest first; lists leave it empty.

    In ``parameters`` secrets (``writeOnly`` in the capability's schema) are ``***`` for everybody but administrators.
    """

    id: str
    number: int
    device: str
    capability: str
    parameters: dict[str, Any]
    state: State
    created_at: Time
    expires_at: Time
    requested_by: str
    idempotency_key: str | None
    late: bool
    detail: str
    values: Values
    transitions: list[TransitionView]

    @classmethod
    def of(cls, record: CommandRecord) -> CommandView:
        return cls(
            record.id,
            record.number,
            record.device,
            record.capability,
            record.parameters,
            record.state,
            to_rfc3339(record.created_at),
            to_rfc3339(record.expires_at),
            record.requested_by,
            record.idempotency_key,
            record.late,
            record.detail,
            record.values,
            [TransitionView.of(step) for step in record.transitions],
        )


class CommandPage(msgspec.Struct, frozen=True):
    """Commands, newest first."""

    items: list[CommandView]
    next: Next


class PreviewFrameView(msgspec.Struct, frozen=True):
    """Bytes that would be sent."""

    message: str
    data: Hex


class PreviewView(msgspec.Struct, frozen=True):
    """What a command would send were it sent now.  Nothing was sent or stored."""

    frames: list[PreviewFrameView]
    note: str

    @classmethod
    def of(cls, preview: Preview) -> PreviewView:
        return cls(
            [PreviewFrameView(frame.message, frame.data.hex()) for frame in preview.frames], preview.note
        )


class NewCommand(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a device is to do."""

    capability: Annotated[str, Meta(max_length=64, description="A name from the device's capabilities")]
    parameters: Annotated[dict[str, Any], Meta(description="As the capability's schema says")] = {}
    expires_after_s: Annotated[
        Annotated[float, Meta(gt=0, le=EXPIRES_AFTER_S_MAX)] | None,
        Meta(description="How long it may wait to be sent; null: the capability's own time"),
    ] = None
    queue: Annotated[
        bool | None,
        Meta(description="Wait for an offline device; null: an actuation does not, everything else does"),
    ] = None
    confirm: Annotated[bool, Meta(description="Must be true for a dangerous command")] = False


@post(
    "/devices/{device:str}/commands",
    opt=COMMAND,
    responses={200: ResponseSpec(CommandView, description="This key brought an earlier command back")},
)
async def submit_command(
    services: Provided, by: By, device: Device, data: JSONBody[NewCommand], key: IdempotencyKey = None
) -> Response[CommandView]:
    """Have a device do something.  201: stored, and on its way; 200: the same as before, nothing new happens."""
    created = await services.desk.submit(_request(device, by, data, key))
    return Response(
        CommandView.of(command_for(by, services, created.command)),
        status_code=201 if created.fresh else 200,
        headers={"Location": f"/api/v1/commands/{created.command.id}"},
    )


@post("/devices/{device:str}/commands/preview", opt=COMMAND, status_code=200)
async def preview_command(
    services: Provided, by: By, device: Device, data: JSONBody[NewCommand]
) -> PreviewView:
    """Show the exact bytes that a command would send, without sending or storing anything.

    Only with the scope `admin` are they exact where they hold a password, a key or a code: others see asterisks
    (`2a`) there, and checksums that fit.
    """
    preview = await services.desk.preview(_request(device, by, data, None))
    return PreviewView.of(preview_for(by, services, device, preview))


@get("/commands", opt=READ)
async def list_commands(
    *,
    services: Provided,
    by: By,
    window: Window,
    device: DeviceFilter = None,
    in_state: Annotated[State | None, QueryParameter(name="state")] = None,
    capability: Annotated[
        str | None, QueryParameter(max_length=TEXT_MAX, description="Only commands of this capability")
    ] = None,
) -> CommandPage:
    """List commands, newest first, without their history."""
    page = await services.store.commands(CommandQuery(device, in_state, capability, window))
    return CommandPage(
        [CommandView.of(command_for(by, services, record)) for record in page.items], page.next
    )


@get("/commands/{command:str}", opt=READ)
async def get_command(services: Provided, by: By, command: Key) -> CommandView:
    """Show one command with its history."""
    return CommandView.of(command_for(by, services, await _known(services, command)))


@post("/commands/{command:str}/cancel", opt=COMMAND, status_code=200)
async def cancel_command(services: Provided, by: By, command: Key) -> CommandView:
    """Take back a command of which nothing has been sent yet."""
    return CommandView.of(command_for(by, services, await services.desk.cancel(command, by.name)))


async def _known(services: Provided, command: str) -> CommandRecord:
    record = await services.store.command(command)
    if record is None:
        raise NotFound("no such command", "command")
    return record


def _request(device: str, by: Caller, data: NewCommand, key: str | None) -> CommandRequest:
    return CommandRequest(
        device,
        data.capability,
        by.name,
        data.parameters,
        key,
        data.expires_after_s,
        data.queue,
        data.confirm,
    )


HANDLERS: Final[tuple[BaseRouteHandler, ...]] = (
    submit_command,
    preview_command,
    list_commands,
    get_command,
    cancel_command,
)
