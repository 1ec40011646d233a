"""Logging: structlog for ours, the standard library's loggers through the same renderer."""

from __future__ import annotations

import logging
import sys
from typing import Final

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from wayside.app.settings import LogFormat, LogSettings
from wayside.model.text import json_text, printable, printable_lines

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
    shared.append(structlog.processors.format_exc_info)
    if as_text:
        shared.append(tamed)
        render = structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    else:
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


def tamed(_: WrappedLogger, __: str, line: EventDict) -> EventDict:
    """A line in which no text, devices' and callers' least of all, can give a terminal orders or begin a new line."""
    return {
        key: (printable_lines if key == "exception" else printable)(value)
        if isinstance(value, str)
        else value
        for key, value in line.items()
    }


def as_json(_: WrappedLogger, __: str, line: EventDict) -> str:
    """A line as JSON."""
    return json_text(line)
