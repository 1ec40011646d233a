"""The last values: the same in memory, after reopening, and by the rule written down plainly here."""

import asyncio
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.store.samples import ONE, START, TWO, Shelf, append, heartbeat, report
from wayside.engines.embedded import EmbeddedStore
from wayside.engines.fold import CLOCK_AHEAD_MAX
from wayside.model.events import Kind, Latest, Values
from wayside.model.instant import DAY, HOUR, MINUTE, SECOND
from wayside.ports.store import Batch, Entry, Store


async def test_the_latest_of_every_name(store: Store) -> None:
    assert store.state(ONE) == {}
    await append(store, report(values={"a": 1, "b": 1}), report(TWO, values={"a": 9}), heartbeat())
    await append(store, report(values={"b": 2, "c": [""]}, received_at=START + 1))
    assert store.state(ONE) == {
        "a": Latest(1, START),
        "b": Latest(2, START + 1),
        "c": Latest([""], START + 1),
    }
    assert store.state(TWO) == {"a": Latest(9, START)}


async def test_the_state_is_known_when_the_append_is(store: Store) -> None:
    waiting = [asyncio.ensure_future(store.append(Batch([report(values={"n": n})]))) for n in range(20)]
    for n, one in enumerate(waiting):
        await one
        value = store.state(ONE)["n"].value
        assert isinstance(value, int)
        assert value >= n


@pytest.mark.parametrize(
    ("at", "counts_from"),
    [
        (None, START),
        (START - DAY, START - DAY),
        (START + CLOCK_AHEAD_MAX, START + CLOCK_AHEAD_MAX),
        (START + CLOCK_AHEAD_MAX + 1, START),
    ],
)
async def test_whose_clock_counts(store: Store, at: int | None, counts_from: int) -> None:
    await append(store, report(values={"a": 1}, at=at))
    assert store.state(ONE) == {"a": Latest(1, counts_from)}


async def test_what_was_buffered_replaces_nothing_newer(store: Store) -> None:
    await append(store, report(values={"a": "new"}, at=START - MINUTE))
    await append(store, report(values={"a": "old", "b": "old"}, at=START - HOUR, received_at=START + SECOND))
    assert store.state(ONE) == {"a": Latest("new", START - MINUTE), "b": Latest("old", START - HOUR)}


async def test_our_own_clock_may_have_been_ahead(store: Store) -> None:
    await append(store, report(values={"a": "future", "b": "future"}, received_at=START + 70 * DAY))
    await append(store, report(values={"a": "now"}, received_at=START))
    assert store.state(ONE) == {"a": Latest("now", START), "b": Latest("future", START + 70 * DAY)}
    await append(store, report(values={"a": "later"}, received_at=START + SECOND))
    assert store.state(ONE)["a"] == Latest("later", START + SECOND)


async def test_presence_folds_too(store: Store) -> None:
    await append(
        store, report(values={"connection.status": "online"}, kind=Kind.PRESENCE, message="presence")
    )
    assert store.state(ONE)["connection.status"].value == "online"


async def test_the_state_survives_reopening_again_and_again(shelf: Shelf) -> None:
    for n in range(5):
        store = await shelf.open()
        await append(store, report(values={f"n{n}": n, "last": n}, received_at=START + n), report(TWO))
        state, other = store.state(ONE), store.state(TWO)
        await store.close()
        store = await shelf.open()
        assert (store.state(ONE), store.state(TWO)) == (state, other)
        assert len(state) == n + 2
        await store.close()


def plain_fold(entries: list[Entry]) -> dict[str, dict[str, Latest]]:
    """The rule, one value at a time."""
    states: dict[str, dict[str, Latest]] = {}
    for entry in entries:
        if entry.event is None:
            continue
        state = states.setdefault(entry.device, {})
        limit = entry.received_at + CLOCK_AHEAD_MAX
        at = entry.event.at
        time = entry.received_at if at is None or at > limit else at
        for name, value in entry.event.values.items():
            held = state.get(name)
            if held is None or held.at <= time or held.at > limit:
                state[name] = Latest(value, time)
    return states


clock = st.one_of(
    st.integers(-40, 40).map(lambda m: START + m * MINUTE), st.sampled_from([0, START + 9000 * DAY])
)
values: st.SearchStrategy[Values] = st.dictionaries(st.sampled_from("abcd"), st.integers(0, 99), max_size=3)
entries = st.builds(
    report, st.sampled_from([ONE, TWO]), clock, values, at=st.one_of(st.none(), clock)
) | st.builds(heartbeat)
steps = st.lists(
    st.one_of(st.lists(entries, max_size=6), st.sampled_from(["checkpoint", "close", "crash"])), max_size=12
)


@given(steps)
def test_memory_checkpoint_and_replay_agree(plan: list[list[Entry] | str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_carry_out(plan, Path(folder)))


async def _carry_out(plan: list[list[Entry] | str], folder: Path) -> None:
    written: list[Entry] = []
    store = EmbeddedStore(folder)
    await store.open()
    for step in plan:
        assert store._parts is not None
        if isinstance(step, list):
            await append(store, *step)
            written += step
        elif step == "checkpoint":
            await store._parts.checkpoints.write()
        else:
            if step == "crash":
                # Nothing is written down at the end; what a killed process leaves is tested in tests/engines.
                store._parts.files.states.take_changed()
                store._parts = store._parts._replace(checkpoints=_Forgetful())  # type: ignore[arg-type]  # a fake
            await store.close()
            store = EmbeddedStore(folder)
            await store.open()
        folded = plain_fold(written)
        assert {device: store.state(device) for device in folded} == folded
    await store.close()


class _Forgetful:
    """Checkpoints of a process that is gone before it writes one."""

    async def stop(self) -> None: ...

    async def write(self) -> None: ...
