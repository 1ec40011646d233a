"""Nonsense, silence and slowness: what a connection puts up with, just under and just over each limit."""

from __future__ import annotations

import re

import msgspec
import pytest

from tests.gateway.toy import IDLE_S, TOY
from tests.gateway.world import BY_HAND_S, Wire, eventually, quick, running
from wayside.model.instant import SECOND
from wayside.protocol.base import Transport


async def test_a_bad_frame_is_counted_and_forgiven() -> None:
    async with running("0001") as world:
        wire = world.connect("0001")
        wire.say_bytes(b"\xff\xfe\n")
        wire.say("NONSENSE\nREPORT 1 a\n")
        await world.settle()
        assert wire.heard()[-1] == "OK 1"
        assert world.gateway.stats.bad_frames == {("toy", "checksum"): 1, ("toy", "message"): 1}


async def test_too_many_bad_frames_in_a_row_end_it_and_a_good_one_between_starts_anew() -> None:
    async with running("0001", limits=quick(bad_frames_in_a_row=3)) as world:
        wire = world.connect("0001")
        wire.say("X\nX\nX\nBEAT\nX\nX\nX\n")
        assert not wire.closing
        wire.say("X\nREPORT 1 never\n")
        await eventually(lambda: wire.closing)
        await world.settle()
        assert world.store.values("toy:0001") == []


async def test_a_session_that_fails_costs_its_connection_only() -> None:
    async with running("0001", "0002") as world:
        wire, other = world.connect("0001"), world.connect("0002")
        wire.say("BOOM\n")
        other.say("REPORT 1 a\n")
        await world.settle()
        assert wire.closing
        assert other.heard()[-1] == "OK 1"
        assert world.store.presence("toy:0001")[-1] == ("offline", "internal error")


async def test_complaints_are_bounded(capsys: pytest.CaptureFixture[str]) -> None:
    async with running("0001", limits=quick(complaints_per_s=3, bad_frames_in_a_row=100)) as world:
        wire = world.connect("0001")
        wire.say("X\n" * 10)
        assert capsys.readouterr().out.count("bad frame") == 3
        world.clock.pass_s(1)
        wire.say("X" * 500 + "\n")
        out = capsys.readouterr().out
        assert "left_out" in out
        assert ("58" * 64) in out
        assert ("58" * 65) not in out


async def test_no_secret_gets_into_the_log(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def redact(raw: bytes) -> bytes:
        return re.sub(b"SESAME|BOOM", b"*", raw)

    monkeypatch.setattr("tests.gateway.world.TOY", msgspec.structs.replace(TOY, redact=redact))
    async with running("0001") as world:
        wire = world.connect("0001")
        wire.say("X " + "Y" * 60 + "SESAME\n")  # the log's sample ends within it
        wire.say_bytes(b"\xff SESAME\n")
        world.connect().say("REPORT 1 SESAME\n")
        wire.say("BOOM\n")
        out = capsys.readouterr().out
        assert out.count("bad frame") == 2
        assert "event of nobody" in out
        assert "session failed" in out
        assert b"SE".hex() not in out
        assert b"BOOM".hex() not in out


async def test_message_names_that_peers_invent_share_one_count() -> None:
    async with running("0001", limits=quick(message_names=2)) as world:
        world.connect("0001").say("BEAT\nBEAT\nCLOCK 1\nREPORT 1 a\n")
        assert world.gateway.stats.messages("toy").counts == {"login": 1, "beat": 2, "other": 2}


async def test_first_frame_deadline() -> None:
    async with running(limits=quick(first_frame_s=3 * BY_HAND_S, identify_s=9 * BY_HAND_S)) as world:
        wire = world.connect()
        world.sweep(3)
        assert not wire.is_closing()
        world.sweep()
        assert wire.closing
        assert "no valid frame" not in world.gateway.stats.connections_closed.counts, (
            "counted once it is closed"
        )
        await world.settle()
        assert world.gateway.stats.connections_closed.counts == {"no valid frame": 1}


async def test_a_valid_frame_gives_time_to_say_who_it_is() -> None:
    async with running(limits=quick(first_frame_s=BY_HAND_S, identify_s=5 * BY_HAND_S)) as world:
        wire = world.connect()
        wire.say("BEAT\n")
        world.sweep(5)
        assert not wire.closing
        world.sweep()
        assert wire.closing


async def test_frame_deadline() -> None:
    async with running("0001", limits=quick(frame_deadline_s=2 * BY_HAND_S)) as world:
        wire = world.connect("0001")
        wire.say("REPO")
        world.sweep(2)
        wire.say("RT 1 a\nREP")  # a frame ended, another one begins
        world.sweep(2)
        await world.settle()
        assert not wire.closing
        wire.say("ORT ")  # only more of the same
        world.sweep()
        assert wire.closing


async def test_idle_deadline_counts_from_the_last_valid_frame() -> None:
    async with running("0001", limits=quick(sweep_s=IDLE_S / 3)) as world:
        wire = world.connect("0001")
        world.sweep(3)
        wire.say("BEAT\n")
        world.sweep(3)
        wire.say("X\n")
        await world.settle()
        assert not wire.closing
        world.sweep()
        assert wire.closing


async def test_nobody_is_blamed_for_a_silence_that_we_made() -> None:
    async with running("0001", limits=quick(sweep_s=IDLE_S / 3, uncommitted=5)) as world:
        wire = world.connect("0001")
        await world.settle()
        world.store.gate.clear()
        wire.say("REPORT 1 a\n" * 5)
        assert not wire.reading
        world.sweep(10)
        assert not wire.closing
        world.store.gate.set()
        await eventually(lambda: wire.reading)
        world.sweep(3)
        assert not wire.closing
        world.sweep()
        assert wire.closing


async def test_what_is_kept_of_an_unfinished_frame_is_bounded() -> None:
    async with running("0001", limits=quick(pending_bytes=1000)) as world:
        wire = world.connect("0001")
        wire.say("X" * 1000)
        assert not wire.closing
        wire.say("X")
        assert wire.closing


async def test_a_closing_connection_that_does_not_read_is_cut() -> None:
    async with running("0001", limits=quick(close_s=BY_HAND_S)) as world:
        wire = world.connect("0001")
        await world.settle()
        wire.stuck = True
        wire.say("BOOM\n")
        assert wire.closing
        world.sweep()
        assert not wire.aborted
        world.sweep()
        assert wire.aborted


async def test_a_close_waits_until_what_stands_before_it_is_durable_and_written() -> None:
    async with running("0001") as world:
        wire = world.connect("0001")
        await world.settle()
        world.store.gate.clear()
        wire.say("BYE\n")
        assert not wire.closing
        world.store.gate.set()
        await eventually(lambda: wire.closing)
        assert wire.heard()[-1] == "OK bye"
        await world.settle()
        assert world.store.presence("toy:0001")[-1] == ("offline", "said goodbye")


async def test_the_alarm_clock_rings_late_but_never_early_and_the_last_word_counts() -> None:
    async with running("0001") as world:
        wire = world.connect("0001")
        wire.say("WAKE 0.002\n")
        wire.say("WAKE 0.001\n")
        first = wire.connection._timer
        await eventually(lambda: wire.connection._timer not in {first, None})
        await world.settle()
        assert world.store.values("toy:0001") == [], "our clock stands still: it is not time"
        world.clock.pass_s(1)
        await eventually(lambda: world.store.values("toy:0001") == ["woke"])


async def test_the_alarm_clock_can_be_stopped() -> None:
    async with running("0001") as world:
        wire = world.connect("0001")
        wire.say("WAKE 0.001\nHUSH\n")
        world.clock.pass_s(1)
        await eventually(lambda: wire.connection._timer is None)
        await world.settle()
        assert world.store.values("toy:0001") == []


async def test_an_alarm_is_not_made_anew_with_every_frame() -> None:
    async with running("0001") as world:
        wire = world.connect("0001")
        wire.say("WAKE 100\n")
        timer = wire.connection._timer
        world.clock.pass_s(5)
        wire.say("WAKE 100\n")
        assert wire.connection._timer is timer
        assert wire.connection._alarm == world.clock() + 100 * SECOND
        wire.say("WAKE 1\n")
        assert wire.connection._timer is not timer


async def test_events_of_a_device_that_did_not_say_who_it_is_are_counted_and_not_acknowledged() -> None:
    async with running("0001") as world:
        wire = world.connect()
        wire.say("REPORT 1 a\nBEAT\n")
        await world.settle()
        assert wire.heard() == ["BEAT"]
        assert world.store.entries == []
        assert world.gateway.stats.bad_frames["toy", "unidentified"] == 1


@pytest.mark.parametrize("ident", ["1", "../../etc", "00011", "000'"])
async def test_an_identity_that_does_not_match_ends_the_connection(ident: str) -> None:
    async with running("0001") as world:
        wire = world.connect(ident)
        assert wire.closing
        await world.settle()
        assert world.devices.unknown() == []
        assert world.store.entries == []


async def test_one_connection_is_one_device() -> None:
    async with running("0001", "0002") as world:
        wire = world.connect("0001")
        wire.say("LOGIN 0001\nLOGIN 0002\n")
        await world.settle()
        assert wire.closing
        assert world.store.presence("toy:0002") == []
        assert world.store.presence("toy:0001")[-1] == ("offline", "says that it is another device")


async def test_a_link_that_knows_its_device_needs_no_login() -> None:
    async with running("0001") as world:
        route = world.gateway.route("toy", Transport.SERIAL)
        wire = Wire(world.gateway.connection(route, "/dev/ttyUSB0", ident="0001"))
        wire.say("REPORT 1 a\n")
        await world.settle()
        assert wire.heard() == ["KNOWN", "OK 1"]
        presence = world.devices.presence("toy:0001")
        assert (presence.online, presence.transport, presence.address) == (True, "serial", "/dev/ttyUSB0")
