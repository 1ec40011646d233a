"""The server's API, as the commands call it."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import quote

from wayside.cli.exits import CliError, UsageError

if TYPE_CHECKING:
    import httpx  # takes longer to import than a help page may to show: whoever calls imports it then

PREFIX: Final = "/api/v1"
PAGE: Final = 1000
"""The most items that the API gives at once."""

TIMEOUT_S: Final = 30.0

TOKEN: Final = re.compile(r"[A-Za-z0-9_-]+")

Query = Mapping[str, object]


class Unreachable(CliError):
    """The server did not answer: what was asked may or may not have arrived."""


class Refused(CliError):
    """The server said no.  ``field``: what it was about, as the API calls it; "" if nothing in particular."""

    def __init__(self, detail: str, field: str = "") -> None:
        super().__init__(f"{field}: {detail}" if field else detail)
        self.detail, self.field = detail, field


class Client:
    """Calls the API; every complaint of the server becomes a ``CliError`` with its words."""

    def __init__(self, url: str, token: str | None, transport: httpx.BaseTransport | None = None) -> None:
        self.url = url.rstrip("/")
        import httpx

        if token is not None and not TOKEN.fullmatch(token):
            raise UsageError("--token: that is not an API token, they have letters, digits, - and _")
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        try:
            self._http = httpx.Client(
                base_url=self.url + PREFIX, headers=headers, timeout=TIMEOUT_S, transport=transport
            )
        except httpx.InvalidURL as error:
            raise UsageError(f"--url {url!r}: {error}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def get(self, path: str, query: Query | None = None) -> Any:  # noqa: ANN401 - JSON
        """The JSON that stands there."""
        return self._call("GET", path, query=query)

    def post(self, path: str, body: object = None, headers: Mapping[str, str] | None = None) -> Any:  # noqa: ANN401 - JSON
        """What the server answers."""
        return self._call("POST", path, body=body, headers=headers)

    def patch(self, path: str, body: object) -> Any:  # noqa: ANN401 - JSON
        """What the server answers."""
        return self._call("PATCH", path, body=body)

    def delete(self, path: str) -> None:
        """Gone."""
        self._call("DELETE", path)

    def upload(self, path: str, query: Query, content: Iterable[bytes]) -> Any:  # noqa: ANN401 - JSON
        """What the server answers to a file, which is sent piece by piece as it comes."""
        headers = {"Content-Type": "application/octet-stream"}
        return self._call("POST", path, query=query, content=content, headers=headers)

    def items(self, path: str, query: Query, most: int | None = None) -> Iterator[dict[str, Any]]:
        """The items of a list, page after page, at most so many."""
        cursor: str | None = None
        left = most
        while left is None or left > 0:
            limit = PAGE if left is None else min(left, PAGE)
            page = self.get(path, {**query, "limit": limit, "cursor": cursor})
            found = page["items"] if left is None else page["items"][:left]
            yield from found
            cursor = page["next"]
            if cursor is None:
                return
            left = None if left is None else left - len(found)

    def stream(self, path: str, query: Query) -> Iterator[bytes]:
        """A long answer, piece by piece.

        Raises:
            CliError: the server refused, or the answer broke off.
        """
        import httpx

        try:
            with self._http.stream("GET", path, params=given(query)) as response:
                if not response.is_success:
                    response.read()
                    raise refusal(response)
                yield from response.iter_bytes()
        except httpx.TransportError as error:
            raise Unreachable(f"{self.url} does not answer, or broke off: {error}") from error

    def _call(
        self,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        body: object = None,
        content: Iterable[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:  # noqa: ANN401 - JSON
        import httpx

        try:
            response = self._http.request(
                method, path, params=given(query or {}), json=body, content=content, headers=headers
            )
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise Unreachable(f"{self.url} does not answer: {error}") from error
        if response.is_success:
            return read_json(response, self.url) if response.content else None
        raise refusal(response)


def segment(text: str) -> str:
    """Something that people typed, as one segment of a path.

    Raises:
        UsageError: nothing, or a step within the path, which would be another address altogether.
    """
    if text in {"", ".", ".."}:
        raise UsageError(f"{text!r} is no name of anything")
    return quote(text, safe=":")


def given(query: Query) -> dict[str, str]:
    """Query parameters as text, without those that nobody gave."""
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in query.items()
        if value is not None
    }


def read_json(response: httpx.Response, url: str) -> Any:  # noqa: ANN401 - JSON
    """The body of a good answer.

    Raises:
        CliError: it is no JSON, so nobody of ours gave it.
    """
    try:
        return response.json()
    except ValueError as error:
        raise CliError(f"{url} is not a Wayside server: its answer is no JSON") from error


def refusal(response: httpx.Response) -> Refused:
    """Why the server refused, in its own words."""
    problem: Any = None
    with contextlib.suppress(ValueError):
        problem = response.json()
    if not isinstance(problem, dict) or "detail" not in problem:
        return Refused(f"the server answered {response.status_code} {response.reason_phrase}")
    hint = (
        " (give one with --token or WAYSIDE_TOKEN)" if response.status_code == HTTPStatus.UNAUTHORIZED else ""
    )
    return Refused(f"{problem['detail']}{hint}", str(problem.get("field") or ""))
