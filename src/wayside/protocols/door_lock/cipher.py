"""The cipher of 2D.  The document does not name it, and the captured frame does not tell: AES is an assumption."""

from __future__ import annotations

from typing import Final, Protocol

from cryptography.hazmat.primitives.ciphers import Cipher as Context
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

from wayside.model.errors import ConfigError


class Cipher(Protocol):
    """Turns one block of 16 bytes into another under a key of 16 bytes, and back."""

    def encrypt(self, key: bytes, block: bytes) -> bytes:
        """What goes to the lock."""

    def decrypt(self, key: bytes, block: bytes) -> bytes:
        """The reverse."""


class Aes128Ecb:
    """AES with 128 bits.  One block under a key that is used once: the mode's weakness does not matter here."""

    def encrypt(self, key: bytes, block: bytes) -> bytes:
        encryptor = Context(AES(key), ECB()).encryptor()  # noqa: S305 - one block, see the class
        return encryptor.update(block) + encryptor.finalize()

    def decrypt(self, key: bytes, block: bytes) -> bytes:
        decryptor = Context(AES(key), ECB()).decryptor()  # noqa: S305 - one block, see the class
        return decryptor.update(block) + decryptor.finalize()


CIPHER_DEFAULT: Final = "aes-128-ecb"

CIPHERS: Final[dict[str, Cipher]] = {CIPHER_DEFAULT: Aes128Ecb()}
"""By the name that the option ``cipher`` gives.  A lock that turns out to use another needs a class and a line here."""


def cipher_named(name: str) -> Cipher:
    """The cipher of this name.

    Raises:
        ConfigError: there is none.
    """
    cipher = CIPHERS.get(name)
    if cipher is None:
        raise ConfigError(f"cipher: there is no {name!r}, only {', '.join(CIPHERS)}")
    return cipher
