"""``wayside alarms``: what needs somebody, what was filmed of it, and who has seen to it."""

from __future__ import annotations

from typing import Annotated, Any, Final

from cyclopts import App, Parameter
from cyclopts.validators import Number

from wayside.cli.client import Unreachable
from wayside.cli.exits import FAILED, OK, CliError
from wayside.cli.lists import NEWEST, Columns, History, tabulate, time, value
from wayside.cli.options import HERE, Json, ServerOptions
from wayside.cli.output import at, fields, json_line, note

app = App(name="alarms", help="List, show, acknowledge alarms.")

FromOne = Annotated[int, Parameter(validator=Number(gte=1))]
Id = Annotated[FromOne, Parameter(name="ID", help="As the list shows it.")]
Ids = Annotated[tuple[FromOne, ...], Parameter(name="ID", help="As the list shows them.")]


def kind_of(alarm: dict[str, Any]) -> object:
    """What the alarm is about; its protocol's number where that has no name."""
    values = alarm["event"]["values"]
    return values.get("alarm.kind") or f"code {values.get('alarm.code', 'unknown')}"


def files_of(alarm: dict[str, Any]) -> str | None:
    """How many of the files that it announced are here."""
    received = sum(file["state"] == "received" for file in alarm["files"])
    return f"{received} of {len(alarm['files'])}" if alarm["files"] else None


COLUMNS: Final[Columns] = {
    "id": value("event", "id"),
    "received at": time("event", "received_at"),
    "device": value("event", "device"),
    "alarm": kind_of,
    "files": files_of,
    "acknowledged": time("acknowledged_at"),
    "by": value("acknowledged_by"),
    "note": lambda alarm: alarm["note"] or None,
}

FILES: Final[Columns] = {"file": value("name"), "state": value("state"), "here as": value("file")}


@app.command(name="list")
def list_(
    *,
    device: str | None = None,
    kind: str | None = None,
    open: Annotated[bool | None, Parameter(negative="--acknowledged")] = None,  # noqa: A002 - the option's name
    listing: History = NEWEST,
) -> None:
    """List alarms, newest first.

    Args:
        device: Only of this device.
        kind: Only of this kind, such as sos.
        open: Only those that nobody has acknowledged yet (or that somebody has).
        listing: How much, in which form, from which server.
        listing.since: Received from then on: 2026-03-01T12:00:00Z, or as 90m, 2h, 3d: so long ago.
        listing.until: Received before then.
        listing.limit: The most alarms.
    """
    query = {"device": device, "alarm": kind, "acknowledged": None if open is None else not open}
    listing.show("/alarms", query, COLUMNS)


@app.command
def show(alarm: Id, /, *, json: Json = False, server: ServerOptions = HERE) -> None:
    """Show one alarm, and what became of the files that it announced."""
    with server.client() as client:
        found = client.get(f"/alarms/{alarm}")
    if json:
        json_line(found)
        return
    event = found["event"]
    fields(
        {name: event[name] for name in ("id", "device", "message")}
        | {name: at(event[name]) for name in ("received_at", "at")}
        | event["values"]
        | {"acknowledged_at": at(found["acknowledged_at"]), "acknowledged_by": found["acknowledged_by"]}
        | {"note": found["note"] or None}
    )
    if found["files"]:
        tabulate(found["files"], FILES)


@app.command
def ack(
    alarms: Ids,
    /,
    *,
    remark: Annotated[str, Parameter(name="--note")] = "",
    json: Json = False,
    server: ServerOptions = HERE,
) -> int:
    """Acknowledge alarms; the first acknowledgement of an alarm stays.

    One that cannot be acknowledged is named, the others are; the exit code is 1 then.

    Args:
        alarms: As the list shows them.
        remark: What there is to say about it.
        json: The alarms as JSON, one per line.
        server: Which server.
    """
    code = OK
    with server.client() as client:
        for alarm in alarms:
            try:
                found = client.post(f"/alarms/{alarm}/acknowledge", {"note": remark})
            except Unreachable:
                raise
            except CliError as error:
                note(f"alarm {alarm}: {error}")
                code = FAILED
                continue
            if json:
                json_line(found)
            else:
                note(told(found))
    return code


def told(alarm: dict[str, Any]) -> str:
    """Whose acknowledgement it is: with ours coming second, somebody else's."""
    seen = f"alarm {alarm['event']['id']}: acknowledged by {alarm['acknowledged_by']}"
    return f"{seen}, {at(alarm['acknowledged_at'])}" + (f": {alarm['note']}" if alarm["note"] else "")
