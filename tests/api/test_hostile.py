"""Whatever stands in a parameter or a body, the answer is never a mistake of ours."""

import contextlib
import json
import re
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.api.fakes import Client, World
from wayside.api.access import NewToken
from wayside.api.commands import NewCommand
from wayside.api.devices import NewDevice
from wayside.api.openapi import describe
from wayside.api.parameters import decode
from wayside.api.problems import Refusal

HOSTILE = [
    "' OR 1=1 --",
    '"; DROP TABLE events; --',
    "../../../etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "%00",
    "%0d%0aSet-Cookie:%20a=b",
    "%ff%fe",
    "%ed%a0%80",
    "<script>alert(1)</script>",
    "{{7*7}}",
    "${jndi:ldap://x}",
    "x" * 5000,
    "٣",
    "1e309",
    "NaN",
    "-1",
    "9" * 40,
    "demo:1\n",
    "demo:1%0a",
    "%F0%9F%92%A9",
]


@pytest.mark.parametrize("text", HOSTILE)
async def test_hostile_text_in_every_parameter_is_an_answer_and_never_a_mistake(
    world: World, client: Client, text: str
) -> None:
    world.device()
    text = quote(text, safe="%")
    for path, item in describe(world.app())["paths"].items():
        for method, operation in item.items():
            for parameter in operation.get("parameters", []):
                filled = re.sub(r"\{\w+\}", text if parameter["in"] == "path" else "demo:1", path)
                query = f"?{parameter['name']}={text}" if parameter["in"] == "query" else ""
                answer = await client.request(method.upper(), filled + query)
                where = f"{method} {filled + query}"
                assert answer.status_code < 500, where
                assert "set-cookie" not in answer.headers, where
                if answer.status_code >= 400:
                    assert answer.headers["content-type"] == "application/problem+json", where


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda it: st.lists(it) | st.dictionaries(st.text(), it),
)


@given(body=st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_no_body_is_a_mistake_of_ours(body: bytes) -> None:
    for kind in (NewDevice, NewToken, NewCommand):
        with contextlib.suppress(Refusal):
            assert isinstance(decode(body, kind), kind)
