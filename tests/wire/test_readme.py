"""The examples of wire/README.md run as they stand."""

import re
from pathlib import Path
from typing import Any

import wayside.wire
from wayside.wire.fields import OpenIntEnum

README = Path(wayside.wire.__file__).with_name("README.md").read_text()
BINARY, TEXT = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def test_the_examples_run() -> None:
    data = bytes.fromhex("8001 000005 5a 010203040506 01 0101 0201 414243 0002")
    scope: dict[str, Any] = {"data": data}
    exec(BINARY, scope)  # noqa: S102 - our own page
    report = scope["report"]
    assert isinstance(report.mode, OpenIntEnum)
    assert (report.fixed, report.course_deg, report.mode.name, report.text) == (
        True,
        1,
        "UNKNOWN_0x5a",
        b"ABC",
    )
    assert scope["data"] == data
    assert {row.name: row.doc for row in scope["REPORT"].layout}["cell_id"] == "as the modem reports it"

    declaration, _, uses = TEXT.partition("HEARTBEAT.decode")
    exec(declaration, scope)  # noqa: S102 - our own page
    heartbeat = scope["HEARTBEAT"].decode(["1", "8986"])
    assert uses.startswith('(["1", "8986"])')
    assert scope["HEARTBEAT"].encode(heartbeat) == "1,8986"
