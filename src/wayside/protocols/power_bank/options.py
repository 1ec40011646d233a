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

    ``dotted``: write a dot between the kind of a message and its slot, as the document prints it.
    """

    crc: Crc | None = None
    lenient: bool = False
    dotted: bool = False


def options_from(texts: Mapping[str, str]) -> Options:
    """``crc_profile``, ``crc_mode`` and ``separators`` of ``Setup.options``; other options are somebody else's.

    Raises:
        ConfigError: a value that is none of its choices.
    """
    return Options(
        _crc(texts.get("crc_profile")),
        _choice("crc_mode", MODES, texts.get("crc_mode", "strict")),
        _choice("separators", SEPARATORS, texts.get("separators", "comma")),
    )


def _crc(text: str | None) -> Crc | None:
    try:
        return crc_from(text) if text else None
    except ValueError as error:
        raise ConfigError(f"crc_profile: {error}") from None


def _choice(name: str, choices: Mapping[str, bool], text: str) -> bool:
    if text not in choices:
        raise ConfigError(f"{name}: {text!r} is none of {', '.join(choices)}")
    return choices[text]
