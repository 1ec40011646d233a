"""What one address may try in a minute: wrong tokens, and devices that nobody registered."""

from http import HTTPStatus

import structlog
from litestar.testing import AsyncTestClient

from tests.api.fakes import World as Api
from tests.api.sockets import Socket
from tests.gateway.world import BY_HAND_S, Wire, World, quick, running
from wayside.api.auth import FAILURES_MAX
from wayside.api.tokens import Scope
from wayside.gateway.registry import Registering
from wayside.protocol.base import Transport

HERE, THERE = "198.51.100.7", "198.51.100.8"
WRONG = {"Authorization": "Bearer nonsense"}

# Two connections, or new devices a minute, of one address; turned away until the test ends.
TWO = quick(connections_per_address=2, refused_hold_s=BY_HAND_S)


def dial(world: World, ident: str, address: str = HERE) -> Wire:
    wire = Wire(world.gateway.connection(world.gateway.route("toy", Transport.TCP), address))
    wire.say(f"LOGIN {ident}\n")
    return wire


def come_and_go(world: World, *idents: str) -> None:
    """New devices, none of which stays: their connections are not what is limited here."""
    for ident in idents:
        dial(world, ident).drop()


async def test_new_devices_of_one_address_are_limited_and_those_of_others_are_not() -> None:
    async with running(limits=TWO, registration=Registering.OPEN) as world:
        come_and_go(world, "0001", "0002")
        turned_away, other = dial(world, "0003"), dial(world, "0004", THERE)
        await world.settle()
        assert (turned_away.written, turned_away.reading) == (b"", False)
        turned_away.drop()
        assert world.gateway.stats.connections_closed.counts["no room for new devices"] == 1
        assert other.heard()
        assert sorted(world.store.records) == ["toy:0001", "toy:0002", "toy:0004"]
        assert {audit.subject for audit in world.store.audits} == set(world.store.records)


async def test_whoever_was_turned_away_comes_in_later() -> None:
    async with running(limits=TWO, registration=Registering.OPEN) as world:
        come_and_go(world, "0001", "0002")
        dial(world, "0003")
        world.clock.pass_s(60)
        assert dial(world, "0003").reading
        await world.settle()
        assert "toy:0003" in world.store.records


async def test_a_known_device_is_never_held_up() -> None:
    async with running("0009", limits=TWO, registration=Registering.OPEN) as world:
        come_and_go(world, "0001", "0002")
        for ident in ("0009", "0001", "0002"):
            again = dial(world, ident)
            await world.settle()
            assert again.heard()
            again.drop()


async def test_open_registration_ends_somewhere_and_people_still_register() -> None:
    limits = quick(registered_devices=2, refused_hold_s=BY_HAND_S)
    async with running("0009", limits=limits, registration=Registering.OPEN) as world:
        first, second = dial(world, "0001"), dial(world, "0002")
        await world.settle()
        assert (first.reading, second.reading) == (True, False)
        await world.devices.create("toy:0002", "", "ann")
        assert dial(world, "0002").reading


async def test_whoever_is_turned_away_does_not_fill_the_log() -> None:
    with structlog.testing.capture_logs() as lines:
        async with running(limits=TWO, registration=Registering.OPEN) as world:
            come_and_go(world, "0001", "0002")
            turned_away = [dial(world, ident) for ident in ("0003", "0004")]
    assert not any(wire.reading for wire in turned_away)
    said = [line for line in lines if line["event"] == "new devices are turned away"]
    assert [(line["address"], line["reason"]) for line in said] == [
        (HERE, "too many new devices from this address")
    ]


async def test_connections_of_a_whole_ipv6_network_count_together() -> None:
    async with running(limits=TWO) as world:
        hub = world.gateway.hub
        assert [hub.enter(f"2001:db8::{number}") for number in range(3)][:2] == [None, None]
        assert hub.enter("2001:db8::9") == "too many connections from one address"
        assert hub.enter("2001:db8:0:1::9") is None
        hub.leave("2001:db8::1")
        assert hub.enter("2001:db8::9") is None


async def test_wrong_tokens_are_slowed_down_and_right_ones_are_not(world: Api) -> None:
    async with AsyncTestClient(world.app()) as client:
        codes = [
            (await client.get("/api/v1/devices", headers=WRONG)).status_code for _ in range(FAILURES_MAX + 1)
        ]
        assert codes == [HTTPStatus.UNAUTHORIZED] * FAILURES_MAX + [HTTPStatus.TOO_MANY_REQUESTS]
        answer = await client.get("/api/v1/devices", headers=WRONG)
        assert 0 < int(answer.headers["retry-after"]) <= 60
        assert (await client.get("/api/v1/devices", headers=world.headers(Scope.READ))).status_code == 200
        world.clock.advance(61)
        assert (await client.get("/api/v1/devices", headers=WRONG)).status_code == 401


async def test_wrong_tokens_at_all_doors_count_together(world: Api) -> None:
    """Otherwise a guesser would go from one door to the next."""
    app = world.app()
    for number in range(FAILURES_MAX + 1):
        path = "/api/v1/relay" if number % 2 else "/api/v1/live"
        async with Socket(app, path, headers=WRONG) as socket:
            code = (await socket.said())["code"]
        assert code == (4429 if number == FAILURES_MAX else 4401)


async def test_a_proxy_that_names_another_caller_is_not_believed(world: Api) -> None:
    """Whoever may say where it comes from would come from elsewhere each time."""
    async with AsyncTestClient(world.app()) as client:
        for number in range(FAILURES_MAX + 1):
            headers = WRONG | {
                "X-Forwarded-For": f"192.0.2.{number}",
                "Forwarded": f"for=192.0.2.{number}",
                "X-Real-IP": f"192.0.2.{number}",
            }
            answer = await client.get("/api/v1/devices", headers=headers)
        assert answer.status_code == HTTPStatus.TOO_MANY_REQUESTS
