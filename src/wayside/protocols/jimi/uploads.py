"""What cameras post over HTTP (chapter 6): forms with a file, lists of names, and the answers to both."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections.abc import Mapping
from hmac import compare_digest
from typing import Final

import msgspec

from wayside.protocol.imei import IMEI_DIGITS
from wayside.protocol.uploads import Claim, NameList, Signature, Uploads, is_name
from wayside.protocols.jimi.file_names import ident_in, read_name, wanted

SECRET: Final = "jimidvr@123!443"  # noqa: S105 - printed in the document (6.1.2), the same for every camera
FIELDS: Final = frozenset({"filename", "timestamp", "sign", "imei", "instructionId"})

NUMBER_MAX: Final = 0xFFFF_FFFF
"""A command's number is the server flag of its packet, which has four bytes."""

MILLISECOND_US: Final = 1_000
TIMESTAMP_MS_MAX: Final = 4_102_444_800_000
"""The year 2100."""

LIST_NAMES_MAX: Final = 20_000
"""A week of one-minute files of two cameras: more does not fit a camera's card."""

CONTENT_TYPE: Final = "application/json;charset=UTF-8"
SUCCEEDED: Final = 200
PARAMETER_ERROR: Final = 400
SYSTEM_ERROR: Final = 500

_DIGITS: Final = re.compile(r"[0-9]{1,20}")
_IMEI: Final = re.compile(rf"[0-9]{{{IMEI_DIGITS}}}")
_COMMA_BEFORE_END: Final = re.compile(rb",\s*\}\s*\Z")


def signature(text: str) -> str:
    """Section 6.1.2: base64 over the hexadecimal digits of the MD5, not over its bytes."""
    return b64encode(hashlib.md5(text.encode()).hexdigest().encode()).decode()  # noqa: S324 - the document's choice


def claim(fields: Mapping[str, str], part: str) -> Claim:
    """What a form says; ``part`` is the name in the head of the file's own part, the only one in 6.3."""
    name = fields.get("filename") or part
    number = _number(fields.get("instructionId", ""), NUMBER_MAX)
    stamp_ms = _number(fields.get("timestamp", ""), TIMESTAMP_MS_MAX)
    idents = {ident_in(name), ident_in(part), fields.get("imei", "")}
    timestamp = None if stamp_ms is None else stamp_ms * MILLISECOND_US
    return Claim(name, frozenset(idents - {""}), number, timestamp, _signature_of(fields))


def _number(text: str, most: int) -> int | None:
    number = int(text) if _DIGITS.fullmatch(text) else None
    return number if number is not None and number <= most else None


def _signature_of(fields: Mapping[str, str]) -> Signature:
    """Section 6.3.2 sorts what it signs by the names of the parameters; 6.1.2 has an order of its own."""
    sign = fields.get("sign")
    if not sign:
        return Signature.MISSING
    stamp = fields.get("timestamp", "")
    if "instructionId" in fields:
        text = fields.get("imei", "") + fields["instructionId"] + SECRET + stamp
    else:
        text = fields.get("filename", "") + stamp + SECRET
    right = compare_digest(sign.encode(), signature(text).encode())
    return Signature.VALID if right else Signature.WRONG


class _List(msgspec.Struct):
    """Section 6.2.1; an array of names is understood, too."""

    imei: str
    names: str | list[str] = msgspec.field(name="fileNameList")


def read_list(body: bytes) -> NameList:
    """Names in their order, each once.

    Raises:
        ValueError: this is no such list; the text says why.
    """
    try:
        listed = msgspec.json.decode(_COMMA_BEFORE_END.sub(b"}", body), type=_List)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"not a list of names: {error}") from error
    if not _IMEI.fullmatch(listed.imei):
        raise ValueError("imei: 15 digits are expected")
    parts = listed.names.split(",") if isinstance(listed.names, str) else listed.names
    told = list(dict.fromkeys(name for part in parts if (name := part.strip())))
    names = [name for name in told if is_name(name)][:LIST_NAMES_MAX]
    return NameList(listed.imei, tuple(names), len(told) - len(names))


def taken(name: str) -> bytes:
    """The answer that lets a camera forget a file; ``name`` is its own (6.1.2, 6.3.2)."""
    return msgspec.json.encode({"code": SUCCEEDED, "data": name, "message": "success"})


def refused(message: str, temporary: bool) -> bytes:  # noqa: FBT001 - as `Uploads.refused` is called
    """The answer to anything else.  ``ok`` is for those that posted a list (6.2.2)."""
    code = SYSTEM_ERROR if temporary else PARAMETER_ERROR
    return msgspec.json.encode({"code": code, "message": message, "ok": False})


LISTED: Final = msgspec.json.encode({"code": 0, "ok": True})
"""The answer to a list of names (6.2.2)."""


UPLOADS: Final = Uploads(
    fields=FIELDS,
    last="sign",
    file="file",
    claim=claim,
    read_name=read_name,
    read_list=read_list,
    wanted=wanted,
    zone="device.timezone",
    taken=taken,
    listed=LISTED,
    refused=refused,
    content_type=CONTENT_TYPE,
)
