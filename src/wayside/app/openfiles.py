"""Room for many connections."""

from __future__ import annotations

import resource


def raise_open_files() -> int:
    """Lift the limit of open files as far as the system lets us; the limit now.

    Login shells start with a soft limit of 1024, which is about a thousand devices.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard
