"""All routes, with their gate before them."""

from __future__ import annotations

from litestar import Litestar, Router
from litestar.datastructures import ResponseHeader
from litestar.di import Provide

from wayside.api import (
    access,
    alarms,
    banks,
    commands,
    devices,
    export,
    firmware,
    gbfs,
    health,
    hooks,
    live,
    log,
    media,
    openapi,
    reference,
    relay,
    rentals,
    streams,
    unknown,
    watch,
)
from wayside.api.auth import Gate
from wayside.api.denial import Denial
from wayside.api.metrics import Metrics
from wayside.api.parameters import StrictRequest, provide_caller, provide_window
from wayside.api.problems import HANDLERS as PROBLEM_HANDLERS
from wayside.api.services import BODY_BYTES_MAX, Services

ROOMS = (
    access,
    alarms,
    banks,
    commands,
    devices,
    export,
    firmware,
    live,
    log,
    media,
    openapi,
    reference,
    relay,
    rentals,
    streams,
    unknown,
)


def build_app(services: Services) -> Litestar:
    """The ASGI application.  Nothing runs and nothing is opened until it is served."""
    metrics = Metrics(services.stats)
    gate = Gate(services.tokens, services.clock)
    handlers = [handler for room in ROOMS for handler in room.HANDLERS]
    v1 = Router("/api/v1", route_handlers=[*handlers, gbfs.feed_handler(public=services.feed_public)])
    return Litestar(
        [
            v1,
            *health.HANDLERS,
            *watch.HANDLERS,
            *hooks.HANDLERS,
            firmware.fetch_firmware,
            health.metrics_handler(metrics, public=services.metrics_public),
        ],
        guards=[gate, openapi.KnownParameters()],
        middleware=[Denial()],
        exception_handlers=PROBLEM_HANDLERS,
        request_class=StrictRequest,
        request_max_body_size=BODY_BYTES_MAX,
        dependencies={
            "services": Provide(lambda: services, sync_to_thread=False),
            "by": Provide(provide_caller, sync_to_thread=False),
            "window": Provide(provide_window, sync_to_thread=False),
        },
        # What the API says is never a page, and never for a cache to keep.
        response_headers=[
            ResponseHeader(name="X-Content-Type-Options", value="nosniff"),
            ResponseHeader(name="Cache-Control", value="no-store"),
        ],
        before_send=[metrics.count],
        openapi_config=openapi.config(services.version),
        logging_config=None,
        debug=False,
    )
