"""Is it alive, can it work, and how is it doing."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Final

import msgspec
from litestar import Response, get
from litestar.handlers import BaseRouteHandler

from wayside.api.auth import PUBLIC, READ
from wayside.api.metrics import MEDIA_TYPE, Metrics
from wayside.api.parameters import Provided
from wayside.api.problems import Refusal
from wayside.api.services import Services
from wayside.model.errors import StoreUnavailable

# Probes give up after some seconds themselves; a store that needs longer is not ready.
STORE_ANSWERS_WITHIN_S: Final = 3.0


class Health(msgspec.Struct, frozen=True):
    """How the server is."""

    status: str


class Readiness(msgspec.Struct, frozen=True):
    """That the server can do its work.

    ``troubles``: what cannot be done all the same, such as keeping pictures while the object store is not there.
    Reports and commands go on then, so this is no reason to send devices and callers elsewhere.
    """

    status: str
    troubles: list[str]


@get("/healthz", opt=PUBLIC)
async def get_health() -> Health:
    """Say that the process is alive."""
    return Health("alive")


@get("/readyz", opt=PUBLIC)
async def get_readiness(services: Provided) -> Readiness:
    """Say whether the store can commit and the listeners are up; 503 with the reason otherwise."""
    reason = await _store(services) or await services.readiness()
    if reason is not None:
        raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE, reason)
    return Readiness("ready", services.troubles())


async def _store(services: Services) -> str | None:
    try:
        async with asyncio.timeout(STORE_ANSWERS_WITHIN_S):
            reason = await services.store.healthy()
    except StoreUnavailable as error:
        reason = str(error)
    except TimeoutError:
        reason = f"no answer within {STORE_ANSWERS_WITHIN_S:.0f} s"
    return f"store: {reason}" if reason else None


def metrics_handler(metrics: Metrics, *, public: bool) -> BaseRouteHandler:
    """``/metrics``, for tokens with the scope read, or for everybody if the operator wants that."""

    @get("/metrics", opt={**(PUBLIC if public else READ), "produces": (MEDIA_TYPE,)})
    async def get_metrics() -> Response[bytes]:
        """Show counters and gauges in Prometheus' text format."""
        return Response(metrics.text(), media_type=MEDIA_TYPE)

    return get_metrics


HANDLERS: Final[tuple[BaseRouteHandler, ...]] = (get_health, get_readiness)
