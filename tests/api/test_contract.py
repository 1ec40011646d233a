"""The application keeps to its own description, whatever is thrown at it."""

import asyncio
import atexit
import contextlib
import functools
import json
import re
import tempfile
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import InvalidArgument, Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import CheckFunction
from schemathesis.specs.openapi import checks

from tests.api.fakes import World
from wayside.api.app import build_app
from wayside.api.openapi import describe
from wayside.model.events import Kind

# Enough for each parameter and each rule of the small bodies to be tried, within a minute for all routes.
EXAMPLES = 10

CHECKS: list[CheckFunction] = [
    schemathesis.checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.unsupported_method,
]

# Of parameters, schemathesis cannot tell what is really sent: an unknown one without a value is not there at all.
BODY_CHECKS: list[CheckFunction] = [*CHECKS, checks.negative_data_rejection]


def filled_world(directory: Path) -> World:
    """A world in which some requests find something."""
    world = asyncio.run(World(directory).open())
    world.device("1", "One")
    for number in range(1, 4):
        world.event(number, kind=Kind.ALARM, values={"alarm.kind": "sos", "list": ["a"], "n": 1, "x": 0.5})
    return world


@functools.cache
def described() -> tuple[Any, World]:
    """The description as it is served, and what stands behind it."""
    directory = tempfile.TemporaryDirectory(prefix="wayside-")
    atexit.register(directory.cleanup)
    world = filled_world(Path(directory.name))
    return schemathesis.openapi.from_asgi("/api/v1/openapi.json", build_app(world.services)), world


def operations() -> list[Any]:
    """Every operation, as a parameter of a test."""
    found = [result.ok() for result in described()[0].get_all_operations()]
    return [pytest.param(operation, id=operation.label) for operation in found]


# What is there, so that requests also succeed.
THERE = {
    "device": "demo:1",
    "event": 2,
    "protocol": "demo",
    "command": "c1",
    "bank": "A1",
    "file": "gbfs.json",
    "media": f"{1:032x}",
}


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize("operation", operations())
def test_every_answer_is_as_described(operation: Any, mode: GenerationMode) -> None:  # noqa: ANN401 - schemathesis gives no type
    _, world = described()
    names = {parameter.name for parameter in operation.path_parameters}
    there = {name: value for name, value in THERE.items() if name in names}
    json_body = any(body.media_type == "application/json" for body in operation.body)
    right = mode is GenerationMode.POSITIVE

    @given(case=operation.as_strategy(mode, path_parameters=there or None if right else None))
    @settings(max_examples=EXAMPLES, derandomize=True, suppress_health_check=list(HealthCheck))
    def check(case: schemathesis.Case[Any]) -> None:
        # Examples delete and rename; each one finds the same world.
        world.device("1", "One")
        world.command("c1")
        world.media_file()
        case.call_and_validate(checks=BODY_CHECKS if json_body else CHECKS, headers=world.headers())

    # Nothing that is wrong can be sent where nothing is asked for.
    with contextlib.suppress(*([] if right else [Unsatisfiable, InvalidArgument])):
        check()


def test_the_description_is_complete(tmp_path: Path) -> None:
    document = describe(build_app(filled_world(tmp_path / "shelf").services))
    assert document["openapi"].startswith("3.1")
    text = json.dumps(document)
    named = set(re.findall(r'"\$ref": "#/components/schemas/([^"]+)"', text))
    assert named <= set(document["components"]["schemas"])
    for path, item in document["paths"].items():
        for method, operation in item.items():
            where = f"{method} {path}"
            assert operation["description"], where
            assert operation["responses"]["default"]["content"]["application/problem+json"], where
            assert re.fullmatch(r"[a-z_]+", operation["operationId"]), where
    assert "oneOf" not in text


def test_operations_have_names_of_their_own(tmp_path: Path) -> None:
    document = describe(build_app(filled_world(tmp_path / "shelf").services))
    names = [operation["operationId"] for item in document["paths"].values() for operation in item.values()]
    assert len(set(names)) == len(names)
