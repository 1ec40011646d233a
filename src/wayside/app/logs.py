"""Logging: structlog for ours, the standard library's loggers through the same renderer."""

from __future__ import annotations

import logging
import sys
from typing import Final

import msgspec
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from wayside.app.settings import LogFormat, LogSettings

LEVELS: Final[dict[str, int]] = logging.getLevelNamesMapping()

QUIET: Final = ("httpx", "httpcore", "granian.access")
"""Loggers that write a line per request: the audit log and the metrics say what matters of those."""


def configure(settings: LogSettings) -> None:
    """Send every log line to stderr, in the chosen form."""
    level = LEVELS[settings.level.upper()]
    as_text = settings.format is LogFormat.TEXT or (settings.format is LogFormat.AUTO and sys.stderr.isatty())
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    render: Processor
    if as_text:
        render = structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    else:
        shared.append(structlog.processors.format_exc_info)
        render = as_json
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, *shared, render],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def as_json(_: WrappedLogger, __: str, line: EventDict) -> str:
    """A line as JSON; what JSON does not know is written as Python shows it."""
    return msgspec.json.encode(line, enc_hook=repr).decode()
