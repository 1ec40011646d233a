"""Every limit of the upload port, with its reason beside it."""

from __future__ import annotations

from typing import Annotated

import msgspec

Seconds = Annotated[float, msgspec.Meta(gt=0)]
Count = Annotated[int, msgspec.Meta(ge=1)]
Some = Annotated[int, msgspec.Meta(ge=0)]
Path = Annotated[str, msgspec.Meta(pattern=r"^/[A-Za-z0-9/_.-]*$", max_length=100)]


class UploadLimits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the upload port puts up with.  Times in seconds, sizes in bytes."""

    paths: tuple[Path, ...] = ("/upload", "/filelist")
    """Where devices post to. Each takes files and lists of names; cameras are told the whole address."""

    # What is taken.
    file_bytes: Count = 256 * 1024 * 1024
    """One file: three minutes at 8 Mbit/s, with room; cards hold files of one to three."""
    list_bytes: Count = 2 * 1024 * 1024
    """A list of names: twenty thousand of them have some 600 KB."""
    free_bytes: Some = 1024 * 1024 * 1024
    """What uploads leave free on the disk they arrive on: the log is mostly on the same one, and must never stop."""

    # What is expected, and what not.
    announced_s: Seconds = 7 * 24 * 3600.0
    """How long a file may come after its announcement, and after its command: cameras try for hours, and park."""
    copies: Count = 3
    """Files of one announced name that count as expected: a camera may cut it anew. More are somebody else's."""
    unexpected_files: Some = 100
    """Files per device and day that nobody announced and nobody asked for. 0: none."""
    unexpected_bytes: Some = 1024 * 1024 * 1024
    """The same in bytes."""
    clock_s: Seconds = 24 * 3600.0
    """How far a device's clock may be off in a form that nobody expected: keeps old ones from being sent again."""

    # How fast, how often, how many.
    device_per_minute: Count = 60
    """Uploads that one device may begin: two cameras with a file each every two seconds."""
    address_per_minute: Count = 1_200
    """Requests from one address, good or bad: a fleet behind a mobile operator's NAT has one address."""
    connections: Count = 512
    """At once, with at most some 400 KB of memory each; the camera tries again."""
    connections_per_address: Count = 384
    """The same for one address, so that nobody has them all."""
    connection_requests: Count = 1_000
    """Requests over one connection; then it is closed, which costs a device nothing."""
    headers_s: Seconds = 15.0
    """From connecting, or from the last answer, to the end of a request's head: it is one packet, or two."""
    idle_s: Seconds = 30.0
    """Without a byte: a mobile line that lost its cell needs ten or twenty to be back."""
    least_bytes_per_s: Count = 4_000
    """Slower than this on average is no upload; a bad 3G line moves ten times as much."""
    request_s: Seconds = 3_600.0
    """A whole request: the largest file at 70 KB/s."""
    drain_s: Seconds = 8.0
    """From being told to stop until uploads that are under way are cut off; the camera sends them again."""
