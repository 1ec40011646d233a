"""Login, heartbeat, the server's answers, commands and their replies (sections 5.1, 5.2, 5.5)."""

from __future__ import annotations

from typing import Annotated

import msgspec

from wayside.wire.codec import codec_for
from wayside.wire.errors import DecodeError
from wayside.wire.fields import U8, Bcd, Counted, Rest, flag, rest, u1, u2, u3, u8, u12, u16, u32

ASCII = 0x01
UTF_16_BE = 0x02

ENGLISH = 0x0002


class Login(msgspec.Struct, frozen=True, gc=False):
    """The first packet of a connection: who the terminal is (section 5.1.1)."""

    terminal_id: Annotated[str, Bcd(8), "the IMEI behind a 0"]
    model: Annotated[u16, "type identification code"]
    zone_hundredths: Annotated[u12, "hundred times the hours, and the minutes, from UTC"]
    zone_west: flag
    zone_undefined: u1
    language: Annotated[u2, "language choice bits"]


class Heartbeat(msgspec.Struct, frozen=True, gc=False):
    """The status that keeps a connection alive (section 5.2.1)."""

    extension_7: u1
    positioning: Annotated[flag, "GPS has a position"]
    extension_3_5: u3
    charging: flag
    ignition: flag
    extension_0: u1
    voltage_level: Annotated[u8, "0 (off) to 6 (very high)"]
    signal: Annotated[u8, "0 (none) to 4 (strong)"]
    port: Annotated[u8, "extended port status"]
    language: Annotated[u8, "1 Chinese, 2 English"]
    further: Annotated[bytes, Rest(), "nothing, as documented"]


class Answer(msgspec.Struct, frozen=True, gc=False):
    """The server has the packet with this protocol and serial number (sections 5.1.2 to 5.13.2)."""

    content: Annotated[bytes, Rest(), "empty"]


class Command(msgspec.Struct, frozen=True, gc=False):
    """A text command (section 5.5.1).  In the printed frame the inner length does not count the language."""

    detail: Annotated[bytes, Counted(U8), "server flag, then the text"]
    language: Annotated[u16, "1 Chinese, 2 English"]


class CommandDetail(msgspec.Struct, frozen=True, gc=False):
    """What stands in a command: the flag that the reply echoes, and the text."""

    server_flag: u32
    text: Annotated[bytes, Rest(), "ASCII"]


class Reply(msgspec.Struct, frozen=True, gc=False):
    """The answer to a command, as printed: without a language (section 5.5.2)."""

    server_flag: Annotated[u32, "of the command"]
    encoding: Annotated[u8, "1 ASCII, 2 UTF-16BE"]
    content: rest


class ReplyWithLanguage(msgspec.Struct, frozen=True, gc=False):
    """The answer to a command, as in the table: with a language (section 5.5.2)."""

    server_flag: Annotated[u32, "of the command"]
    encoding: Annotated[u8, "1 ASCII, 2 UTF-16BE"]
    content: rest
    language: Annotated[u16, "1 Chinese, 2 English"]


class Unknown(msgspec.Struct, frozen=True, gc=False):
    """A packet with a protocol number that the document does not have, kept as it is."""

    content: rest


LOGIN = codec_for(Login)
HEARTBEAT = codec_for(Heartbeat)
ANSWER = codec_for(Answer)
COMMAND = codec_for(Command)
COMMAND_DETAIL = codec_for(CommandDetail)
REPLY = codec_for(Reply)
REPLY_WITH_LANGUAGE = codec_for(ReplyWithLanguage)
UNKNOWN = codec_for(Unknown)

# Neither ASCII text nor UTF-16 text ends in a character from U+0000 to U+0002; so these are languages.
_LANGUAGES = (b"\x00\x00", b"\x00\x01", b"\x00\x02")


def decode_reply(body: bytes) -> Reply | ReplyWithLanguage:
    """With or without the language field: the table has it, the printed frame has not."""
    has_language = len(body) >= REPLY_WITH_LANGUAGE.size and body.endswith(_LANGUAGES)
    return REPLY_WITH_LANGUAGE.decode(body) if has_language else REPLY.decode(body)


def command_body(server_flag: int, text: str) -> bytes:
    """The content of a 0x80 packet.

    Raises:
        wayside.wire.EncodeError: the text has more bytes than the inner length can count.
        UnicodeEncodeError: the text is not ASCII.
    """
    detail = COMMAND_DETAIL.encode(CommandDetail(server_flag, text.encode("ascii")))
    return COMMAND.encode(Command(detail, ENGLISH))


def open_command(command: Command) -> CommandDetail:
    """The flag and the text inside a command.

    Raises:
        DecodeError: shorter than the flag.
    """
    if len(command.detail) < COMMAND_DETAIL.size:
        raise DecodeError(f"Command.detail: {len(command.detail)} bytes hold no server flag")
    return COMMAND_DETAIL.decode(command.detail)
