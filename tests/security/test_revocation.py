"""A token that was taken back opens nothing any more, and what it had opened is closed, with the reason."""

from websockets.sync.client import connect

from tests.cli.serving import PATIENCE_S
from tests.proof import cameras
from tests.security.victim import Victim, ended


def test_a_live_feed_ends_when_its_token_is_revoked(victim: Victim) -> None:
    made = victim.http.post("/api/v1/tokens", json={"name": "viewer", "scope": "read"}).json()
    url = f"ws://{victim.server.address('http')}/api/v1/live"
    with connect(url, additional_headers={"Authorization": f"Bearer {made['token']}"}) as feed:
        assert victim.http.delete(f"/api/v1/tokens/{made['record']['id']}").status_code == 204
        with victim.dial("jimi") as line:  # something happens, of which the feed must not hear
            line.sendall(cameras.seal(0x01, bytes.fromhex("035000000000001902423201"), 1))
            end = ended(feed, still=0)
    assert (end.code, end.reason) == (4401, "this token is no longer valid")


def test_a_relay_ends_when_the_token_of_its_maker_is_revoked(victim: Victim) -> None:
    lock = "parking-lock:866262040000001"
    victim.http.post("/api/v1/devices", json={"device": lock}).raise_for_status()
    made = victim.http.post("/api/v1/tokens", json={"name": "maker", "scope": "command"}).json()
    headers = {"Authorization": f"Bearer {made['token']}"}
    relay = victim.http.post(f"/api/v1/devices/{lock}/relay-token", json={}, headers=headers).json()["token"]
    url = f"ws://{victim.server.address('http')}/api/v1/relay"
    with connect(url, additional_headers={"Authorization": f"Bearer {relay}"}) as socket:
        socket.recv(timeout=PATIENCE_S)
        socket.send('{"type":"connected"}')
        assert victim.http.delete(f"/api/v1/tokens/{made['record']['id']}").status_code == 204
        assert ended(socket).code == 4401
