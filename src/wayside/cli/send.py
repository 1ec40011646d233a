"""``wayside send``: have a device do something."""

from __future__ import annotations

import contextlib
import time
import uuid
from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from wayside.app.suggest import suggestion
from wayside.cli.client import Client, Refused, Unreachable, segment
from wayside.cli.exits import FAILED, OK, UNDECIDED, CliError
from wayside.cli.lists import Columns, show_items, value
from wayside.cli.options import HERE, Json, ServerOptions, pair
from wayside.cli.output import cell, fields, json_line, note, table
from wayside.model.commands import IN_FLIGHT, WAITING, State

POLL_S: Final = 0.25

EXIT: Final[dict[State, int]] = {
    State.SUCCEEDED: OK,
    State.UNCONFIRMED: OK,  # the protocol defines no answer: nobody will ever know better
    State.TIMED_OUT: UNDECIDED,
    State.UNKNOWN: UNDECIDED,
}
"""What a script hears about each end; every other one is a failure."""

OPTIONS: Final = {"confirm": "--confirm", "queue": "--queue"}
"""What a field of the API is called here; every other one has the name that was typed."""


def send(
    device: str,
    capability: str | None = None,
    /,
    *parameters: str,
    preview: bool = False,
    confirm: bool = False,
    wait: bool = False,
    queue: bool = False,
    idempotency_key: str | None = None,
    json: Json = False,
    server: ServerOptions = HERE,
) -> int:
    """Have a device do something; without a capability, list what can be asked of it.

    Exits with 0 when it was accepted (with --wait: when it succeeded, or no answer is defined for it), with 1
    when it was refused or failed, with 3 when it may or may not have happened.

    Args:
        device: <protocol>:<ident>, such as parking-lock:866266066379439.
        capability: What it is to do, such as unlock.
        parameters: NAME=VALUE for each parameter.
        preview: Show the bytes that would be sent, and send nothing.
        confirm: Say that a dangerous command is meant.
        wait: Stay until its outcome is known.
        queue: Wait for the device if it is offline; an actuation does not otherwise.
        idempotency_key: The same key with the same command never sends it twice.
        json: The command as JSON.
        server: Which server.
    """
    path = f"/devices/{segment(device)}"
    with server.client() as client:
        known = client.get(f"{path}/capabilities")["items"]
        if capability is None:
            show_items(known, CAPABILITIES, json=json)
            return OK
        body: dict[str, Any] = {
            "capability": capability,
            "parameters": _parameters(known, capability, parameters),
            "confirm": confirm,
        }
        if queue:
            body["queue"] = True
        if preview:
            with _refused_by_option():
                seen = client.post(f"{path}/commands/preview", body)
            _show_preview(seen, json=json)
            return OK
        command = _submit(client, f"{path}/commands", body, idempotency_key or str(uuid.uuid4()))
        if wait:
            command = _outcome(client, command)
    _show(command, json=json)
    return EXIT.get(State(command["state"]), FAILED) if wait else OK


def _submit(client: Client, path: str, body: dict[str, Any], key: str) -> dict[str, Any]:
    try:
        with _refused_by_option():
            command: dict[str, Any] = client.post(path, body, {"Idempotency-Key": key})
    except Unreachable as error:
        again = f"it may have been accepted: say --idempotency-key {key} when you try again"
        raise CliError(f"{error}; {again}") from error
    return command


@contextlib.contextmanager
def _refused_by_option() -> Iterator[None]:
    """Have a refusal name the option that somebody at a terminal can give, not the field behind it."""
    try:
        yield
    except Refused as error:
        raise Refused(error.detail, OPTIONS.get(error.field, error.field)) from error


def _outcome(client: Client, command: dict[str, Any]) -> dict[str, Any]:
    """Ask until it is neither waiting nor under way.  The server's own time limits bound this."""
    while State(command["state"]) in WAITING | IN_FLIGHT:
        time.sleep(POLL_S)
        command = client.get(f"/commands/{segment(command['id'])}")
    return command


def _parameters(known: list[dict[str, Any]], capability: str, given: Sequence[str]) -> dict[str, object]:
    """``NAME=VALUE`` with each value as its parameter's schema wants it.

    Raises:
        CliError: the device has no such capability.
        UsageError: not NAME=VALUE.
    """
    schemas = {entry["name"]: entry["parameters"] for entry in known}
    if capability not in schemas:
        raise CliError(f"the device has no capability {capability!r}{suggestion(capability, schemas)}")
    named = dict(pair("parameter", text) for text in given)
    return {name: typed(value, property_of(schemas[capability], name)) for name, value in named.items()}


def property_of(schema: dict[str, Any], name: str) -> dict[str, Any]:
    """The schema of one parameter, references resolved; empty if there is none, which the server will say."""
    found = _resolve(schema, schema).get("properties", {}).get(name, {})
    return _resolve(found, schema)


def _resolve(part: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in part:
        part = schema["$defs"][part["$ref"].rpartition("/")[2]]
    return part


def typed(text: str, schema: dict[str, Any]) -> object:
    """Text where the schema wants text, else what it means as JSON: ``5``, ``true``, ``[1,2]``."""
    choices = schema.get("enum", [])
    if schema.get("type") == "string" or (choices and all(isinstance(choice, str) for choice in choices)):
        return text
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text


def _parameter_names(capability: dict[str, Any]) -> str:
    schema = capability["parameters"]
    return " ".join(_resolve(schema, schema).get("properties", {}))


CAPABILITIES: Final[Columns] = {
    "capability": value("name"),
    "risk": value("risk"),
    "parameters": _parameter_names,
    "what it does": value("title"),
}


def _show_preview(preview: dict[str, Any], *, json: bool) -> None:
    if json:
        json_line(preview)
        return
    table(("message", "bytes"), [(frame["message"], frame["data"]) for frame in preview["frames"]])
    if preview["note"]:
        note(preview["note"])


def _show(command: dict[str, Any], *, json: bool) -> None:
    if json:
        json_line(command)
        return
    shown = {name: command[name] for name in ("id", "device", "capability", "state")}
    fields(shown | {name: command[name] for name in ("detail", "values") if cell(command[name])})
