"""``wayside tail``: follow what happens."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI
from websockets.sync.client import connect

from wayside.cli.client import PREFIX
from wayside.cli.exits import CliError
from wayside.cli.options import HERE, Json, ServerOptions
from wayside.cli.output import at, cell, json_line, note
from wayside.model.events import Kind
from wayside.model.text import printable

RETRY_S: Final = 2.0

REFUSALS: Final = range(4400, 4500)
"""Close codes that say: not like this.  4400 + the HTTP status of the same mistake."""

WIDTHS: Final = (20, 30, 10, 16)


def tail(
    *,
    device: str | None = None,
    kind: Kind | None = None,
    message: str | None = None,
    name: str | None = None,
    json: Json = False,
    server: ServerOptions = HERE,
) -> None:
    """Print events and steps of commands as they happen, until Ctrl-C.

    When the connection is lost it is made again; what happened in between stands in `wayside events`.

    Args:
        device: Only of this device.
        kind: Only events of this kind; commands are left out.
        message: Only events of this message; commands are left out.
        name: Only events with a value of this name; commands are left out.
        json: A JSON object per line.
        server: Which server.
    """
    wanted = {"device": device, "kind": kind, "message": message, "name": name}
    url = live_url(server.url, wanted)
    reached = False
    while True:
        try:
            for notice in _listen(url, server.token):
                reached = True
                if json:
                    json_line(notice)
                else:
                    sys.stdout.write(line(notice) + "\n")
                sys.stdout.flush()
        except (OSError, InvalidHandshake, ConnectionClosed) as error:
            if not reached:
                raise CliError(f"{server.url} does not answer: {error}") from error
            note(f"connection lost ({error}); trying again")
            time.sleep(RETRY_S)


def live_url(url: str, wanted: dict[str, Any]) -> str:
    """``http://host`` → ``ws://host/api/v1/live?…``."""
    scheme, separator, rest = url.rstrip("/").partition("://")
    if scheme not in {"http", "https"} or not separator:
        raise CliError(f"--url {url!r} does not begin with http:// or https://")
    query = urlencode({name: str(value) for name, value in wanted.items() if value is not None})
    return f"{scheme.replace('http', 'ws')}://{rest}{PREFIX}/live" + (f"?{query}" if query else "")


def line(notice: dict[str, Any]) -> str:
    """A notice as a person reads it."""
    if notice["type"] == "event":
        event = notice["event"]
        start = (at(event["received_at"]), event["device"], event["kind"], event["message"])
        values = event["values"]
    else:
        start = (at(notice["at"]), notice["device"], "command", notice["state"])
        values = {"command": notice["command"], **({"detail": notice["detail"]} if notice["detail"] else {})}
        values |= notice["values"]
    columns = (f"{printable(str(text)):<{width}}" for text, width in zip(start, WIDTHS, strict=True))
    return " ".join((*columns, cell(values)))


def _listen(url: str, token: str | None) -> Iterator[dict[str, Any]]:
    """Notices of one connection."""
    headers = {} if not token else {"Authorization": f"Bearer {token}"}
    try:
        with connect(url, additional_headers=headers) as socket:
            for text in socket:
                notice = msgspec.json.decode(text)
                if notice["type"] != "keepalive":
                    yield notice
    except InvalidURI as error:
        raise CliError(str(error)) from error
    except InvalidStatus as error:
        raise CliError(_refusal(error)) from error
    except ConnectionClosed as error:
        if error.rcvd is not None and error.rcvd.code in REFUSALS:
            raise CliError(f"the server ended the feed: {error.rcvd.reason}") from error
        raise


def _refusal(error: InvalidStatus) -> str:
    """Why the server did not let us in, in its own words where it has some."""
    try:
        detail = msgspec.json.decode(error.response.body or b"", type=dict[str, Any])["detail"]
    except (msgspec.MsgspecError, KeyError):
        detail = error.response.reason_phrase
    return f"the server answered {error.response.status_code}: {detail}"
