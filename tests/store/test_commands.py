"""Commands are stored once, move only as the table of states allows, and keep every step."""

import asyncio

import msgspec
import pytest

from tests.store.samples import ONE, START, TWO, Shelf, append, command, report, whole
from wayside.model.commands import TRANSITIONS, State, Transition, may_follow
from wayside.model.errors import Conflict, KeyReused
from wayside.model.instant import SECOND
from wayside.ports.store import Batch, CommandQuery, EventQuery, Span, Store


def step(state: State, n: int = 1, command_id: str = "c1", **rest: object) -> Transition:
    return msgspec.convert({"command": command_id, "state": state, "at": START + n, **rest}, Transition)


async def test_a_command_comes_back_with_its_first_step(store: Store) -> None:
    record = command(1, parameters={"b": [1, 2.0, None], "a": {"x": True}}, idempotency_key="k")
    created = await store.create_command(record)
    assert created.fresh
    assert created.command.transitions == (Transition("c1", State.ACCEPTED, record.created_at),)
    assert await store.command("c1") == created.command
    assert msgspec.structs.replace(created.command, transitions=()) == record
    assert await store.command("c2") is None


async def test_who_wanted_it_is_audited_with_it_once(store: Store) -> None:
    record = command(1, idempotency_key="k", parameters={"pin": "1234"})
    await store.create_command(record)
    await store.create_command(msgspec.structs.replace(record, id="c2", number=2))
    with pytest.raises(KeyReused):
        await store.create_command(msgspec.structs.replace(record, id="c3", number=3, capability="other"))
    (audit,) = (await store.audit_records(Span())).items
    assert (audit.actor, audit.action, audit.subject) == (record.requested_by, "command.create", "c1")
    assert audit.at == record.created_at
    assert audit.detail == f"{record.device} {record.capability}"  # no parameters: some are secrets


async def test_every_step_is_kept_and_the_last_one_shows(store: Store) -> None:
    await store.create_command(command())
    await store.append(Batch(transitions=[step(State.SENT, 1)]))
    await store.append(
        Batch(
            [report()],
            [
                step(State.TIMED_OUT, 2, detail="no answer in 30 s", values={"a": 1}),
                step(State.SUCCEEDED, 3, late=True),
            ],
        )
    )
    found = await store.command("c1")
    assert found is not None
    assert [one.state for one in found.transitions] == [
        State.ACCEPTED,
        State.SENT,
        State.TIMED_OUT,
        State.SUCCEEDED,
    ]
    assert [one.at for one in found.transitions][1:] == [START + 1, START + 2, START + 3]
    assert found.transitions[2] == step(State.TIMED_OUT, 2, detail="no answer in 30 s", values={"a": 1})
    assert (found.state, found.late, found.detail, found.values) == (State.SUCCEEDED, True, "", {"a": 1})


def way_to(state: State) -> list[State]:
    """Steps that lead from accepted to a state."""
    ways: dict[State, list[State]] = {State.ACCEPTED: []}
    waiting = [State.ACCEPTED]
    for current in waiting:
        for following in TRANSITIONS[current]:
            if following not in ways:
                ways[following] = [*ways[current], following]
                waiting.append(following)
    return ways[state]


@pytest.mark.parametrize("before", State)
async def test_only_legal_steps_are_taken(store: Store, before: State) -> None:
    wanted = [after for after in State if not may_follow(before, after)]
    await store.create_command(command())
    committed = await store.append(Batch(transitions=[step(state) for state in way_to(before)]))
    assert committed.refused == ()
    count = len(way_to(before)) + 1
    committed = await store.append(Batch([report()], [step(after) for after in wanted]))
    assert committed.refused == tuple(range(len(wanted)))
    found = await store.command("c1")
    assert found is not None
    assert (found.state, len(found.transitions)) == (before, count)
    assert len(await whole(store.events, EventQuery())) == 1


async def test_a_refused_step_leaves_its_neighbours_alone(store: Store) -> None:
    await store.create_command(command(1))
    await store.create_command(command(2))
    steps = [
        step(State.SUCCEEDED),
        step(State.SENT, 1, "c2"),
        step(State.SENT, 1, "nobody"),
        step(State.SENT),
    ]
    assert (await store.append(Batch(transitions=steps))).refused == (0, 2)
    states = [record.state for record in await whole(store.commands, CommandQuery())]
    assert states == [State.SENT, State.SENT]


async def test_an_idempotency_key_brings_the_first_command_back(store: Store) -> None:
    first = await store.create_command(command(1, idempotency_key="k"))
    await store.append(Batch(transitions=[step(State.SENT)]))
    again = await store.create_command(command(2, idempotency_key="k"))
    assert not again.fresh
    assert (again.command.id, again.command.state) == ("c1", State.SENT)
    assert len(again.command.transitions) == len(first.command.transitions) + 1
    assert await store.command("c2") is None


@pytest.mark.parametrize(
    "changes",
    [{"device": TWO}, {"capability": "relay.get"}, {"parameters": {"state": "off"}}, {"parameters": {}}],
)
async def test_a_key_with_another_body_is_refused(store: Store, changes: dict[str, object]) -> None:
    await store.create_command(command(1, idempotency_key="k"))
    with pytest.raises(KeyReused):
        await store.create_command(command(2, idempotency_key="k", **changes))
    assert await store.command("c2") is None


async def test_one_and_one_point_nought_and_true_are_different_bodies(store: Store) -> None:
    await store.create_command(command(1, idempotency_key="k", parameters={"n": 1, "m": 2}))
    for other in (1.0, True):
        with pytest.raises(KeyReused):
            await store.create_command(command(2, idempotency_key="k", parameters={"n": other, "m": 2}))
    same = await store.create_command(command(2, idempotency_key="k", parameters={"m": 2, "n": 1}))
    assert not same.fresh


async def test_keys_belong_to_callers_and_no_key_is_no_key(store: Store) -> None:
    await store.create_command(command(1, idempotency_key="k"))
    assert (await store.create_command(command(2, idempotency_key="k", requested_by="bob"))).fresh
    assert (await store.create_command(command(3))).fresh
    assert (await store.create_command(command(4))).fresh


async def test_of_two_at_once_with_one_key_one_is_made(store: Store) -> None:
    created = await asyncio.gather(
        *(store.create_command(command(n, idempotency_key="k")) for n in range(1, 9))
    )
    assert [one.fresh for one in created].count(True) == 1
    assert len({one.command.id for one in created}) == 1


async def test_a_taken_id_is_a_conflict(store: Store) -> None:
    await store.create_command(command(1))
    with pytest.raises(Conflict):
        await store.create_command(command(1))
    assert await append(store, report())


async def test_lists_newest_first_by_every_filter(store: Store) -> None:
    records = [
        command(
            n,
            device=(ONE, TWO)[n % 2],
            capability=("lock", "unlock", "ring")[n % 3],
            created_at=START + (n % 7),
        )
        for n in range(1, 40)
    ]
    for record in records:
        await store.create_command(record)
    sent = [record.id for record in records if record.number % 4 == 0]
    await store.append(Batch(transitions=[step(State.SENT, 1, one) for one in sent]))
    newest_first = sorted(records, key=lambda record: (record.created_at, record.number), reverse=True)
    for device in (None, ONE, "jimi:nobody"):
        for state in (None, State.SENT, State.FAILED):
            for capability in (None, "ring"):
                for since, until in ((None, None), (START + 2, START + 5), (START + 6, None), (None, START)):
                    query = CommandQuery(device, state, capability, Span(since=since, until=until))
                    expected = [
                        record.id
                        for record in newest_first
                        if (device is None or record.device == device)
                        and (state is None or (state is State.SENT and record.id in sent))
                        and (capability is None or record.capability == capability)
                        and (since is None or record.created_at >= since)
                        and (until is None or record.created_at < until)
                    ]
                    found = await whole(store.commands, query, 4)
                    assert [record.id for record in found] == expected
                    assert all(record.transitions == () for record in found)


async def test_unfinished_are_those_that_something_may_happen_to(store: Store) -> None:
    for n, state in enumerate(State):
        await store.create_command(command(n, id=state.value))
        steps = [step(one, 1, state.value) for one in way_to(state)]
        assert (await store.append(Batch(transitions=steps))).refused == ()
    found = await store.unfinished_commands()
    assert [record.id for record in found] == [state.value for state in State if TRANSITIONS[state]]
    assert all(record.transitions for record in found)


async def test_numbers_go_up_and_are_never_given_twice(shelf: Shelf) -> None:
    store = await shelf.open()
    numbers = await asyncio.gather(*(store.next_command_number() for _ in range(5)))
    assert sorted(numbers) == [1, 2, 3, 4, 5]
    await store.create_command(command(77))
    await store.close()
    store = await shelf.open()
    assert await store.next_command_number() == 78


async def test_numbers_stay_within_32_bits(store: Store) -> None:
    await store.create_command(command(2**32 - 1, created_at=START, expires_at=START + SECOND))
    assert await store.next_command_number() == 1
