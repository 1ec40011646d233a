"""Terrible bytes in everything that a device can say: kept, or refused; shown as what they are; nobody else harmed."""

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from typing import Final

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families
from websockets.sync.client import connect

from tests.cli.serving import PATIENCE_S
from tests.proof import cabinets, cameras
from tests.protocols.jk_bms.byhand import FULL_DATA, sealed
from tests.security.hostile import TEXTS
from tests.security.victim import Victim, ended
from wayside.cli.main import run
from wayside.model.identity import split_device_id

IMEI = "866262040000001"
CAMERA = f"jimi:{IMEI}"
LOCK = f"parking-lock:{IMEI}"

LOGIN = bytes.fromhex(f"0{IMEI}02423201")
HEARTBEAT = bytes.fromhex("4004040001")
LAST = 7777
"""The serial number of a heartbeat after which everything before it has been answered."""

PLACE = bytes.fromhex("ffff01 14080b061124 df 026c1958 0c38d1db 14f3 0000 008e")
MOMENT = bytes.fromhex("1a0301120000")

SIGN_IN = ("Q0", "6023", "E7:0F:B7:FD:A6:74", "1", "2", "2")
STATUS = ("S5", "6028", "48", "30", "1", "0", "2", "898604D5192291255340", "CMIOT", "E7:0F:B7:FD:A6:74", "1")
REPORT = ("H0", "1", "6023", "31", "0", "2", "1", "1", "1")

# Of a pack's full reply: what stands as text, with its length.
PACK_TEXTS: Final = {"password": (0xB2, 10), "number": (0xB4, 8), "date": (0xB5, 4), "version": (0xB7, 15)}


def camera(text: str) -> Iterator[bytes]:
    """Packets whose texts are this one, in as many bytes as they have room for."""
    ascii_text = text.encode("latin-1", "replace")[:200]
    wide = text.encode("utf-16-be", "surrogatepass")[:200]
    yield cameras.seal(0x01, LOGIN, 1)
    for number, content in enumerate(
        (
            (0x21, bytes(4) + b"\x01" + ascii_text),
            (0x21, bytes(4) + b"\x02" + wide),
            (0x94, b"\x07" + ascii_text),
            (0x94, b"\x08" + ascii_text),
            (0x95, PLACE + b"\x69\x00\x00" + ascii_text),
            (
                0x95,
                PLACE + b"\x69\x00\x00FILENAME:" + ascii_text[:90] + b";DRIVERID:" + ascii_text[:90] + b"-x",
            ),
            (0x9B, b"\x03" + ascii_text + b"\0\0"),
            (0x9B, b"\x05" + MOMENT + b"\x01%" + ascii_text + b"?"),
            (0x9B, b"\x32" + ascii_text),
        ),
        start=2,
    ):
        yield cameras.seal(*content, number)
    yield cameras.seal(0x13, HEARTBEAT, LAST)


def lock(text: str) -> Iterator[bytes]:
    """Lines in which each field was this text, and lines of another lock, command and vendor."""
    raw = text.encode()[:300]

    def line(*fields: bytes) -> bytes:
        return b"*BGCR," + b",".join(fields) + b"#\r\n"

    head = (b"OM", IMEI.encode())
    for fields in (SIGN_IN, STATUS, REPORT):
        good = [field.encode() for field in fields]
        for place in range(len(good)):
            yield line(*head, *good[:place], raw, *good[place + 1 :])
        yield line(*head, *good)
    yield line(raw, head[1], b"Q0")
    yield line(head[0], raw, b"Q0")


def cabinet(text: str) -> Iterator[bytes]:
    """Frames with a right sum, so that what is in them counts."""
    shown = text.encode("ascii", "replace").decode()[:300]
    yield cabinets.seal(IMEI, "CH")
    for content in ("CH", f"AQ,1.FU.{shown};", f"AQ,{shown};", shown, f"AM,{shown}", f"BR,1,{shown}"):
        yield cabinets.seal(IMEI, content)
    yield cabinets.seal(shown, "CH")


def pack(text: str) -> Iterator[bytes]:
    """A full reply, with this text wherever one can stand."""
    raw = text.encode("latin-1", "replace")
    data = FULL_DATA
    for identifier, size in (*PACK_TEXTS.values(), (0xBA, 24)):
        start = data.index(bytes((identifier,)), data.index(b"\xb1\x14")) + 1
        data = data[:start] + raw[:size].ljust(size, b"\0") + data[start + size :]
    yield sealed(6, FULL_DATA, source=3)
    yield sealed(6, data, source=3)


SAY: Final[dict[str, Callable[[str], Iterator[bytes]]]] = {
    "jimi": camera,
    "parking-lock": lock,
    "power-bank": cabinet,
    "jk-bms": pack,
}


def tell(victim: Victim, protocol: str, frames: Iterator[bytes]) -> None:
    """Say all of it, each on a connection that still stands, and hear the server hang up."""
    with victim.dial(protocol) as line:
        try:
            for frame in frames:
                line.sendall(frame)
            line.shutdown(1)
            while line.recv(65_536):
                pass
        except OSError:
            pass  # it hung up on us already, as it may


@pytest.mark.parametrize("kind", TEXTS)
@pytest.mark.parametrize("protocol", SAY)
def test_terrible_texts_in_every_field_of_a_frame(victim: Victim, protocol: str, kind: str) -> None:
    tell(victim, protocol, SAY[protocol](TEXTS[kind]))
    # A well-behaved camera beside it is served as ever.
    with victim.dial("jimi") as line:
        line.sendall(cameras.seal(0x01, bytes.fromhex("035000000000001902423201"), 1))
        assert line.recv(100)


IDENTITIES = ("0" * 15, "A" * 15, "../../canary.tx", "1;DROP TABLE l", "86626204000000\x00")


@pytest.mark.parametrize("ident", IDENTITIES)
def test_identities_that_are_none_name_no_device(victim: Victim, ident: str) -> None:
    digits = ident.encode().hex()[:15]
    tell(victim, "jimi", iter([cameras.seal(0x01, bytes.fromhex(f"0{digits}02423201"), 1)]))
    tell(victim, "power-bank", iter([cabinets.seal(ident, "CH")]))
    tell(victim, "parking-lock", iter([f"*BGCR,OM,{ident},{','.join(SIGN_IN)}#\r\n".encode()]))
    for device in victim.get("devices?limit=1000")["items"]:
        assert split_device_id(device["device"])[0] in SAY


RELAYED: Final[dict[str, bytes | str]] = {
    "no JSON": "{",
    "no object": "[]",
    "no type": "{}",
    "a type of ours": '{"type":"connect","device":"x","service":"y"}',
    "a terrible type": json.dumps({"type": "\U0001f4a9" * 200}),
    "orders for a terminal": json.dumps({"type": "\x1b[2J\u202e"}),
    "good bye": '{"type":"disconnected","reason":"bye"}',
    "a terrible reason": json.dumps({"type": "disconnected", "reason": "\x1b[2J\r\nx: y" * 3}),
    "a broken character": b'{"type":"disconnected","reason":"\xff"}',
    "half a surrogate pair": '{"type":"disconnected","reason":"\\ud800"}',
    "too deep": "[" * 2_000,
    "a huge number": '{"type":"connected","mtu":' + "9" * 1_000 + "}",
    "out of turn": '{"type":"result","id":7}',
    "no UUID": '{"type":"notification","characteristic":"../..","data":"zz"}',
}


@pytest.mark.parametrize("kind", RELAYED)
def test_terrible_words_of_a_relay(victim: Victim, kind: str) -> None:
    victim.http.post("/api/v1/devices", json={"device": LOCK})
    made = victim.http.post(f"/api/v1/devices/{LOCK}/relay-token", json={"minutes": 1})
    assert made.status_code == 201, made.text
    url = f"ws://{victim.server.address('http')}/api/v1/relay"
    with connect(url, additional_headers={"Authorization": f"Bearer {made.json()['token']}"}) as socket:
        socket.recv(timeout=PATIENCE_S)
        socket.send(RELAYED[kind])
        end = ended(socket)
    assert end.code in {1000, 4400}
    assert len(end.reason.encode()) <= 123


def test_what_was_kept_is_shown_as_what_it_is(victim: Victim) -> None:
    """From here on the log is full of it."""
    events = victim.get(f"events?limit=1000&device={CAMERA}")["items"]
    texts = {value for event in events for value in event["values"].values() if isinstance(value, str)}
    assert any("\x1b" in text for text in texts), "what was said is kept, control characters too"
    assert any("\u202e" in text for text in texts)
    assert any(text.startswith("=HYPERLINK") for text in texts)
    for path in ("devices?state=true", "frames", "alarms", "unknown-devices", "cabinets", "audit"):
        victim.get(path)


@pytest.mark.parametrize(
    "columns", ["", "&columns=reply.text,device.uuid,driver.name,battery.manufacturer.id"]
)
def test_no_cell_of_a_sheet_is_a_formula(victim: Victim, columns: str) -> None:
    answer = victim.http.get(f"/api/v1/export/events?format=csv{columns}")
    header, *rows = csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline=""))
    assert {len(row) for row in rows} == {len(header)}
    number = re.compile(r"-?[0-9.e+-]+")
    cells = [cell for row in rows for cell in row]
    assert [cell for cell in cells if cell[:1] in set("=+-@\t\r\n") and not number.fullmatch(cell)] == []
    assert "\0" not in answer.text


def test_lines_of_json_are_lines(victim: Victim) -> None:
    answer = victim.http.get("/api/v1/export/events?format=jsonl")
    lines = answer.content.removesuffix(b"\n").split(b"\n")
    assert len([msgspec.json.decode(line) for line in lines]) == len(lines)


def test_metrics_can_be_read_and_name_nobody(victim: Victim) -> None:
    text = victim.http.get("/metrics").text
    families = list(text_string_to_metric_families(text))
    values = {value for family in families for sample in family.samples for value in sample.labels.values()}
    assert all(re.fullmatch(r"[\x20-\x7e]{0,64}", value) for value in values)
    assert IMEI not in text


@pytest.mark.parametrize("form", [(), ("--json",)], ids=["table", "json"])
@pytest.mark.parametrize(
    "command",
    [
        ("devices", "list"),
        ("devices", "show", CAMERA),
        ("events",),
        ("alarms", "list"),
        ("devices", "unknown"),
    ],
    ids=" ".join,
)
def test_a_terminal_gets_no_orders(
    victim: Victim,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: tuple[str, ...],
    form: tuple[str, ...],
) -> None:
    for name, value in victim.server.environment(victim.token).items():
        monkeypatch.setenv(name, value)
    assert run([*command, *form]) == 0
    captured = capsys.readouterr()
    assert all(line.isprintable() for line in (captured.out + captured.err).split("\n"))


@pytest.mark.parametrize("protocol", SAY)
def test_the_decoder_gives_a_terminal_no_orders(protocol: str, capsys: pytest.CaptureFixture[str]) -> None:
    for text in TEXTS.values():
        run(["decode", protocol, *(frame.strip(b"\r\n").hex() for frame in SAY[protocol](text))])
    captured = capsys.readouterr()
    assert captured.out
    assert all(line.isprintable() for line in (captured.out + captured.err).split("\n"))
