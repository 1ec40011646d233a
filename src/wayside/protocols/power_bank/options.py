"""What an operator may set for a model of cabinet: the parts of the frame that the document leaves open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from wayside.model.errors import ConfigError
from wayside.protocols.power_bank.crc import Crc, crc_from

MODES: Final = {"strict": False, "lenient": True}
SEPARATORS: Final = {"comma": False, "dot": True}


class Options(msgspec.Struct, frozen=True):
    """``crc``: None where it may be learnt; ``lenient``: take frames whose CRC is wrong, and flag them.

    ``learnt``: what earlier connections of this cabinet found out, which may be learnt anew.
    ``dotted``: write a dot between the kind of a message and its slot, as the document prints it.
    """

    crc: Crc | None = None
    lenient: bool = False
    dotted: bool = False
    learnt: Crc | None = None


def options_from(texts: Mapping[str, str]) -> Options:
    """``crc_profile``, ``crc_mode``, ``separators`` and ``crc_learnt``; other options are somebody else's.

    Raises:
        ConfigError: a value that is none of its choices.
    """
    return Options(
        _crc("crc_profile", texts.get("crc_profile")),
        _choice("crc_mode", MODES, texts.get("crc_mode", "strict")),
        _choice("separators", SEPARATORS, texts.get("separators", "comma")),
        _crc("crc_learnt", texts.get("crc_learnt")),
    )


def _crc(name: str, text: str | None) -> Crc | None:
    try:
        return crc_from(text) if text else None
    except ValueError as error:
        raise ConfigError(f"{name}: {error}") from None


def _choice(name: str, choices: Mapping[str, bool], text: str) -> bool:
    if text not in choices:
        raise ConfigError(f"{name}: {text!r} is none of {', '.join(choices)}")
    return choices[text]
