"""The bus in one process: bounded, and never waiting for anybody."""

import asyncio

import pytest

from wayside.engines.embedded import InProcessBus
from wayside.model.commands import State, Transition
from wayside.ports.bus import CommandChanged, Notice, SlowReader


def notice(n: int) -> CommandChanged:
    return CommandChanged(f"jimi:{n}", Transition(f"c{n}", State.SENT, n))


def every(_: Notice) -> bool:
    return True


async def test_notices_arrive_in_order_at_those_who_want_them() -> None:
    bus = InProcessBus()
    bus.publish(notice(0))
    everything = bus.subscribe(every, room=10)
    some = bus.subscribe(lambda one: isinstance(one, CommandChanged) and one.device == "jimi:2", room=10)
    for n in (1, 2, 3):
        bus.publish(notice(n))
    assert [await everything.get() for _ in range(3)] == [notice(1), notice(2), notice(3)]
    assert await some.get() == notice(2)


async def test_a_waiting_reader_is_woken() -> None:
    bus = InProcessBus()
    subscription = bus.subscribe(every, room=1)
    reading = asyncio.ensure_future(subscription.get())
    await asyncio.sleep(0)
    bus.publish(notice(1))
    assert await reading == notice(1)


async def test_a_reader_that_gave_up_misses_nothing() -> None:
    bus = InProcessBus()
    subscription = bus.subscribe(every, room=2)
    reading = asyncio.ensure_future(subscription.get())
    await asyncio.sleep(0)
    reading.cancel()
    bus.publish(notice(1))
    assert await subscription.get() == notice(1)


async def test_the_room_is_just_enough_and_one_more_is_too_many() -> None:
    bus = InProcessBus()
    enough, too_small = bus.subscribe(every, room=3), bus.subscribe(every, room=2)
    for n in range(3):
        bus.publish(notice(n))
    assert [await enough.get() for _ in range(3)] == [notice(n) for n in range(3)]
    with pytest.raises(SlowReader):
        await too_small.get()
    bus.publish(notice(4))
    with pytest.raises(SlowReader):
        await too_small.get()
    assert await enough.get() == notice(4)


async def test_a_closed_subscription_gets_nothing_and_ends_a_waiting_reader() -> None:
    bus = InProcessBus()
    subscription = bus.subscribe(every, room=2)
    reading = asyncio.ensure_future(subscription.get())
    await asyncio.sleep(0)
    subscription.close()
    subscription.close()
    with pytest.raises(RuntimeError):
        await reading
    bus.publish(notice(1))
    with pytest.raises(RuntimeError):
        await subscription.get()


async def test_a_filter_may_close_a_subscription_while_a_notice_goes_round() -> None:
    bus = InProcessBus()

    def close_the_other(_: Notice) -> bool:
        other.close()
        return True

    first = bus.subscribe(close_the_other, room=2)
    other = bus.subscribe(every, room=2)
    last = bus.subscribe(every, room=2)
    bus.publish(notice(1))
    assert await first.get() == await last.get() == notice(1)
