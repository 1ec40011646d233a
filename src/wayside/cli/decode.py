"""``wayside decode``: look into frames, without a server."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Annotated, Final

from cyclopts import Parameter

from wayside.app.clock import now
from wayside.app.decode import inspect_any
from wayside.app.suggest import suggestion
from wayside.cli.exits import FAILED, OK, UsageError
from wayside.cli.output import json_line
from wayside.model.errors import NotFound
from wayside.protocol.base import Side, Transport

STDIN: Final = "-"
OPTIONS: Final = ("--link", "--from")

_BLANKS: Final = re.compile(r"\s+")
_NOT_HEX: Final = re.compile(r"[^0-9A-Fa-f]")
_TEXT_MARKS: Final = ("*", "{")
"""What text frames begin with; no hexadecimal does."""


def decode(
    protocol: str,
    /,
    *frames: Annotated[str, Parameter(allow_leading_hyphen=True)],  # for the "-" of standard input
    link: Transport | None = None,
    from_: Annotated[Side | None, Parameter(name="--from")] = None,
) -> int:
    """Print one JSON object per frame: its fields, the events it means, the bytes a server would answer.

    Exits with 1 when a frame is not valid.

    Args:
        protocol: Whose frames they are: jimi, parking-lock, …
        frames: Bytes in hexadecimal, one frame or several each; "-" reads a string a line from standard input.
            A frame of a text protocol may stand as text, from its "*" or "{".
        link: The transport they were heard on; the first on which they make sense if not given.
        from_: Who sent them; a device if not given, or a server where no device sends such a thing.
    """
    from wayside.app import protocols  # every family's codecs are built with it: not for a help page

    try:
        family = protocols.protocol(protocol)
        ways = family.links if link is None else (protocols.link(family, link),)
    except NotFound as error:
        raise UsageError(str(error)) from error
    if not frames:
        raise UsageError("HEX is missing; - reads from standard input")
    sides = (Side.DEVICE, Side.SERVER) if from_ is None else (from_,)
    all_valid = True
    for argument, text in _inputs(frames):
        for line in inspect_any(family, ways, sides, read_bytes(text, argument), now()):
            json_line(line)
            all_valid = all_valid and line["valid"]
    return OK if all_valid else FAILED


def _inputs(frames: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """What to decode, each with the name that a complaint gives it."""
    for n, text in enumerate(frames, 1):
        if text != STDIN:
            if text.startswith(STDIN):
                raise UsageError(f"there is no option {text}{suggestion(text, OPTIONS)}")
            yield f"HEX argument {n}", text
            continue
        for line, row in enumerate(sys.stdin, 1):
            if row.strip():
                yield f"line {line} of standard input", row


def read_bytes(text: str, argument: str) -> bytes:
    """Bytes of a hex string; blanks may stand anywhere.  A text frame, from its ``*`` or ``{``, may stand as it is.

    Raises:
        UsageError: neither; names the argument and the place.
    """
    if text.lstrip().startswith(_TEXT_MARKS):
        return text.strip().encode()
    digits = _BLANKS.sub("", text)
    if not digits:
        raise UsageError(f"{argument} is empty")
    if wrong := _NOT_HEX.search(digits):
        raise UsageError(f"{argument} is not hexadecimal: character {wrong.start() + 1} is {wrong.group()!r}")
    if len(digits) % 2:
        raise UsageError(f"{argument} is not hexadecimal: {len(digits)} digits are not whole bytes")
    return bytes.fromhex(digits)
