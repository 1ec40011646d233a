"""What ``wayside decode`` prints, and which metrics there are: regions of pages that people write."""

from __future__ import annotations

import asyncio
import contextlib
import io
import itertools
import json
import shlex
from collections import Counter
from functools import partial
from types import SimpleNamespace
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from tools.docs.generated import Region
from tools.docs.markdown import code, fence, table
from wayside.api.metrics import Metrics
from wayside.app.live import samples as live_samples
from wayside.app.media import samples as media_samples
from wayside.app.metrics import samples
from wayside.app.uploads import samples as upload_samples
from wayside.cli.decode import decode
from wayside.gateway.limits import Limits
from wayside.gateway.stats import Stats
from wayside.media.live.hub import Hub
from wayside.media.live.limits import LiveLimits
from wayside.media.uploads.stats import Stats as UploadStats
from wayside.model.commands import State
from wayside.protocol.framing import Fault

PROCESS = "process_"

# An exchange over HTTP, so that the metric of those has a sample to read its labels from.
REQUEST: Any = {"method": "GET"}
ANSWER: Any = {"type": "http.response.start", "status": 200}

# As the vendors' documents print them.
LOCATION = "78782622160208092B1ECF026C15930C398A1000140001CC0B77060776A4010E0000000000008C6D400D0A"
HEARTBEAT = "*BGCR,OM,866266066379439,H0,1,6023,31,0,1,1,1,1#"


def regions() -> tuple[Region, ...]:
    """Decoded frames and the metrics."""
    return (
        Region("README.md", "decode", lambda: decoded("parking-lock", HEARTBEAT)),
        Region("docs/connect-jimi-dashcam.md", "decode", lambda: decoded("jimi", LOCATION)),
        Region("docs/operating.md", "metrics", metrics),
    )


def decoded(protocol: str, frame: str) -> str:
    """A frame with the command that looks into it, laid out by ``json.tool``."""
    paper = io.StringIO()
    with contextlib.redirect_stdout(paper):
        decode(protocol, frame)
    laid_out = json.dumps(json.loads(paper.getvalue()), indent=2, ensure_ascii=False)
    return fence(
        f"$ wayside decode {protocol} {shlex.quote(frame)} | python3 -m json.tool --indent 2\n{laid_out}"
    )


def metrics() -> str:
    """A row for each number of ours."""
    stats = Stats(Limits().message_names)
    stats.connections_refused["too many connections"] = 0
    stats.messages("jimi")
    stats.bad_frames["jimi", Fault.CHECKSUM.value] = 0
    stats.commands[State.SENT] = 0
    gateway: Any = SimpleNamespace(stats=stats, devices=SimpleNamespace(unknown=list))
    uploads = UploadStats()
    uploads.refused["empty"] = 0
    door: Any = SimpleNamespace(inside=0, refused={"too many": 0})
    hub = Hub(LiveLimits(), lambda: 0.0, lambda: 0)
    live = partial(live_samples, hub, Counter(["too many"]))
    blobs: Any = SimpleNamespace(trouble=None, failures=0)
    found = Metrics(
        lambda: itertools.chain(samples(gateway), media_samples(blobs), upload_samples(uploads, door), live())
    )
    asyncio.run(found.count(ANSWER, REQUEST))
    rows = (
        (code(name(family)), ", ".join(code(label) for label in labels(family)), family.documentation)
        for family in text_string_to_metric_families(found.text().decode())
        if not family.name.startswith(PROCESS)
    )
    return table(("metric", "labels", "what it is"), sorted(rows))


def name(family: Any) -> str:  # noqa: ANN401 - the library's own
    """As it stands in the text: counters end in ``_total``."""
    return f"{family.name}_total" if family.type == "counter" else str(family.name)


def labels(family: Any) -> list[str]:  # noqa: ANN401 - the library's own
    """The labels of a metric that has a sample."""
    return sorted({label for sample in family.samples for label in sample.labels})
