"""Text that somebody else wrote, for a person to see: no control character, no escape sequence, no turned writing."""

from __future__ import annotations

import json
from typing import Any, Final

import msgspec

_ENCODER: Final = msgspec.json.Encoder(enc_hook=repr)


def printable(text: str) -> str:
    """Text whose control characters are spelled out; line feeds too, so that a value stays on its line."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )


def printable_lines(text: str) -> str:
    """The same for text that may have several lines."""
    return "\n".join(map(printable, text.split("\n")))


def json_text(value: Any) -> str:  # noqa: ANN401 - whatever msgspec takes
    """A value as JSON on one line, with nothing in it that a terminal takes for an order; it means the same.

    JSON itself only escapes what is below the blank.  What it does not know is written as Python shows it, and half of
    a surrogate pair, which no UTF-8 can hold, as a question mark.
    """
    try:
        text = _ENCODER.encode(value).decode()
    except UnicodeEncodeError:
        text = json.dumps(value, default=repr, ensure_ascii=False).encode(errors="replace").decode()
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else json.dumps(character)[1:-1] for character in text
    )
