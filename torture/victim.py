"""The server under torture: ``wayside`` itself, in a process that can be told to break or to misbehave.

``victim.main`` takes the path of the orders' file and plants before the arguments of ``wayside``.  A plant is
``NAME`` or ``NAME=N``, from ``PLANTS``: a point where the process dies the N-th time it comes by, or a broken promise
that the checks must notice.  While it runs, SIGUSR1 has it carry out the orders in the file, and write the census
beside it.
"""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import msgspec

from torture.disk import Countdown, VictimDisk, die
from torture.orders import Census, Orders, census_path, write_whole
from wayside.app import clock
from wayside.cli import main as cli
from wayside.gateway.commands import Desk
from wayside.gateway.connection import Connection
from wayside.gateway.pipeline import Chunk, Guarded, Pipeline, Recipient
from wayside.ports.store import Entry


def plant(owner: type, name: str, around: Callable[..., Any]) -> None:
    """Have ``around(original, *arguments)`` called instead of the method."""
    original = getattr(owner, name)

    def planted(*arguments: Any) -> Any:  # noqa: ANN401 - passed on as they come
        return around(original, *arguments)

    setattr(owner, name, planted)


# Where it dies.


def kill_before_write(disk: VictimDisk, times: int) -> None:
    """In the midst of a transaction."""
    disk.before_write.left = times


def kill_after_commit(disk: VictimDisk, times: int) -> None:
    """The transaction is durable, and nobody has heard of it."""
    disk.after_sync.left = times


def kill_before_send(disk: VictimDisk, times: int) -> None:
    """The gateway knows that the transaction is durable; the acknowledgement has not left."""
    countdown = Countdown(times)

    def dying(write: Callable[..., bool], line: Connection, data: bytes) -> bool:
        if countdown.count():
            die()
        return write(line, data)

    plant(Connection, "write", dying)


def kill_after_send(disk: VictimDisk, times: int) -> None:
    """The bytes have left, and whatever follows from them is not yet committed."""
    countdown = Countdown(times)

    def dying(write: Callable[..., bool], line: Connection, data: bytes) -> bool:
        sent = write(line, data)
        if countdown.count():
            # The loop writes at the end of this turn.
            asyncio.get_running_loop().call_soon(die)
        return sent

    plant(Connection, "write", dying)


# Promises that it breaks.


def acknowledge_early(disk: VictimDisk, _: int) -> None:
    """Everything is answered at once, stored or not."""

    def send(_: Callable[..., None], pipeline: Pipeline, line: Recipient, number: int, chunk: Chunk) -> None:
        line.write(chunk.data if isinstance(chunk, Guarded) else chunk)

    def exchange(
        _: Callable[..., int], pipeline: Pipeline, line: Recipient, entry: Entry, answer: bytes
    ) -> int:
        line.write(answer)
        pipeline.add(entry)
        return pipeline.gathering

    plant(Pipeline, "send_when_durable", send)
    plant(Pipeline, "exchange", exchange)


def send_twice(disk: VictimDisk, _: int) -> None:
    """Whatever of a command leaves for a device leaves twice."""

    def doubled(depart: Callable[..., Any], *arguments: object) -> tuple[Guarded, bool] | None:
        found = depart(*arguments)
        if found is None:
            return None
        guarded, first = found
        return Guarded(guarded.data * 2, guarded.may_leave, guarded.dropped), first

    plant(Desk, "depart", doubled)


def leak_tasks(disk: VictimDisk, _: int) -> None:
    """A task for every step of a command that nobody ends."""
    kept: list[asyncio.Task[bool]] = []

    def leaking(settle: Callable[..., bool], *arguments: object) -> bool:
        kept.append(asyncio.get_running_loop().create_task(asyncio.Event().wait()))
        return settle(*arguments)

    plant(Desk, "settle", leaking)


PLANTS: Final[dict[str, Callable[[VictimDisk, int], None]]] = {
    "kill-before-write": kill_before_write,
    "kill-after-commit": kill_after_commit,
    "kill-before-send": kill_before_send,
    "kill-after-send": kill_after_send,
    "acknowledge-early": acknowledge_early,
    "send-twice": send_twice,
    "leak-tasks": leak_tasks,
}


class Body:
    """What of the process obeys orders."""

    def __init__(self, orders: Path, disk: VictimDisk) -> None:
        self._orders = orders
        self._disk = disk
        self._clock_ns = 0
        vars(clock)["time"] = SimpleNamespace(time_ns=lambda: time.time_ns() + self._clock_ns)
        signal.signal(signal.SIGUSR1, self._obey)

    def _obey(self, *_: object) -> None:
        """In the main thread, which is the event loop's."""
        orders = msgspec.json.decode(self._orders.read_bytes(), type=Orders)
        self._disk.state = orders.disk
        self._clock_ns = int(orders.clock_s * 1e9)
        if orders.stall_s:
            time.sleep(orders.stall_s)
        gc.collect()
        census = Census(orders.number, len(asyncio.all_tasks()), sys.getallocatedblocks())
        write_whole(census_path(self._orders), msgspec.json.encode(census))


def main() -> None:
    """See above."""
    at = sys.argv.index("serve")
    orders, *plants = sys.argv[1:at]
    disk = VictimDisk()
    _body = Body(Path(orders), disk)
    for plant in plants:
        name, _, times = plant.partition("=")
        PLANTS[name](disk, int(times or 0))
    sys.argv[1:at] = []
    cli.main()
