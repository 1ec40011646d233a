"""Every limit of live video, with its reason beside it."""

from __future__ import annotations

from typing import Annotated

import msgspec

KIB = 1024
MIB = 1024 * KIB


Count = Annotated[int, msgspec.Meta(ge=1)]


class LiveBounds(msgspec.Struct, frozen=True, kw_only=True):
    """Those that depend on lines, fleets and habits: they are settings."""

    streams: Count = 512
    """At once, published or watched: at 1.5 Mbit/s each they fill a gigabit line long before."""
    connections_per_address: Count = 128
    """Cameras behind one operator's NAT share an address; a flood from one address leaves room for others. Behind a
    proxy all cameras have its address."""
    viewers: Annotated[int, msgspec.Meta(ge=1, le=4_000)] = 1_000
    """In all; each holds one of the API's connections, of which there are 4096."""
    viewers_per_stream: Count = 200
    """Of one stream: what a gigabit line carries at 4 Mbit/s."""
    recording_s: Annotated[float, msgspec.Meta(ge=10, le=3_600)] = 600.0
    """One file of a recording, to the next key frame: what a browser loads, and what is lost at most when the server is
    killed. At 1.5 Mbit/s ten minutes have a hundred megabytes; at 512 MiB a file ends in any case."""


class LiveLimits(LiveBounds, frozen=True, kw_only=True):
    """What live video puts up with.  Times in seconds, sizes in bytes."""

    # Publishers.
    connections: int = 512
    """Of cameras, in all: one for each stream. With more streams there are as many."""
    publish_within_s: float = 15.0
    """From connecting to being allowed to publish: five round trips, on a slow mobile network some seconds."""
    silence_s: float = 20.0
    """Without audio or video, whatever else is sent: longer than a camera's pause when its network changes cells."""

    # Streams.
    gop_bytes: int = 4 * MIB
    """From one key frame to now, kept for those who come late: four seconds at 8 Mbit/s.  A stream whose key frames
    lie further apart keeps none, and who comes late waits for the next one."""
    gop_tags: int = 4_000
    """The same in tags, which cost memory besides their bytes: a minute at 25 pictures and 43 sounds a second."""
    reconnect_s: float = 30.0
    """Viewers stay for so long when the publisher is gone: a camera comes back in five to twenty seconds."""

    # Viewers.
    viewer_bytes: int = 2 * MIB
    """Waiting for one viewer, shared with all others of the stream: ten seconds at 1.6 Mbit/s.  Over it the viewer is
    taken to the next key frame."""
    piece_bytes: int = 128 * KIB
    """Handed to a viewer's connection at once, which is all that is copied for it."""
    skips: int = 3
    """Whoever had to be taken to a key frame so often in a row is dropped: the line does not carry the stream."""
    calm_s: float = 30.0
    """After so long without a skip the viewer has kept up, and the count begins anew."""
    send_s: float = 15.0
    """For one piece: at 70 kbit/s.  A viewer that reads more slowly than that, or not at all, is dropped."""

    # Requests.
    first_viewer_s: float = 60.0
    """From asking for a stream to the first viewer: the camera takes up to half a minute, and then people look."""
    grace_s: float = 20.0
    """From the last viewer's leaving to the command that stops the camera: a page that is loaded anew comes back."""
    renew_before_s: float = 30.0
    """The command is repeated so long before its minutes are over: it may be answered late, or need a second try."""
    retry_s: float = 10.0
    """Between two tries to repeat it."""
    requests: int = 1_024
    """Open at once: not all that are asked for come. With more streams there are twice as many."""
    appear_s: float = 20.0
    """A viewer who comes before the publisher is left waiting so long for the answer: below what proxies allow."""
    request_s: float = 7_200.0
    """A request ends after this, whoever watches, unless somebody asks again: a page left open overnight must not use
    up a camera's data plan."""
    leftover_s: float = 300.0
    """Between two commands that stop a camera which publishes though nobody asked: anybody can connect and say that
    they are that camera, and each command costs it data."""
