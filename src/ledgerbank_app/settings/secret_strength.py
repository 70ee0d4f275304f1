"""Whether a secret could be guessed: an estimate that errs on the side of what really is random.

Sixty-four characters are no protection when they are one character, a word, a run of the alphabet or a part
of themselves over and over. What is left once all of that is taken out has to hold enough by itself.
"""

import re
from math import log2

MIN_BITS = 80
# A token of 16 characters, as bearer tokens may be, has no room for more.
MIN_TOKEN_BITS = 24
_SHORTEST_REPEAT = 4
_SHORTEST_RUN = 4
# What people, documents and templates write where a secret belongs; longer ones first.
_WORDS = [
    "abcdefghijklmnopqrstuvwxyz",
    "0123456789",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "placeholder",
    "development",
    "production",
    "ledgerbank",
    "replaceme",
    "metrics",
    "insecure",
    "password",
    "changeme",
    "changeit",
    "webhook",
    "replace",
    "example",
    "default",
    "letmein",
    "private",
    "signing",
    "testing",
    "staging",
    "sample",
    "secret",
    "string",
    "random",
    "change",
    "please",
    "qwertz",
    "qwerty",
    "azerty",
    "token",
    "admin",
    "super",
    "bytes",
    "least",
    "value",
    "local",
    "super",
    "dummy",
    "very",
    "long",
    "here",
    "this",
    "your",
    "with",
    "that",
    "must",
    "test",
    "1234",
    "demo",
    "foo",
    "bar",
    "baz",
    "jwt",
    "key",
    "dev",
    "256",
    "512",
    "bit",
    "for",
    "not",
    "the",
    "and",
    "my",
]
_WORD = re.compile("|".join(sorted(map(re.escape, _WORDS), key=len, reverse=True)))


def is_guessable(secret: bytes, *, min_bits: int = MIN_BITS) -> bool:
    """Whether so little of the secret is its own that somebody might find it by trying."""
    # One character for one byte: keys are any bytes, and words are words in any case.
    own = _without_repeats(_WORD.sub("", secret.decode("latin-1").lower()))
    return len(own) * log2(max(len(set(own)), 1)) < min_bits


def _without_repeats(text: str) -> str:
    own: list[str] = []
    position = 0
    while position < len(text):
        known = max(_repeat_at(text, position), _run_at(text, position))
        own.append(text[position])
        position += max(known, 1)
    return "".join(own)


def _repeat_at(text: str, position: int) -> int:
    """How much of the text from there on has come before, or 0 when that may be chance."""
    length = _SHORTEST_REPEAT
    while (
        position + length <= len(text)
        and text.find(text[position : position + length], 0, position + length - 1) >= 0
    ):
        length += 1
    return length - 1 if length > _SHORTEST_REPEAT else 0


def _run_at(text: str, position: int) -> int:
    """How long the characters from there on follow each other at one distance, as in aaaa, 1234 or zyxw."""
    step = 0
    length = 1
    for before, after in zip(text[position:], text[position + 1 :], strict=False):
        distance = ord(after) - ord(before)
        if length == 1:
            step = distance
        if distance != step or abs(step) > 1:
            break
        length += 1
    return length if length >= _SHORTEST_RUN else 0
