from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocols.jimi.printed import LOGIN, SOUND, Printed
from wayside.model.vocabulary import complaints
from wayside.protocol.base import Described, Side
from wayside.protocols.jimi import codes
from wayside.protocols.jimi.frames import Frame, JimiFramer, seal
from wayside.protocols.jimi.messages import MESSAGES, basic, location, modules, parse, peripherals
from wayside.protocols.jimi.translate import TRANSLATORS, events
from wayside.wire.codec import codec_for
from wayside.wire.errors import DecodeError
from wayside.wire.tlv import TlvItem

# Random bytes are hardly ever these: packed digits, and counts that agree with what follows.
NEEDS_SHAPE = {basic.Login, modules.Cameras, basic.Command}
ANY_BYTES = [described for described in MESSAGES if described.structure not in NEEDS_SHAPE]


def frame(code: int, body: bytes) -> Frame:
    (found,) = JimiFramer(Side.DEVICE).feed(seal(code, body, 1))
    assert isinstance(found, Frame)
    return found


@pytest.mark.parametrize("printed", SOUND, ids=lambda printed: f"{printed.section} {printed.name}")
def test_a_printed_frame_holds_what_the_document_says(printed: Printed) -> None:
    (found,) = JimiFramer(printed.side).feed(printed.raw)
    assert isinstance(found, Frame)
    message = parse(found, printed.side)
    assert message == printed.message
    assert type(message) is type(printed.message)
    assert codec_for(type(message)).encode(message) == found.body


@pytest.mark.parametrize("described", ANY_BYTES, ids=lambda described: described.structure.__name__)
@given(data=st.data())
def test_every_layout_keeps_every_bit(described: Described, data: st.DataObject) -> None:
    codec = codec_for(described.structure)
    length = codec.size if codec.fixed else codec.size + 8 * data.draw(st.integers(0, 4))
    raw = data.draw(st.binary(min_size=length, max_size=length))
    assert codec.encode(codec.decode(raw)) == raw


@given(st.from_regex(r"[0-9]{16}", fullmatch=True), st.binary(min_size=4, max_size=4))
def test_a_login_keeps_every_bit(digits: str, rest: bytes) -> None:
    raw = bytes.fromhex(digits) + rest
    assert basic.LOGIN.encode(basic.LOGIN.decode(raw)) == raw


cameras = st.lists(st.builds(modules.Camera, st.integers(0, 255), st.integers(0, 255)), max_size=9).map(tuple)


@given(st.builds(modules.Cameras, cameras, cameras))
def test_lists_of_cameras_round_trip(message: modules.Cameras) -> None:
    assert modules.CAMERAS.decode(modules.CAMERAS.encode(message)) == message


@given(st.integers(0, 0xFFFFFFFF), st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=251))
def test_commands_round_trip(flag: int, text: str) -> None:
    detail = basic.open_command(basic.COMMAND.decode(basic.command_body(flag, text)))
    assert (detail.server_flag, detail.text.decode()) == (flag, text)


def test_a_command_without_a_flag_is_refused() -> None:
    with pytest.raises(DecodeError, match="server flag"):
        basic.open_command(basic.Command(b"\0\0\0", 2))


def test_every_device_message_has_a_translation_and_a_table() -> None:
    items = {codec.message for codec in peripherals.PERIPHERAL_CODECS.values()}
    items |= {codec.message for codec in peripherals.MODULE_CODECS.values()} | {modules.Camera}
    described = {one.structure for one in MESSAGES if one.side is Side.DEVICE}
    assert set(TRANSLATORS) - {basic.Unknown} == described - items


def test_every_packet_of_chapter_5_is_described() -> None:
    names = {described.name for described in MESSAGES}
    assert names == set(codes.DEVICE_NAMES.values()) | set(codes.SERVER_NAMES.values())


@pytest.mark.parametrize("code", [*codes.DEVICE_NAMES, 0x00, 0xA5])
@given(body=st.binary(max_size=120))
def test_any_content_is_read_or_refused_and_means_only_registered_names(code: int, body: bytes) -> None:
    try:
        said = events(parse(frame(code, body), Side.DEVICE))
    except DecodeError:
        return
    for event in said:
        assert complaints(event.values) == []
        assert msgspec.json.encode(event)
        assert "\0" not in repr(event.values)


@pytest.mark.parametrize("code", [*codes.SERVER_NAMES, 0xA5])
@given(body=st.binary(max_size=40))
def test_any_content_of_the_server_is_read_or_refused(code: int, body: bytes) -> None:
    try:
        message = parse(frame(code, body), Side.SERVER)
    except DecodeError:
        return
    assert isinstance(message, basic.Answer | basic.Command | basic.Unknown)


@given(st.binary(min_size=23, max_size=60), st.sampled_from(["prefix", "alarm"]))
def test_any_alarm_is_kept_whole(body: bytes, form: str) -> None:
    if form == "alarm":
        body = location.ALARM_HEAD + body
    try:
        message = parse(frame(codes.ALARM, body), Side.DEVICE)
    except DecodeError:
        assert form == "alarm"
        assert len(body) < location.ALARM.size
        return
    assert codec_for(type(message)).encode(message) == body


def with_bit_15(message: msgspec.Struct) -> bytes:
    wide = location.LocationWide(*msgspec.structs.astuple(message))
    return location.LOCATION_WIDE.encode(msgspec.structs.replace(wide, mnc_is_wide=True, mnc=0x0142))


@pytest.mark.parametrize(
    ("code", "narrow", "wide"),
    [
        (codes.LOCATION, location.Location, location.LocationWide),
        (codes.ADDITIONAL_LOCATION, location.AdditionalLocation, location.AdditionalLocationWide),
    ],
)
def test_bit_15_of_the_mcc_makes_the_mnc_wide(
    code: int, narrow: type[msgspec.Struct], wide: type[msgspec.Struct]
) -> None:
    printed = next(printed.message for printed in SOUND if type(printed.message) is narrow)
    message = parse(frame(code, with_bit_15(printed)), Side.DEVICE)
    assert isinstance(message, location.LocationWide)
    assert type(message) is wide
    assert (message.mcc, message.mnc) == (460, 0x0142)
    assert type(parse(frame(code, codec_for(narrow).encode(printed)), Side.DEVICE)) is narrow


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("00000007 01 4f4b", basic.Reply(7, 1, b"OK")),
        ("00000007 01 4f4b 0002", basic.ReplyWithLanguage(7, 1, b"OK", 2)),
        ("00000007 02 004f004b", basic.Reply(7, 2, b"\0O\0K")),
        ("00000007 02 004f004b 0001", basic.ReplyWithLanguage(7, 2, b"\0O\0K", 1)),
        ("00000007 01", basic.Reply(7, 1, b"")),
        ("00000007 01 0002", basic.ReplyWithLanguage(7, 1, b"", 2)),
    ],
)
def test_a_reply_comes_with_and_without_a_language(body: str, message: msgspec.Struct) -> None:
    assert parse(frame(codes.REPLY, bytes.fromhex(body)), Side.DEVICE) == message


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("033c030100fac50d", "checksum"),
        ("033c040100fac40d", "length"),
        ("033c030100fac40a", "stop"),
        ("033c", "wanted"),
        ("0331", "wanted"),
        ("05170b", "wanted"),
        ("", "no type"),
    ],
)
def test_a_broken_module_packet_is_refused(body: str, complaint: str) -> None:
    with pytest.raises(DecodeError, match=complaint):
        parse(frame(codes.MODULE, bytes.fromhex(body)), Side.DEVICE)


def test_peripherals_have_two_widths_of_length() -> None:
    items = peripherals.PERIPHERAL_ITEMS.encode(
        [TlvItem(0x0004, b"\x01\x1f"), TlvItem(0x0009, b"\x07" + bytes(300)), TlvItem(0x0001, b"\x00\x06")]
    )
    found = peripherals.read_peripherals(peripherals.Peripherals(1, items))
    assert found == [
        peripherals.Temperature(287),
        peripherals.Passthrough(7, bytes(300)),
        peripherals.CapacitiveFuel(6),
    ]


def test_behind_an_unknown_peripheral_everything_stays_raw() -> None:
    found = peripherals.read_peripherals(
        peripherals.Peripherals(1, bytes.fromhex("0004 02 011f 00aa 01 02 03"))
    )
    assert found == [peripherals.Temperature(287), peripherals.OtherItem(0xAA, b"\x01\x02\x03")]


def test_a_peripheral_of_another_size_stays_raw() -> None:
    found = peripherals.read_peripherals(
        peripherals.Peripherals(1, bytes.fromhex("0004 03 011f00 0001 02 0006"))
    )
    assert found == [peripherals.OtherItem(4, b"\x01\x1f\x00"), peripherals.CapacitiveFuel(6)]


@pytest.mark.parametrize("items", ["00", "0004", "000402", "00040201", "0007", "000700", "00070002aa"])
def test_a_peripheral_that_is_cut_short_is_refused(items: str) -> None:
    with pytest.raises(DecodeError):
        peripherals.read_peripherals(peripherals.Peripherals(1, bytes.fromhex(items)))


def test_a_login_whose_id_is_no_digits_is_refused() -> None:
    body = bytearray(LOGIN.raw[4:-6])
    body[3] = 0xAB
    with pytest.raises(DecodeError, match="terminal_id"):
        parse(frame(codes.LOGIN, bytes(body)), Side.DEVICE)
