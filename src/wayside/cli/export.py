"""``wayside export``: stored events as a file."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Final, Literal

from rich.console import Console
from rich.status import Status

from wayside.cli.exits import CliError
from wayside.cli.lists import ALWAYS, Period
from wayside.cli.options import HERE, ServerOptions
from wayside.model.events import Kind

MEGABYTE: Final = 1_000_000


def export(
    *,
    format: Literal["csv", "jsonl"] = "jsonl",  # noqa: A002 - the option's name
    output: Path | None = None,
    column: tuple[str, ...] = (),
    device: str | None = None,
    kind: Kind | None = None,
    message: str | None = None,
    name: str | None = None,
    period: Period = ALWAYS,
    server: ServerOptions = HERE,
) -> None:
    """Write stored events, newest first.

    Args:
        format: csv is made for spreadsheets; jsonl, an object per line, is exact.
        output: The file, written whole or not at all; standard output if not given.
        column: With csv: a column for the values of this name, such as battery.voltage; may be repeated.
            Without it all values stand in one column as JSON.
        device: Only of this device.
        kind: Only of this kind.
        message: Only of this message.
        name: Only events with a value of this name.
        period: Which time.
        period.since: Received from then on: 2026-03-01T12:00:00Z, or as 90m, 2h, 3d: so long ago.
        period.until: Received before then.
        server: Which server.
    """
    query = {
        "format": format,
        "columns": ",".join(column) or None,
        "device": device,
        "kind": kind,
        "message": message,
        "name": name,
        **period.query(),
    }
    with server.client() as client, written(output) as file, _progress(output) as tell:
        size = 0
        for chunk in client.stream("/export/events", query):
            file.write(chunk)
            size += len(chunk)
            tell(size)


@contextlib.contextmanager
def written(output: Path | None) -> Iterator[IO[bytes]]:
    """Standard output, or a file that takes its name when everything is in it."""
    if output is None:
        yield sys.stdout.buffer
        return
    part = output.with_name(output.name + ".part")
    try:
        with part.open("wb") as file:
            yield file
        part.replace(output)
    except OSError as error:
        raise CliError(f"--output {output}: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)


@contextlib.contextmanager
def _progress(output: Path | None) -> Iterator[Callable[[int], None]]:
    """How much there is so far, on a terminal that the events themselves do not go to."""
    if not sys.stderr.isatty() or (output is None and sys.stdout.isatty()):
        yield lambda _: None
        return
    with Status("exporting", console=Console(stderr=True)) as status:
        yield lambda size: status.update(f"exporting: {size / MEGABYTE:.1f} MB")
