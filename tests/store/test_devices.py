"""Devices, and how one is forgotten."""

import msgspec

from tests.store.samples import (
    ONE,
    START,
    THREE,
    TWO,
    Shelf,
    alarm,
    append,
    command,
    heartbeat,
    report,
    whole,
)
from wayside.model.commands import State, Transition
from wayside.ports.store import (
    AlarmQuery,
    Batch,
    CommandQuery,
    DeviceQuery,
    DeviceRecord,
    DeviceStatus,
    EventQuery,
    FrameQuery,
    Span,
    Store,
)

RECORD = DeviceRecord(ONE, "jimi", DeviceStatus.ACCEPTED, START, "Van 7")


async def test_a_device_is_stored_and_replaced(shelf: Shelf) -> None:
    store = await shelf.open()
    assert await store.device(ONE) is None
    await store.put_device(RECORD)
    assert await store.device(ONE) == RECORD
    rejected = msgspec.structs.replace(RECORD, status=DeviceStatus.REJECTED, name="")
    await store.put_device(rejected)
    await store.close()
    store = await shelf.open()
    assert await store.device(ONE) == rejected
    assert await store.all_devices() == [rejected]


async def test_its_options_stay_with_it(shelf: Shelf) -> None:
    store = await shelf.open()
    opened = msgspec.structs.replace(RECORD, options={"device_key": 'K7"\\é', "timezone_minutes": "60"})
    await store.put_device(opened)
    await store.put_device(DeviceRecord(TWO, "jimi", DeviceStatus.ACCEPTED, START))
    await store.close()
    store = await shelf.open()
    assert await store.device(ONE) == opened
    other = await store.device(TWO)
    assert other is not None
    assert other.options == {}
    await store.delete_device(ONE)
    await store.put_device(RECORD)
    assert await store.device(ONE) == RECORD


async def test_by_every_filter_in_order(store: Store) -> None:
    records = [
        DeviceRecord(
            f"{('jimi', 'jk-bms')[n % 2]}:{n:04}X",
            ("jimi", "jk-bms")[n % 2],
            (DeviceStatus.ACCEPTED, DeviceStatus.REJECTED)[n % 3 == 0],
            START + n,
            f"Bay {n} Straße",
        )
        for n in range(30)
    ]
    for record in reversed(records):
        await store.put_device(record)
    in_order = sorted(records, key=lambda record: record.device)
    assert await store.all_devices() == in_order
    for query, wanted in (
        (DeviceQuery(), lambda record: True),
        (DeviceQuery(protocol="jimi"), lambda record: record.protocol == "jimi"),
        (DeviceQuery(status=DeviceStatus.REJECTED), lambda record: record.status is DeviceStatus.REJECTED),
        (DeviceQuery(search="bay 2"), lambda record: "Bay 2" in record.name),
        (DeviceQuery(search="STRASSE"), lambda record: True),
        (DeviceQuery(search="001x"), lambda record: "001X" in record.device),
        (DeviceQuery(search="%"), lambda record: False),
        (
            DeviceQuery(span=Span(since=START + 4, until=START + 8)),
            lambda r: START + 4 <= r.created_at < START + 8,
        ),
    ):
        assert await whole(store.devices, query, 4) == [record for record in in_order if wanted(record)]


async def test_a_forgotten_device_leaves_nothing(shelf: Shelf) -> None:
    store = await shelf.open()
    await store.put_device(RECORD)
    (alarm_id, *_) = await append(store, alarm(), heartbeat(), report(), report(TWO), alarm(TWO))
    await shelf.settle(store)
    (tail_id, _) = await append(store, report(), report(TWO))
    await store.create_command(command(1, idempotency_key="k"))
    await store.create_command(command(2, device=TWO))
    assert await store.delete_device(ONE)

    async def nothing_left(store: Store) -> None:
        assert await store.device(ONE) is None
        assert store.state(ONE) == {}
        assert await store.event(alarm_id) is None
        assert await store.event(tail_id) is None
        assert await store.command("c1") is None
        assert [record.id for record in await store.unfinished_commands()] == ["c2"]
        assert await store.acknowledge_alarm(alarm_id, "alice", START, "") is None
        for one in (ONE, None):
            events = await whole(store.events, EventQuery(device=one), 2)
            frames = await whole(store.frames, FrameQuery(device=one), 2)
            alarms = await whole(store.alarms, AlarmQuery(device=one), 2)
            commands = await whole(store.commands, CommandQuery(device=one), 2)
            others = 0 if one else 1
            assert [len(events), len(frames), len(alarms), len(commands)] == [
                n * others for n in (3, 3, 1, 1)
            ]

    await nothing_left(store)
    await shelf.settle(store)
    await nothing_left(store)
    await store.close()
    store = await shelf.open()
    await nothing_left(store)
    assert store.state(TWO)
    assert not await store.delete_device(ONE)


async def test_a_device_that_comes_back_starts_anew(shelf: Shelf) -> None:
    store = await shelf.open()
    await store.put_device(RECORD)
    await append(store, report(values={"old": 1}), report(THREE))
    await store.delete_device(ONE)
    await store.put_device(RECORD)
    await append(store, report(values={"new": 1}))
    await shelf.settle(store)
    assert list(store.state(ONE)) == ["new"]
    assert [list(event.values) for event in await whole(store.events, EventQuery(device=ONE))] == [["new"]]
    await store.close()
    store = await shelf.open()
    assert list(store.state(ONE)) == ["new"]
    assert [list(event.values) for event in await whole(store.events, EventQuery(device=ONE))] == [["new"]]


async def test_batches_around_a_deletion_fall_on_their_own_side(store: Store) -> None:
    await store.put_device(RECORD)
    before = store.append(Batch([report(values={"before": 1})]))
    deleted = store.delete_device(ONE)
    await before
    assert await deleted
    await append(store, report(values={"after": 1}))
    assert list(store.state(ONE)) == ["after"]
    assert [list(event.values) for event in await whole(store.events, EventQuery(device=ONE))] == [["after"]]


async def test_a_step_of_a_forgotten_devices_command_is_refused_alone(store: Store) -> None:
    await store.put_device(RECORD)
    await store.create_command(command(1))
    await store.create_command(command(2, device=TWO))
    await store.delete_device(ONE)
    steps = [Transition("c1", State.SENT, START), Transition("c2", State.SENT, START)]
    assert (await store.append(Batch(transitions=steps))).refused == (0,)
