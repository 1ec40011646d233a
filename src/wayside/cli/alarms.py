"""``wayside alarms``: what needs somebody, and who has seen to it."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import App, Parameter
from cyclopts.validators import Number

from wayside.cli.client import Unreachable
from wayside.cli.exits import FAILED, OK, CliError
from wayside.cli.moments import ago
from wayside.cli.options import HERE, Json, ServerOptions
from wayside.cli.output import at, json_line, note, table

app = App(name="alarms", help="List and acknowledge alarms.")

Ids = Annotated[
    tuple[Annotated[int, Parameter(validator=Number(gte=1))], ...],
    Parameter(name="ID", help="As the list shows them."),
]

COLUMNS = ("id", "received at", "device", "alarm", "acknowledged", "by", "note")


@app.command(name="list")
def list_(
    *,
    device: str | None = None,
    kind: str | None = None,
    open: Annotated[bool | None, Parameter(negative="--acknowledged")] = None,  # noqa: A002 - the option's name
    since: str | None = None,
    until: str | None = None,
    limit: int = 50,
    json: Json = False,
    server: ServerOptions = HERE,
) -> None:
    """List alarms, newest first.

    Args:
        device: Only of this device.
        kind: Only of this kind, such as sos.
        open: Only those that nobody has acknowledged yet (or that somebody has).
        since: Received from then on: 2026-03-01T12:00:00Z, or as 90m, 2h, 3d: so long ago.
        until: Received before then.
        limit: The most alarms.
        json: A JSON object per line.
        server: Which server.
    """
    query = {
        "device": device,
        "alarm": kind,
        "acknowledged": None if open is None else not open,
        "since": ago("--since", since),
        "until": ago("--until", until),
    }
    with server.client() as client:
        found = client.items("/alarms", query, limit)
        if json:
            for alarm in found:
                json_line(alarm)
        else:
            table(COLUMNS, [row(alarm) for alarm in found])


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


def row(alarm: dict[str, Any]) -> tuple[object, ...]:
    """An alarm as the table shows it."""
    event = alarm["event"]
    seen = (at(alarm["acknowledged_at"]), alarm["acknowledged_by"], alarm["note"] or None)
    return (event["id"], at(event["received_at"]), event["device"], name(event["values"]), *seen)


def name(values: dict[str, Any]) -> object:
    """What the alarm is about; its protocol's number where that has no name."""
    return values.get("alarm.kind") or f"code {values.get('alarm.code', 'unknown')}"


def told(alarm: dict[str, Any]) -> str:
    """Whose acknowledgement it is: with ours coming second, somebody else's."""
    seen = f"alarm {alarm['event']['id']}: acknowledged by {alarm['acknowledged_by']}"
    return f"{seen}, {at(alarm['acknowledged_at'])}" + (f": {alarm['note']}" if alarm["note"] else "")
