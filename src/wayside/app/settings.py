"""Every setting of the server: its type, its default and what it is for.

Where the values come from is ``config.py``'s business.  Addresses stay text here, checked when they are loaded.
"""

from __future__ import annotations

import enum
from typing import Annotated

from msgspec import Meta, Struct, field

from wayside.gateway.limits import Limits
from wayside.gateway.registry import Registering
from wayside.media.live.limits import LiveBounds
from wayside.media.live.service import Publishers
from wayside.media.uploads.limits import UploadLimits

Days = Annotated[float, Meta(gt=0)]

# An empty database with its indexes has some hundred kilobytes: below a megabyte nothing would be kept.
LogBytes = Annotated[int, Meta(ge=1_000_000)]


class LogLevel(enum.StrEnum):
    """How much is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(enum.StrEnum):
    """How a log line looks."""

    AUTO = "auto"
    """Text on a terminal, JSON elsewhere."""
    TEXT = "text"
    JSON = "json"


class RetentionSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long the log is kept."""

    frames_age_days: Days | None = None
    """Raw frames older than this are removed; the events beside them stay."""
    events_age_days: Days | None = None
    """Events older than this are removed, with their frames."""
    log_bytes: LogBytes | None = None
    """While the log is bigger than this, its oldest rows are removed."""


class LogSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the server says on stderr."""

    level: LogLevel = LogLevel.INFO
    """The least important lines that are still written."""
    format: LogFormat = LogFormat.AUTO
    """`text` for people, `json` for programs; `auto` is text if stderr is a terminal."""


class GbfsSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The feed of what there is to borrow, for maps."""

    contact_email: Annotated[str, Meta(pattern=r"^[^@\s]+@[^@\s]+$")] | None = None
    """Whom readers of the feed can write to. GBFS demands it, so without it there is no feed."""
    public: bool = False
    """Whether the feed can be read without a token."""
    system_id: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.-]{1,64}$")] = "wayside"
    """What the system is called in the feed; never to be changed."""
    name: Annotated[str, Meta(min_length=1)] = "Wayside"
    """What people call it."""
    timezone: str = "Etc/UTC"
    """Where it is, such as `Europe/Berlin`."""
    language: Annotated[str, Meta(pattern=r"^[A-Za-z0-9-]{2,35}$")] = "en"
    """The language of names, as an IETF tag."""


class MediaSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Pictures, clips and recordings: where they are kept, and for how long."""

    directory: Annotated[str, Meta(min_length=1)] | None = None
    """The folder for files of devices; without it, `media` in `data_dir`. Uploads arrive here with a bucket, too."""
    s3_bucket: Annotated[str, Meta(min_length=3, max_length=63)] | None = None
    """The bucket of an S3-compatible object store that takes the files in place of the directory."""
    s3_endpoint: str | None = None
    """Where the object store is, such as `http://minio:9000`; without it, Amazon's of the region."""
    s3_region: Annotated[str, Meta(min_length=1)] = "us-east-1"
    """The bucket's region."""
    s3_prefix: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_./-]*$")] = ""
    """What the names of all objects begin with, where the bucket is shared."""
    s3_access_key: str | None = None
    """The object store's access key; without it, what the environment or the machine's role says."""
    s3_secret_key: str | None = None
    """The secret that belongs to it; better in the environment than in a file."""
    retention_age_days: Days | None = None
    """Files received longer ago are removed."""
    device_bytes: Annotated[int, Meta(ge=1_000_000)] | None = None
    """While a device's files have more bytes than this, its oldest ones are removed."""


class LiveSettings(LiveBounds, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Live video."""

    publishers: Publishers = Publishers.REQUESTED
    """Which registered cameras may publish: `requested`: those that were asked to; `open`: all."""
    external_url: str | None = None
    """Where an external engine (SRS, MediaMTX) shows streams, such as `https://video.example`: it takes the place of
    the RTMP port here."""
    hook_key: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{16,128}$")] | None = None
    """What the external engine's questions have in their address; without it, they are not answered."""


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The server's settings."""

    data_dir: Annotated[str, Meta(min_length=1)] = "data"
    """Everything that is kept stands in this folder; it is made if it is missing."""
    # Every interface, not loopback: devices fetch firmware from here, and they are never on this machine.
    # All else wants a token, except the health check.
    http: str = "0.0.0.0:8080"
    """Where the API and the firmware files are served, as HOST:PORT. Port 0: any free one."""
    public_url: str | None = None
    """How devices reach `http` from outside, such as `http://203.0.113.7:8080`: firmware addresses begin with it.
    Without it they begin with this machine's address on its default route."""
    listen: dict[str, str | None] = field(default_factory=dict)
    """Where devices of this protocol connect, as HOST:PORT; `off`: nowhere."""
    ports: tuple[str, ...] = ()
    """TCP ports with one device each, as PROTOCOL:NAME=HOST:PORT, for devices that do not say who they are; the name is
    the device's ident."""
    # Cameras come from the mobile network, as to every listener of a protocol.
    upload: str | None = "0.0.0.0:23010"
    """Where devices post files and lists of names over HTTP, as HOST:PORT; `off`: nowhere."""
    rtmp: str | None = "0.0.0.0:1935"
    """Where cameras publish live video, as HOST:PORT; `off`: nowhere."""
    serial: tuple[str, ...] = ()
    """Serial ports with one device each, as PROTOCOL:NAME=/dev/PORT@BAUD; the name is the device's ident.
    Left out, the name is that of the port, and the speed 115200."""
    ble: bool = False
    """Whether locks in reach of this machine's Bluetooth adapter are called when a command waits for them."""
    ble_devices: tuple[str, ...] = ()
    """Bluetooth addresses of devices that are not called by theirs, as PROTOCOL:NAME=AA:BB:CC:DD:EE:FF."""
    gatt: tuple[str, ...] = ()
    """UUIDs of a protocol whose document names none, as PROTOCOL=SERVICE/WRITE/NOTIFY, four digits or all."""
    options: dict[str, dict[str, str]] = field(default_factory=dict)
    """What the documents leave open, by the names in the protocol's page."""
    stations: dict[str, str] = field(default_factory=dict)
    """Where cabinets stand, as DEVICE = "LATITUDE LONGITUDE"; only those are in the GBFS feed."""
    registration: Registering = Registering.QUARANTINE
    """A device that nobody registered: `quarantine` holds it until somebody accepts it, `open` lets it in."""
    metrics_public: bool = False
    """Whether `/metrics` can be read without a token."""
    gbfs: GbfsSettings = GbfsSettings()
    """The feed of what there is to borrow, for maps."""
    retention: RetentionSettings = RetentionSettings()
    """How long the log is kept."""
    media: MediaSettings = MediaSettings()
    """Pictures, clips and recordings: where they are kept, and for how long."""
    uploads: UploadLimits = UploadLimits()
    """What the upload port takes, and puts up with."""
    live: LiveSettings = LiveSettings()
    """Live video."""
    log: LogSettings = LogSettings()
    """What the server says on stderr."""
    limits: Limits = Limits()
    """What the gateway puts up with."""
