"""Ids and figures that look drawn by chance, but follow from the seed number and names alone."""

from collections.abc import Sequence
from hashlib import sha256
from typing import TypeVar

T = TypeVar("T")

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ID_LENGTH = 18


def hashed_number(*parts: object) -> int:
    """A number of 256 bits that follows from the parts and looks like no other's."""
    return int.from_bytes(sha256("\x1f".join(map(str, parts)).encode()).digest())


def hashed_id(prefix: str, *parts: object) -> str:
    """An id in the shape of Monzo's: ``acc_0000`` and 18 letters or digits. Its order says nothing."""
    number = hashed_number(prefix, *parts)
    letters = []
    for _ in range(_ID_LENGTH):
        number, digit = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[digit])
    return f"{prefix}_0000{''.join(letters)}"


class HashedDraws:
    """A stream of figures that is the same for the same parts, on every machine and Python."""

    def __init__(self, *parts: object) -> None:
        self._parts = parts
        self._drawn = 0

    def between(self, low: int, high: int) -> int:
        """A whole number from ``low`` to ``high``, both included."""
        self._drawn += 1
        return low + hashed_number(*self._parts, self._drawn) % (high - low + 1)

    def one_of(self, choices: Sequence[T]) -> T:
        return choices[self.between(0, len(choices) - 1)]
