"""Every error has one shape, and says which field is to blame."""

import pytest
from httpx import Response

from tests.api.fakes import Client, World
from wayside.api.services import BODY_BYTES_MAX


def shape(answer: Response) -> tuple[int, str, str | None]:
    """Status, type and field of a problem, whose form is checked on the way."""
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert set(body) == {"type", "title", "status", "detail", "field"}
    assert body["status"] == answer.status_code
    assert body["title"]
    assert body["detail"]
    return answer.status_code, body["type"].removeprefix("urn:wayside:problem:"), body["field"]


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/nowhere", (404, "not-found", None)),
        ("GET", "/api/v1/nowhere", (404, "not-found", None)),
        ("PUT", "/api/v1/devices", (405, "method-not-allowed", None)),
        ("GET", "/api/v1/devices/demo:1", (404, "not-found", "device")),
        ("GET", "/api/v1/devices/nonsense", (400, "bad-request", "device")),
        ("GET", "/api/v1/events?limit=0", (400, "bad-request", "limit")),
        ("GET", "/api/v1/events?limit=1001", (400, "bad-request", "limit")),
        ("GET", "/api/v1/events?limit=many", (400, "bad-request", "limit")),
        ("GET", "/api/v1/events?since=yesterday", (400, "bad-request", "since")),
        ("GET", "/api/v1/events?until=2026-03-01T12:00:00", (400, "bad-request", "until")),
        ("GET", "/api/v1/events?kind=party", (400, "bad-request", "kind")),
        ("GET", "/api/v1/events?devise=demo:1", (400, "bad-request", "devise")),
        ("GET", "/api/v1/events?cursor=rubbish", (422, "unprocessable-entity", "cursor")),
        ("GET", "/api/v1/events/0", (400, "bad-request", "event")),
        ("GET", "/api/v1/events/99999999999999999999", (400, "bad-request", "event")),
        ("GET", "/api/v1/events/5", (404, "not-found", "event")),
        ("GET", "/api/v1/commands?state=lost", (400, "bad-request", "state")),
        ("GET", "/api/v1/vocabulary?page=2", (400, "bad-request", "page")),
    ],
)
async def test_parameters(
    client: Client, method: str, path: str, expected: tuple[int, str, str | None]
) -> None:
    assert shape(await client.request(method, path)) == expected


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", "body"),
        (b"{", "body"),
        (b"\xff", "body"),
        (b"[]", "body"),
        (b"null", "body"),
        (b'{"capability": 1}', "capability"),
        (b"{}", "capability"),
        (b'{"capability": "beep", "confirm": "true"}', "confirm"),
        (b'{"capability": "beep", "expires_after_s": -1}', "expires_after_s"),
        (b'{"capability": "beep", "extra": 1}', "extra"),
        (b"[" * 100_000, "body"),
    ],
)
async def test_bodies(world: World, client: Client, body: bytes, field: str) -> None:
    answer = await client.post(f"/api/v1/devices/{world.device()}/commands", content=body)
    assert shape(answer) == (400, "bad-request", field)


async def test_a_wrong_method_names_the_right_ones(client: Client) -> None:
    answer = await client.put("/api/v1/devices")
    assert set(answer.headers["allow"].split(", ")) == {"GET", "POST", "OPTIONS"}


@pytest.mark.parametrize(("size", "status"), [(BODY_BYTES_MAX, 400), (BODY_BYTES_MAX + 1, 413)])
async def test_a_body_is_limited(world: World, client: Client, size: int, status: int) -> None:
    answer = await client.post(f"/api/v1/devices/{world.device()}/commands", content=b" " * size)
    assert shape(answer)[0] == status


async def test_a_store_that_cannot_commit_is_503_and_tells_nothing_of_itself(
    world: World, client: Client
) -> None:
    world.store.broken = True
    answer = await client.get("/api/v1/devices/demo:1")
    assert shape(answer) == (503, "service-unavailable", None)
    assert answer.headers["retry-after"] == "5"
    assert "secret-path" not in answer.text


async def test_a_mistake_of_ours_is_500_and_tells_nothing_of_itself(
    world: World, client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    def presence(device: str) -> None:
        raise RuntimeError(f"inside {device}")

    world.devices.presence = presence  # type: ignore[method-assign,assignment]  # a mistake, on purpose
    device = world.device("77")
    answer = await client.get(f"/api/v1/devices/{device}")
    assert shape(answer) == (500, "internal-server-error", None)
    assert "inside" not in answer.text
    log = "".join(capsys.readouterr())
    assert "inside demo:77" in log
    assert "wst_" not in log
