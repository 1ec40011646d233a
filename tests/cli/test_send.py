"""``wayside send``: what the server refuses is said in the words of the command line."""

import httpx
import pytest

from tests.cli.asking import answering
from wayside.cli.main import run

RESET = {"name": "reset", "risk": "dangerous", "title": "Reset", "parameters": {"properties": {"in_s": {}}}}


@pytest.mark.parametrize("preview", [(), ("--preview",)])
@pytest.mark.parametrize(
    ("status", "field", "named"),
    [
        (422, "confirm", "--confirm: no"),
        (409, "queue", "--queue: no"),
        (422, "parameters.in_s", "parameters.in_s: no"),
        (409, None, "no"),
    ],
)
def test_a_refusal_names_what_was_typed(
    status: int,
    field: str | None,
    named: str,
    preview: tuple[str, ...],
    capsys: pytest.CaptureFixture[str],
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, json={"items": [RESET]})
        return httpx.Response(status, json={"detail": "no", "field": field})

    with answering(answer):
        assert run(["send", "jimi:1", "reset", "in_s=5", *preview]) == 1
    assert capsys.readouterr().err == f"wayside: {named}\n"


def test_without_a_capability_those_there_are_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    with answering(lambda _: httpx.Response(200, json={"items": [RESET]})) as asked:
        assert run(["send", "jimi:1"]) == 0
    assert [request.method for request in asked] == ["GET"]
    header, line = capsys.readouterr().out.splitlines()
    assert header.split() == ["capability", "risk", "parameters", "what", "it", "does"]
    assert line.split() == ["reset", "dangerous", "in_s", "Reset"]
