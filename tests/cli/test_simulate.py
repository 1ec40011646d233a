"""What ``wayside simulate`` is told of servers beside the device's own."""

import pytest

from tests.cli.running import json_lines, wayside, wayside_process


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("parking-lock", "--upload", "http://h/upload"), "--upload: parking-lock uploads nothing"),
        (("jk-bms", "--rtmp", "rtmp://h/live"), "--rtmp: jk-bms streams nothing"),
        (
            ("jimi", "--upload", "ftp://h/upload"),
            "--upload: http://HOST:PORT/… is expected, not ftp://h/upload",
        ),
        (("jimi", "--upload", "http://["), "--upload: http://HOST:PORT/… is expected, not http://["),
        (("jimi", "--rtmp", "rtmp://h:99999/live"), "--rtmp: rtmp://HOST:PORT/… is expected"),
        (("jimi", "--rtmp", "rtmp://"), "--rtmp: rtmp://HOST:PORT/… is expected, not rtmp://"),
    ],
)
def test_wrong_addresses_are_named(arguments: tuple[str, ...], said: str) -> None:
    run = wayside("simulate", *arguments)
    assert run.returncode == 2
    assert said in run.stderr


def test_uploads_and_streams_are_counted() -> None:
    run = wayside_process(
        *("simulate", "jimi", "--to", "127.0.0.1:1", "--duration", "1", "--json"),
        *("--upload", "http://127.0.0.1:1/upload", "--rtmp", "rtmp://127.0.0.1:1/live"),
    )
    assert run.returncode == 1
    last = json_lines(run.stdout)[-1]
    assert (last["posts"], last["posts_lost"], last["streams"]) == (0, 0, 0)
