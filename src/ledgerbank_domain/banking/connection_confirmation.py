"""Confirmations: what a browser that comes back from a bank is shown, for who began the visit to repeat."""

from hashlib import sha256

CONFIRMATION_LENGTH = 6
CONFIRMATION_ALPHABET = "34679CDFGHJKMNPQRTVWXY"
"""Nothing that is easily taken for something else (0 O, 1 I L, 2 Z, 5 S, 8 B, U V), and no words."""


def confirmation_from(pseudonym: str) -> str:
    """Six characters by a keyed hash: the same for the same hash, and to be guessed by nobody."""
    number = int.from_bytes(sha256(pseudonym.encode()).digest())
    characters = []
    for _ in range(CONFIRMATION_LENGTH):
        number, place = divmod(number, len(CONFIRMATION_ALPHABET))
        characters.append(CONFIRMATION_ALPHABET[place])
    return "".join(characters)


def typed_confirmation(text: str) -> str:
    """What somebody meant who typed a confirmation: in capitals, whatever they put between."""
    return "".join(text.upper().replace("-", " ").split())
