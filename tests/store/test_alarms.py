"""Alarms are stored with their events, found by every filter, and acknowledged once."""

import pytest

from tests.store.samples import ONE, START, TWO, Shelf, alarm, append, report, whole
from wayside.model.events import Kind
from wayside.ports.store import AlarmQuery, Entry, Span, Store


async def test_an_alarm_is_there_with_its_event(store: Store) -> None:
    (event_id,) = await append(store, alarm())
    (found,) = await whole(store.alarms, AlarmQuery())
    assert found.event == await store.event(event_id)
    assert (found.acknowledged_at, found.acknowledged_by, found.note) == (None, None, "")


async def test_the_first_acknowledgement_stays(store: Store) -> None:
    alarm_id, report_id = await append(store, alarm(), report())
    first = await store.acknowledge_alarm(alarm_id, "alice", START + 5, "on my way")
    assert first is not None
    assert (first.acknowledged_at, first.acknowledged_by, first.note) == (START + 5, "alice", "on my way")
    assert await store.acknowledge_alarm(alarm_id, "bob", START + 9, "me too") == first
    assert await whole(store.alarms, AlarmQuery()) == [first]
    for nothing in (report_id, 99_999, -1, 2**70):
        assert await store.acknowledge_alarm(nothing, "bob", START, "") is None


@pytest.mark.parametrize("settled", [False, True])
async def test_by_every_filter(shelf: Shelf, *, settled: bool) -> None:
    store = await shelf.open()
    entries: dict[int, Entry] = {}
    for n in range(30):
        entry = alarm((ONE, TWO)[n % 2], START + (n * 7) % 30, ("sos", "vibration", "fall")[n % 3])
        pair = (entry, report(ONE, START + n))
        entries |= dict(zip(await append(store, *pair), pair, strict=True))
    if settled:
        await shelf.settle(store)
    alarms = {i: entry for i, entry in entries.items() if entry.event and entry.event.kind is Kind.ALARM}
    seen = [i for i in alarms if i % 4 == 1]
    for i in seen:
        await store.acknowledge_alarm(i, "alice", START, "")
    for device in (None, ONE, "jimi:nobody"):
        for acknowledged in (None, True, False):
            for name in (None, "sos", "nothing"):
                for since, until in ((None, None), (START + 5, START + 20)):
                    query = AlarmQuery(device, acknowledged, name, Span(since=since, until=until))
                    expected = [
                        i
                        for i, entry in sorted(alarms.items(), reverse=True)
                        if (device is None or entry.device == device)
                        and (acknowledged is None or (i in seen) is acknowledged)
                        and (name is None or (entry.event and entry.event.values["alarm.kind"] == name))
                        and (since is None or entry.received_at >= since)
                        and (until is None or entry.received_at < until)
                    ]
                    found = await whole(store.alarms, query, 3)
                    assert [one.event.id for one in found] == expected, query


async def test_an_alarm_without_a_name(store: Store) -> None:
    await append(store, report(values={"alarm.code": 99}, kind=Kind.ALARM))
    assert len(await whole(store.alarms, AlarmQuery())) == 1
    assert await whole(store.alarms, AlarmQuery(alarm="sos")) == []
