"""Live video through the command line: a server, and a simulated camera that is asked, publishes and is stopped."""

from pathlib import Path

import httpx
import pytest

from tests.cli.running import wayside
from tests.cli.serving import eventually, rows, serving, simulating

pytestmark = pytest.mark.timeout(120)


def test_a_camera_is_watched(tmp_path: Path) -> None:
    with serving(tmp_path / "data", "--registration", "open") as server:
        assert server.token is not None
        env = server.environment(server.token)
        rtmp = f"rtmp://{server.address('rtmp')}/live"
        camera = ("--to", server.address("jimi"), "--count", "1", "--faults", "0", "--rtmp", rtmp)
        assert rows(env, "live", "list") == []
        with simulating("jimi", *camera):
            device = eventually(lambda: rows(env, "devices", "list", "--online"))[0]["device"]

            (stream,) = rows(env, "live", "start", device, "1", "--minutes", "3", "--record")
            assert (stream["state"], stream["channel"], stream["recording"]) == ("live", "1", True)
            assert stream["command"]["capability"] == "live_start"
            again = wayside("live", "start", device, "1", env=env)
            assert again.returncode == 0
            assert f"{device} channel 1 is live; live_start " in again.stderr
            (listed,) = eventually(
                lambda: [one for one in rows(env, "live", "list", "--device", device) if one["video"]]
            )
            assert (listed["video"], listed["viewers"]) == ("h264", 0)
            assert "h264" in wayside("live", "list", env=env).stdout

            page, flv = wayside("live", "url", device, "1", "--minutes", "1", env=env).stdout.splitlines()
            assert "/watch/1/" in page
            with httpx.stream("GET", flv, timeout=30) as film:
                assert film.status_code == 200
                assert next(film.iter_raw()).startswith(b"FLV")

            assert "is stopped; live_stop" in wayside("live", "stop", device, "1", env=env).stderr
            assert rows(env, "live", "list") == []
            refused = wayside("live", "stop", device, "1", env=env)
            assert (refused.returncode, "nobody asked" in refused.stderr) == (1, True)
            # What was recorded is a file of the camera, whole.
            with httpx.Client(
                base_url=env["WAYSIDE_URL"], headers={"Authorization": f"Bearer {server.token}"}
            ) as http:
                items = eventually(lambda: http.get("/api/v1/media?origin=recording").json()["items"])
            assert (items[0]["device"], items[0]["content_type"]) == (device, "video/mp4")
        gone = wayside("live", "start", device, env=env)
        assert (gone.returncode, "offline" in gone.stderr) == (1, True)
        assert [one["action"] for one in rows(env, "audit") if one["action"].startswith("stream.")][-1] == (
            "stream.start"
        )
