"""The exact bytes, without sending or storing anything; and firmware, which sessions ask for."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest

from tests.gateway.world import eventually, running
from wayside.model.errors import CommandError, NotFound
from wayside.model.instant import Instant
from wayside.ports.firmware import FirmwareShelf
from wayside.ports.platform import CommandRequest
from wayside.protocol.questions import FirmwareOffer


class Shelf:
    def __init__(self) -> None:
        self.offered: list[tuple[str, str, Instant]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.broken = False

    async def offer(self, firmware: str, command: str, until: Instant) -> FirmwareOffer | None:
        await self.gate.wait()
        if self.broken:
            raise OSError("no disk")
        self.offered.append((firmware, command, until))
        return FirmwareOffer(f"http://x/{firmware}", 10, 20) if firmware == "good" else None


def asking(capability: str, **parameters: object) -> CommandRequest:
    return CommandRequest("toy:0001", capability, "ann", parameters)


async def test_a_preview_is_what_would_be_sent_and_changes_nothing() -> None:
    async with running("0001") as world:
        wire = world.connect("0001")
        await world.settle()
        preview = await world.desk.preview(asking("move", minutes=5))
        assert [(frame.message, frame.data) for frame in preview.frames] == [("do", b"DO 1 move 5\n")]
        assert preview.note == ""
        await world.settle()
        assert wire.heard() == ["KNOWN", "HELLO"]
        assert world.store.command_records == {}
        assert wire.connection.session.waiting.next_deadline is None  # type: ignore[attr-defined]  # the toy's
        await world.submit("move", parameters={"minutes": 5})
        await eventually(lambda: wire.heard()[-1] == "DO 2 move 5")


async def test_a_preview_for_an_offline_device_says_so() -> None:
    async with running("0001") as world:
        preview = await world.desk.preview(asking("reset"))
        assert [frame.data for frame in preview.frames] == [b"DO 1 reset\n"]
        assert "offline" in preview.note


async def test_a_preview_is_checked_as_the_command_would_be() -> None:
    async with running("0001") as world:
        with pytest.raises(CommandError) as caught:
            await world.desk.preview(asking("move", minutes=0))
        assert caught.value.field == "parameters.minutes"
        with pytest.raises(CommandError):
            await world.desk.preview(asking("cannot"))
        with pytest.raises(NotFound):
            await world.desk.preview(CommandRequest("toy:0002", "read", "ann"))


async def test_a_preview_with_firmware_shows_an_example() -> None:
    shelf = Shelf()
    async with running("0001", firmware=cast("FirmwareShelf", shelf)) as world:
        world.connect("0001")
        preview = await world.desk.preview(asking("upgrade", firmware="good"))
        assert preview.frames[0].data == b"DO 1 upgrade http://x/good\n"
        assert "example" in preview.note
        assert shelf.offered[0][2] == world.clock() + 1_000_000, "nobody can fetch it in time"
        refused = await world.desk.preview(asking("upgrade", firmware="bad"))
        assert refused.frames == ()
        assert "no such firmware" in refused.note


async def test_an_upgrade_is_sent_once_the_firmware_is_offered() -> None:
    shelf = Shelf()
    async with running("0001", firmware=cast("FirmwareShelf", shelf)) as world:
        wire = world.connect("0001")
        command = await world.submit("upgrade", parameters={"firmware": "good"}, confirm=True)
        await eventually(lambda: wire.heard()[-1] == "DO 1 upgrade http://x/good")
        assert shelf.offered == [("good", command.id, world.clock() + 3600_000_000)]
        assert world.states(command) == ["sent"]


@pytest.mark.parametrize("broken", [True, False])
async def test_an_upgrade_without_firmware_is_rejected(*, broken: bool) -> None:
    shelf = Shelf()
    shelf.broken = broken
    async with running("0001", firmware=cast("FirmwareShelf", shelf)) as world:
        world.connect("0001")
        command = await world.submit("upgrade", parameters={"firmware": "bad"}, confirm=True)
        await eventually(lambda: world.states(command) == ["rejected"])


async def test_without_a_shelf_there_is_no_firmware() -> None:
    async with running("0001") as world:
        world.connect("0001")
        command = await world.submit("upgrade", parameters={"firmware": "good"}, confirm=True)
        await eventually(lambda: world.states(command) == ["rejected"])


async def test_what_was_cancelled_while_the_session_asked_is_not_sent() -> None:
    shelf = Shelf()
    shelf.gate.clear()
    async with running("0001", firmware=cast("FirmwareShelf", shelf)) as world:
        wire = world.connect("0001")
        command = await world.submit("upgrade", parameters={"firmware": "good"}, confirm=True)
        await world.settle()
        await world.desk.cancel(command.id, "ann")
        shelf.gate.set()
        await eventually(lambda: shelf.offered)
        await world.settle()
        assert wire.heard() == ["KNOWN", "HELLO"]
        assert world.states(command) == ["cancelled"]


async def test_an_answer_for_a_connection_that_is_gone_is_dropped_and_the_command_ends() -> None:
    shelf = Shelf()
    shelf.gate.clear()
    async with running("0001", firmware=cast("FirmwareShelf", shelf)) as world:
        wire = world.connect("0001")
        command = await world.submit("upgrade", parameters={"firmware": "good"}, confirm=True)
        await world.settle()
        wire.drop()
        shelf.gate.set()
        await eventually(lambda: shelf.offered)
        await world.settle()
        assert world.states(command) == ["expired"], "not a byte had left, and it was not to wait"
