"""Files that devices post over HTTP, beside their own connection: how a family says what is in such a post.

All of it is pure: texts in, facts out.  What is believed of them is decided elsewhere.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from wayside.model.instant import Instant
from wayside.protocol.questions import OpenCommand

NAME_CHARACTERS_MAX: Final = 128
"""Of a file's name: printed ones have up to 60."""


class Signature(enum.StrEnum):
    """What the form's signature is.  Where the secret is printed in a document it proves nothing."""

    VALID = "valid"
    WRONG = "wrong"
    MISSING = "missing"


class Shot(enum.StrEnum):
    """What a file holds."""

    PICTURE = "picture"
    VIDEO = "video"
    AUDIO = "audio"


class Claim(msgspec.Struct, frozen=True):
    """What a form says of its file.

    ``idents`` are those of devices, by every field that names one; ``number`` that of a command; ``timestamp`` when
    the device says it is now.
    """

    name: str
    idents: frozenset[str] = frozenset()
    number: int | None = None
    timestamp: Instant | None = None
    signature: Signature = Signature.MISSING


class NameList(msgspec.Struct, frozen=True):
    """The recordings that a device says it holds; ``left_out``: how many entries were no names, or too many."""

    ident: str
    names: tuple[str, ...]
    left_out: int = 0


class FileName(msgspec.Struct, frozen=True):
    """What a file's name says.  ``local`` is the device's own time, counted as if its zone were UTC."""

    ident: str = ""
    local: Instant | None = None
    channel: str = ""


class Wanted(msgspec.Struct, frozen=True):
    """What a command waits for.

    ``shot`` None: a list of names.  ``channels``: one file of each; () stands for one of any.  ``local``: between
    which two times by the device's own clock its files begin; None: after the command was sent.
    """

    shot: Shot | None = None
    channels: tuple[str, ...] = ()
    local: tuple[Instant, Instant] | None = None


def is_name(text: str) -> bool:
    """Whether a file may be called so: no path, no control or format character, not hidden, not endless."""
    return (
        0 < len(text) <= NAME_CHARACTERS_MAX
        and text.isprintable()
        and not text.startswith(".")
        and not set(text) & set("/\\:")
    )


class Uploads(msgspec.Struct, frozen=True):
    """What a family posts, and how it is to be answered.

    ``fields`` are the texts of a form, ``last`` is the one behind which only the file comes, ``file`` the name of the
    part with its bytes.  ``claim(fields, part)``: what
    the fields so far and the name in the file's own part say.  ``read_name`` and ``read_list`` understand a file's
    name and a posted list; a list that is none raises ``ValueError``, whose text is for people.  ``wanted(command)``:
    what a command waits for; None: nothing.  ``zone`` is the value in a device's state with the minutes east of UTC of
    its clock.  ``taken(name)`` and ``listed`` are the answers that let a device forget what it posted;
    ``refused(message, temporary)`` is the answer to anything else.
    """

    fields: frozenset[str]
    last: str
    file: str
    claim: Callable[[Mapping[str, str], str], Claim]
    read_name: Callable[[str], FileName]
    read_list: Callable[[bytes], NameList]
    wanted: Callable[[OpenCommand], Wanted | None]
    zone: str
    taken: Callable[[str], bytes]
    listed: bytes
    refused: Callable[[str, bool], bytes]
    content_type: str = "application/json"
