"""How often each address, or each device, did something, in windows of time; bounded, whoever asks."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from wayside.model.instant import MINUTE, SECOND, Instant

WINDOW: Final = MINUTE

# The table of addresses: the oldest is forgotten.  Whoever has more addresses than this is not held up by counting
# them, and gains nothing else.
ADDRESSES_MAX: Final = 4096


def network(address: str) -> str:
    """An IPv4 address itself; of an IPv6 address the /64, which one subscriber has to himself.  "" for neither."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if isinstance(parsed, ipaddress.IPv4Address):
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(parsed), 64), strict=False))


class Rate:
    """At most ``most`` times a minute for each address; with another ``key``, for each of those."""

    def __init__(self, most: int, key: Callable[[str], str] = network) -> None:
        self._most = most
        self._key = key
        self._seen: OrderedDict[str, tuple[Instant, int]] = OrderedDict()

    def count(self, address: str, now: Instant) -> int:
        """Note one more time; gives the seconds to wait, 0 while the address may go on."""
        key = self._key(address)
        since, times = self._seen.pop(key, (now, 0))
        if not 0 <= now - since < WINDOW:
            since, times = now, 0
        while len(self._seen) >= ADDRESSES_MAX:
            self._seen.popitem(last=False)
        self._seen[key] = (since, times + 1)
        if times < self._most:
            return 0
        return (since + WINDOW - now + SECOND - 1) // SECOND

    def __len__(self) -> int:
        return len(self._seen)
