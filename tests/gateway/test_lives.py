"""Whatever happens in whatever order: every command is in a legal state, and an actuation is sent at most once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine
from typing import Any, TypeVar

import uvloop
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.gateway.world import Wire, World, eventually, quick
from wayside.model.commands import TRANSITIONS, WAITING, State
from wayside.model.errors import Conflict, StoreUnavailable
from wayside.ports.store import DeviceStatus

T = TypeVar("T")

CAPABILITIES = st.sampled_from(["read", "set", "move", "reset", "tell"])
TURNS = 10


class Lives(RuleBasedStateMachine):
    """A device that comes, goes and answers at will, a store that fails at will, and a server that restarts."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = uvloop.new_event_loop()
        self.world = self.run(self.boot(None))
        self.wire: Wire | None = None
        self.heard: Counter[int] = Counter()
        self.numbers: list[int] = []

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    async def boot(self, before: World | None) -> World:
        world = World(limits=quick(), store=before.store if before else None)
        if before is None:
            world.know("0001", status=DeviceStatus.ACCEPTED)
        else:
            world.clock = before.clock
        await world.gateway.start([])
        return world

    async def turns(self) -> None:
        for _ in range(TURNS):
            await asyncio.sleep(0)

    def listen(self) -> None:
        """What the device has heard so far."""
        if self.wire is not None:
            for line in self.wire.heard():
                if line.startswith("DO"):
                    self.heard[int(line.split()[1])] += 1
            self.wire.written = b""

    @rule(capability=CAPABILITIES, queue=st.sampled_from([None, True]))
    def submit(self, capability: str, queue: bool | None) -> None:  # noqa: FBT001 - Hypothesis passes by name
        parameters: dict[str, object] = {"minutes": 1} if capability in {"set", "move"} else {}

        async def ask() -> None:
            try:
                command = await self.world.submit(
                    capability, parameters=parameters, queue=queue, confirm=True
                )
            except (Conflict, StoreUnavailable):
                return
            self.numbers.append(command.number)
            await self.turns()

        self.run(ask())

    @rule()
    def connect(self) -> None:
        self.listen()

        async def come() -> Wire:
            wire = self.world.connect("0001")
            await self.turns()
            return wire

        self.wire = self.run(come())

    @precondition(lambda self: self.wire is not None)
    @rule()
    def drop(self) -> None:
        self.listen()
        assert self.wire is not None
        wire = self.wire

        async def go() -> None:
            wire.drop()

        self.run(go())
        self.wire = None

    @precondition(lambda self: self.wire is not None and self.numbers)
    @rule(data=st.data(), result=st.sampled_from(["ACKED", "OK", "FAIL"]))
    def answer(self, data: st.DataObject, result: str) -> None:
        number = data.draw(st.sampled_from(self.numbers))
        wire = self.wire

        async def say() -> None:
            assert wire is not None
            wire.say(f"ANSWER {number} {result}\n")

        self.run(say())

    @precondition(lambda self: self.numbers)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(self.numbers))
        (record,) = [r for r in self.world.store.command_records.values() if r.number == number]

        async def ask() -> None:
            try:
                await asyncio.wait_for(self.world.desk.cancel(record.id, "ann"), 0.05)
            except (Conflict, StoreUnavailable, TimeoutError):
                return

        self.run(ask())

    @rule(duration_s=st.sampled_from([1.0, 25.0, 40.0, 700.0]))
    def let_time_pass(self, duration_s: float) -> None:
        wire = self.wire

        async def later() -> None:
            self.world.clock.pass_s(duration_s)
            if wire is not None:
                wire.connection._ring()
            self.world.sweep()
            await self.turns()

        self.run(later())

    @rule(failing=st.booleans())
    def store(self, failing: bool) -> None:  # noqa: FBT001 - Hypothesis passes by name
        self.world.store.failing = failing

    @rule()
    def commit(self) -> None:
        """Everything that can be committed is."""
        self.world.store.failing = False
        self.run(eventually(lambda: self.world.gateway.pipeline.uncommitted == 0))
        self.run(self.turns())

    @rule()
    def crash(self) -> None:
        """The process dies with all that is not durable, and comes back."""
        self.listen()
        self.wire = None
        self.world.store.failing = False
        self.run(self.kill(self.world))
        self.world = self.run(self.boot(self.world))

    async def kill(self, world: World) -> None:
        await world.gateway.pipeline.stop()
        assert world.gateway._sweeper is not None
        world.gateway._sweeper.cancel()

    @invariant()
    def every_life_is_legal(self) -> None:
        for record in self.world.store.command_records.values():
            before = State.ACCEPTED
            for step in record.transitions:
                assert step.state in TRANSITIONS[before], f"{record.id}: {before} → {step.state}"
                before = step.state
            assert record.state is before

    @invariant()
    def nothing_is_sent_twice_or_unrecorded(self) -> None:
        self.listen()
        for record in self.world.store.command_records.values():
            heard = self.heard[record.number]
            assert heard <= 1
            if heard:
                assert State.SENT in {step.state for step in record.transitions}

    @invariant()
    def what_waits_or_failed_unsent_was_never_heard(self) -> None:
        for record in self.world.store.command_records.values():
            unsent = record.state in WAITING | {State.EXPIRED, State.CANCELLED, State.REJECTED}
            if unsent or "not sent" in record.detail:
                assert not self.heard[record.number]

    def teardown(self) -> None:
        self.world.store.failing = False
        self.run(self.world.gateway.drain(0.2))
        self.loop.close()


Lives.TestCase.settings = settings(max_examples=40, stateful_step_count=30)
TestLives = Lives.TestCase
