"""Every limit of the gateway, with its reason beside it.  ``tests/gateway`` tries each just under and just over."""

from __future__ import annotations

from math import ceil
from typing import Annotated

import msgspec

Seconds = Annotated[float, msgspec.Meta(gt=0)]
Count = Annotated[int, msgspec.Meta(ge=1)]


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one gateway puts up with.  Times in seconds, sizes in bytes."""

    # Connections: how many, how long.
    connections: Count = 18_000
    """In all.  Meant for a process that may open 20,000 files; the rest is for the store, the API and uploads."""
    connections_per_address: Count = 4_000
    """Whole fleets come from one address behind a mobile operator's NAT, but never all of the above.  So many new
    devices, too, does open registration let in from one address in a minute: a fleet on its first day."""
    accepts_per_turn: Count = 128
    """New connections taken before those that are there get their turn again."""
    accept_backoff_s: Seconds = 1.0
    """Pause when descriptors run out or the store is behind: long enough to help, short beside a device's patience."""
    listen_backlog: Count = 4_096
    """A fleet that lost its network comes back at once; the kernel cuts this to its own somaxconn."""
    keepalive_idle_s: Count = 120
    """Silence before TCP asks whether the peer is there: finds dead links long before an idle timeout of hours."""
    keepalive_interval_s: Count = 20
    """Between two such questions."""
    keepalive_probes: Count = 3
    """Unanswered questions before the link counts as dead."""
    sweep_s: Seconds = 1.0
    """How often all connections are looked over; the resolution of every timeout below, and 1-2 ms of work."""
    first_frame_s: Seconds = 30.0
    """From connecting to the first valid frame: slow modems need seconds, port scanners say nothing for ever."""
    identify_s: Seconds = 90.0
    """From connecting to knowing who it is: some devices only say so when asked a second time."""
    frame_deadline_s: Seconds = 20.0
    """A frame that was begun must end: at 2G speed the largest takes a second or two."""
    close_s: Seconds = 5.0
    """How long a closing connection may take to read its last bytes."""
    gatt_write_s: Seconds = 10.0
    """For one write over BLE: a tenth of a second, and what a phone's mobile network adds.  After that it is lost."""
    ble_find_s: Seconds = 12.0
    """To find and connect to a lock: they advertise every second or two, and a caller waits 30 s for a door at most."""
    ble_linger_s: Seconds = 3.0
    """A lock that has nothing more to do is let go after this: long enough for what it says of its new state."""
    reopen_s: Seconds = 1.0
    """Before a serial port, or a lock out of reach, is tried again, doubled each time: adapters need it to settle."""
    reopen_max_s: Seconds = 15.0
    """Where the doubling ends: whoever plugs it in again still stands there when it works."""

    # Connections: how much.
    pending_bytes: Count = 64 * 1024
    """Kept of a frame that is not whole; above any protocol's longest frame, whatever a framer believes."""
    write_buffer_bytes: Count = 64 * 1024
    """Unread answers per connection: thousands of acknowledgements.  A device that never reads is dropped."""
    send_buffer_bytes: Count = 64 * 1024
    """The same in the kernel, in front of ours: left alone it takes megabytes before anybody notices."""
    bad_frames_in_a_row: Count = 16
    """Refused frames with no good one between them: noise on a line gives one or two, a wrong protocol no end."""
    bad_frame_log_bytes: Count = 64
    """Of a refused frame, in a log line: the header and a little more tell what it was."""
    complaints_per_s: Count = 20
    """Log lines about nonsense, over all connections; the rest is counted.  A person reads no more."""
    message_names: Count = 512
    """Message names counted one by one per protocol; unknown codes, which a peer can invent, share one count."""

    # Devices that are not ours.
    registered_devices: Count = 100_000
    """Where open registration ends: five times what connects at once.  More are invented, and each costs memory."""
    refused_hold_s: Seconds = 2.0
    """A refused device's connection is left unanswered this long, doubled each time, or it would spin."""
    refused_hold_max_s: Seconds = 300.0
    """Where the doubling ends."""
    quarantine_devices: Count = 1_000
    """Unknown devices remembered; more are noise, or an attack, and no person could decide on them."""
    quarantine_events: Count = 200
    """Held per unknown device, the newest: an hour or two of an ordinary device's reports."""
    quarantine_bytes: Count = 32 * 1024 * 1024
    """Held in all."""

    # The pipeline.
    batch_ms: Seconds = 4.0
    """How long a batch gathers: little beside a mobile network's latency, and 250 commits a second at most. With a step
    of a command in it, it waits for nothing."""
    batch_events: Count = 2_000
    """A batch with this many entries does not wait any longer: their commit takes some 10 ms.  Under full load each
    commit costs a tenth of a millisecond whatever is in it, so that batches of 400 were 3 % dearer per frame."""
    uncommitted: Count = 10_000
    """Entries not yet durable; above it no socket is read until half of them are.  Bounds memory and one commit."""
    uncommitted_bytes: Count = 32 * 1024 * 1024
    """The same in bytes received and sent."""
    retry_s: Seconds = 0.2
    """Before a failed commit is tried again, doubled each time."""
    retry_max_s: Seconds = 5.0
    """Where the doubling ends: a store that comes back is noticed within this."""

    # Commands.
    queue_per_lane: Count = 32
    """Commands of one lane that wait for one device: more is a program gone wild."""
    in_flight: Count = 16
    """Commands under way at one device, and as many that only wait for their file: they are small."""
    open_commands: Count = 32
    """Unanswered commands remembered per device for a late word; as many as a session remembers."""
    actuation_expires_s: Seconds = 30.0
    """The longest an actuation may wait to be sent: whoever asked is no longer standing there."""
    command_expires_s: Seconds = 7 * 24 * 3600.0
    """The longest any other command may wait: a week-end, and a parcel."""
    firmware_offer_s: Seconds = 3600.0
    """How long the address of a firmware file works: slow modems fetch it in pieces, with pauses."""

    firmware_contents_bytes: Count = 4 * 1024 * 1024
    """A file that is handed to a session whole, for a device that cannot fetch it: such devices take kilobytes."""

    drain_s: Seconds = 10.0
    """From being told to stop until every connection is closed; service managers wait 30 or more."""

    def ticks(self, duration_s: float) -> int:
        """A duration as a number of sweeps, never shorter than it."""
        return ceil(duration_s / self.sweep_s) + 1
