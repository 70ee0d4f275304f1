"""A letter, and its two forms: text and HTML that say the same, because both are made of the same parts."""

import unicodedata
from dataclasses import dataclass
from html import escape

SIGNATURE = "LedgerBank"
# What starts a new line somewhere, and what turns the direction of the text after it.
_BREAKS = frozenset({"Cc", "Zl", "Zp"})
_DIRECTION_CONTROLS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A mail's content, from which its text and its HTML are made.

    ``facts`` are labels and values. All of it is plain text; only values are a stranger's words. ``subject``
    holds none of them: it shows on locked screens, and stands in a header. ``link`` is what to follow.
    """

    subject: str
    opening: str
    facts: tuple[tuple[str, str], ...]
    advice: str
    link: str | None = None


def one_line(text: str) -> str:
    """``text`` on one line that reads as it is written: without line breaks and controls of direction.

    Names and descriptions may hold both, and could pretend to be other lines of a letter or of a header.
    """
    characters = (" " if unicodedata.category(each) in _BREAKS else each for each in text)
    return " ".join("".join(each for each in characters if each not in _DIRECTION_CONTROLS).split())


def letter_as_text(letter: Letter, *, name: str) -> str:
    """The letter as plain text, addressed to ``name``; lines end in a line feed."""
    facts = "\n".join(f"  {label}: {one_line(value)}" for label, value in letter.facts)
    link = () if letter.link is None else (letter.link,)
    parts = (_greeting(name), letter.opening, *link, facts, letter.advice, SIGNATURE)
    return "\n\n".join(parts) + "\n"


def letter_as_html(letter: Letter, *, name: str) -> str:
    """The letter as a page that loads nothing from anywhere; every value in it is escaped."""
    facts = "\n".join(
        f"<tr><th>{escape(label)}</th><td>{escape(one_line(value))}</td></tr>"
        for label, value in letter.facts
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8">'
        f"<title>{escape(letter.subject)}</title></head>\n<body>\n"
        f"<p>{escape(_greeting(name))}</p>\n"
        f"<p>{escape(letter.opening)}</p>\n"
        f"{_link_as_html(letter)}"
        f"<table>\n{facts}\n</table>\n"
        f"<p>{escape(letter.advice)}</p>\n"
        f"<p>{escape(SIGNATURE)}</p>\n</body>\n</html>\n"
    )


def _link_as_html(letter: Letter) -> str:
    """Shown in full: people shall see where it leads."""
    if letter.link is None:
        return ""
    return f'<p><a href="{escape(letter.link)}">{escape(letter.link)}</a></p>\n'


def _greeting(name: str) -> str:
    return f"Dear {one_line(name) or 'customer'},"
