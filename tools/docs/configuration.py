"""The reference of settings, and that of limits with their reasons."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator
from types import ModuleType

import msgspec

from tools.docs.generated import Page
from tools.docs.markdown import code, table
from tools.docs.sources import reason
from wayside.api import auth, banks, live, server, services, tokens, view_tokens
from wayside.app.catalogue import SettingRow, attribute_docs, settings_reference
from wayside.app.protocols import PROTOCOLS
from wayside.media import decoder, firmware, thumbnails
from wayside.media.live import recorder, recordings
from wayside.media.live.limits import LiveBounds, LiveLimits
from wayside.media.uploads import forms, line
from wayside.ports import store
from wayside.protocol import framing, uploads
from wayside.protocols.jimi import uploads as jimi_uploads
from wayside.rental import sheets
from wayside.wire.rtmp import amf0, chunks

LIMITS = "limits."
UPLOADS = "uploads."
LISTEN = "listen."
LIVE = "live."

SETTINGS_HEAD = """\
# Settings

A setting comes from, later ones winning: its default; the TOML file (`--config FILE`, else what `WAYSIDE_CONFIG`
names, else `./wayside.toml` if there is one); its environment variable; the command line (`--set NAME=VALUE` reaches
every setting, the common ones have [options of their own](cli.md#wayside-serve)). `wayside config` shows every
setting with its value and where that came from. A name or a value that is wrong stops the start, and is named
together with its source.

In the file, dots are tables:

```toml
data_dir = "/var/lib/wayside"
registration = "quarantine"

[listen]
parking-lock = "0.0.0.0:9681"
jimi = "off"

[options.power-bank]
crc_mode = "lenient"

[stations]
"power-bank:866262045678903" = "52.5200 13.4050"

[retention]
frames_age_days = 30
events_age_days = 400
```

What a protocol's `options` may hold stands in its page. `wayside config` does not show their values: some are keys.
"""

ELSEWHERE = """\
## Limits

The settings that begin with `limits.` or `uploads.` stand with their reasons under [Limits](limits.md).
"""

LIMITS_HEAD = """\
# Limits

Everything that comes in is bounded. These are the bounds with the reason for each; a frame, a request or a
connection over one of them is refused with its name in the log or in the answer, never half taken.
"""

SETTABLE = """\
## What the gateway puts up with

Settable as `limits.NAME`, see [Settings](configuration.md). Times ending in `_s` are seconds, in `_ms` milliseconds,
sizes in `_bytes` bytes.
"""

UPLOADS_HEAD = """\
## What the upload port puts up with

Settable as `uploads.NAME`, with the same units. What is over one of them is refused with its reason, and counted in
`wayside_uploads_refused`.
"""

FIXED = """\
## Fixed limits

These stand in the code.
"""

LIVE_HEAD = """\
## Live video

Those that begin with `live.` are [settings](configuration.md), the others stand in the code. Times ending in `_s` are
seconds, sizes in `_bytes` bytes.
"""

# Where each stands, its name, and what it bounds.
CONSTANTS: tuple[tuple[ModuleType, str, str], ...] = (
    (framing, "BAD_FRAMES_PER_FEED_MAX", "refused frames in what is read at once"),
    (framing, "BAD_FRAME_SAMPLE_BYTES_MAX", "bytes kept of a refused frame"),
    (services, "BODY_BYTES_MAX", "bytes of a JSON body"),
    (store, "PAGE_MAX", "items of a page"),
    (tokens, "TOKENS_MAX", "API tokens"),
    (auth, "FAILURES_MAX", "wrong tokens of one address in a minute"),
    (live, "ROOM", "notices that wait for one live feed"),
    (live, "SEND_S", "seconds that a live feed may take to read one"),
    (server, "CONNECTIONS_MAX", "HTTP connections served at once"),
    (server, "HEADER_READ_TIMEOUT_S", "seconds for a request's headers"),
    (banks, "SHEET_BYTES_MAX", "bytes of a list of banks"),
    (sheets, "ROWS_MAX", "banks of a list"),
    (firmware, "FIRMWARE_BYTES_MAX", "bytes of a firmware file"),
    (line, "HEAD_BYTES_MAX", "bytes of the head of an upload"),
    (forms, "PARTS_MAX", "parts of a form"),
    (forms, "FIELD_BYTES_MAX", "bytes of a text in a form"),
    (uploads, "NAME_CHARACTERS_MAX", "characters of a file's name"),
    (jimi_uploads, "LIST_NAMES_MAX", "names of a `jimi` list"),
    (decoder, "PIXELS_MAX", "pixels of a picture that gets a thumbnail"),
    (decoder, "MEMORY_BYTES", "bytes of memory of the process that makes one"),
    (decoder, "CPU_S", "seconds of a processor that it gets"),
    (thumbnails, "AT_ONCE", "of these processes at once"),
    (thumbnails, "SOURCE_BYTES_MAX", "bytes of a file in a bucket that gets a thumbnail"),
    (thumbnails, "CACHE_BYTES", "bytes of thumbnails that are kept"),
    (firmware, "OFFERS_MAX", "addresses given out for firmware at once"),
    (chunks, "MESSAGE_BYTES_MAX", "bytes of an RTMP message"),
    (chunks, "COMMAND_BYTES_MAX", "bytes of one before somebody may publish"),
    (chunks, "STREAMS_MAX", "chunk streams of an RTMP connection"),
    (amf0, "DEPTH_MAX", "levels of an AMF0 value"),
    (amf0, "VALUES_MAX", "AMF0 values of a message"),
    (recordings, "FILE_BYTES", "bytes of a recording's file"),
    (recorder, "PENDING_BYTES_MAX", "bytes that wait for a recording's disk"),
    (view_tokens, "MINUTES_MAX", "minutes of a view token"),
    (view_tokens, "TOKENS_MAX", "view tokens"),
)


def pages() -> tuple[Page, ...]:
    """``docs/reference/configuration.md`` and ``docs/reference/limits.md``."""
    return (
        Page("docs/reference/configuration.md", "wayside.app.settings", settings_text),
        Page("docs/reference/limits.md", "wayside.gateway.limits and the constants named here", limits_text),
    )


def settings_text() -> str:
    """Every setting but the limits."""
    settings = [row for row in settings_reference() if not row.name.startswith((LIMITS, UPLOADS))]
    general = [row for row in settings if not row.name.startswith(LISTEN)]
    listen = [row for row in settings if row.name.startswith(LISTEN)]
    return "\n\n".join(
        [
            SETTINGS_HEAD.strip(),
            "## General",
            rows(general),
            "## Where devices connect",
            rows(listen),
            ELSEWHERE.strip(),
        ]
    )


def rows(settings: Iterable[SettingRow]) -> str:
    """A table of settings."""
    return table(
        ("setting", "environment", "value", "default", "what it is for"),
        ((code(s.name), code(s.environment), s.type, code(s.default), s.doc) for s in settings),
    )


def limits_text() -> str:
    """Every limit."""
    rows_of = {
        prefix: [row for row in settings_reference() if row.name.startswith(prefix)]
        for prefix in (LIMITS, UPLOADS)
    }
    return "\n\n".join(
        [
            LIMITS_HEAD.strip(),
            SETTABLE.strip(),
            reasons(rows_of[LIMITS]),
            UPLOADS_HEAD.strip(),
            reasons(rows_of[UPLOADS]),
            FIXED.strip(),
            table(("what", "at most", "why"), fixed()),
            LIVE_HEAD.strip(),
            table(("limit", "value", "why"), live_limits()),
        ]
    )


def reasons(settings: Iterable[SettingRow]) -> str:
    """A table of limits."""
    return table(("setting", "default", "why"), ((code(s.name), code(s.default), s.doc) for s in settings))


def live_limits() -> Iterator[tuple[str, str, str]]:
    """Those of live video, with what stands beside them."""
    docs = attribute_docs(LiveLimits)
    for name, limit in msgspec.structs.asdict(LiveLimits()).items():
        settable = name in LiveBounds.__struct_fields__
        yield code(f"{LIVE}{name}" if settable else name), f"{limit:,}", docs[name]


def fixed() -> Iterator[tuple[str, str, str]]:
    """The limits that are constants."""
    for protocol in PROTOCOLS:
        module = importlib.import_module(f"wayside.protocols.{protocol.name.replace('-', '_')}.frames")
        name = "FRAME_BYTES_MAX"
        yield f"bytes of a frame of `{protocol.name}`", f"{getattr(module, name):,}", reason(module, name)
    for module, name, what in CONSTANTS:
        yield what, f"{getattr(module, name):,}", reason(module, name)
