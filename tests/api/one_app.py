"""One application for all tests: to build its hundred routes takes longer than most tests do.

It is given a stand-in for each service, which hands on to that of the world whose turn it is.
"""

from typing import Any, Final

import msgspec
from litestar import Litestar

from wayside.api.app import build_app
from wayside.api.auth import FAILURES_MAX, Gate
from wayside.api.metrics import Metrics
from wayside.api.services import Services
from wayside.model.rate import Rate

PLAIN: Final = ("protocols", "version", "feed_public", "metrics_public", "live_hook_key")
"""What routes are built from, and what is compared by itself."""

_apps: Final[list[tuple[Litestar, list[Services]]]] = []


class Lent:
    """A service of whoever stands in ``turn``."""

    def __init__(self, turn: list[Services], name: str) -> None:
        self._turn, self._name = turn, name

    def __getattr__(self, attribute: str) -> Any:  # noqa: ANN401 - whatever the service has
        return getattr(getattr(self._turn[0], self._name), attribute)

    def __call__(self, *arguments: object, **named: object) -> Any:  # noqa: ANN401 - whatever the service gives
        return getattr(self._turn[0], self._name)(*arguments, **named)


def app_for(services: Services) -> Litestar:
    """An application that nobody has asked anything yet; that of the last world knows this one's services now."""
    known = next((each for each in _apps if _alike(each[1][0], services)), None)
    if known is None:
        _apps.append(known := _build(services))
    app, turn = known
    turn[:] = [services]
    for gate in app.guards:
        if isinstance(gate, Gate):
            gate._failures = Rate(FAILURES_MAX)
    for hook in app.before_send:
        metrics = getattr(hook, "__self__", None)
        assert isinstance(metrics, Metrics)
        metrics._answers.clear()
    return app


def _alike(one: Services, other: Services) -> bool:
    """Whether the same routes are built for both."""
    return all(
        getattr(one, name) == getattr(other, name)
        if name in PLAIN
        else (getattr(one, name) is None) == (getattr(other, name) is None)
        for name in one.__struct_fields__
    )


def _build(services: Services) -> tuple[Litestar, list[Services]]:
    turn = [services]
    lent: dict[str, Any] = {
        name: Lent(turn, name)
        for name in services.__struct_fields__
        if name not in PLAIN and getattr(services, name) is not None
    }
    return build_app(msgspec.structs.replace(services, **lent)), turn
