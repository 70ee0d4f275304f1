"""``Prefer``: what a client would like, of what it need not get.

The header ``Prefer`` as in RFC 7240 §2, https://www.rfc-editor.org/rfc/rfc7240#section-2
"""

import re

from starlette.datastructures import Headers

PREFER_HEADER = "Prefer"
APPLIED_HEADER = "Preference-Applied"
RESPOND_ASYNC = "respond-async"

_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]++"
_WORD = rf'(?:{_NAME}|"(?:[^"\\]++|\\.)*+")'
_PARAMETER = rf"{_NAME}(?:[ \t]*=(?:[ \t]*{_WORD})?)?"
_PREFERENCE = re.compile(
    rf"(?P<name>{_NAME})(?:[ \t]*=(?:[ \t]*(?P<value>{_WORD}))?)?(?:[ \t]*;(?:[ \t]*{_PARAMETER})?)*"
)
# What stands between commas; a comma inside quotes is none.
_ELEMENT = re.compile(r'(?:[^",]++|"(?:[^"\\]++|\\.)*+"?)++', re.DOTALL)


def prefers_async(headers: Headers) -> bool:
    """Whether the client would rather be told where to look later than wait."""
    return prefers(headers, RESPOND_ASYNC)


def prefers(headers: Headers, preference: str) -> bool:
    """Whether the client has this preference, one of those that are a mere word.

    Several such headers are one. What is malformed is passed over, as is one with a value, for it has none.
    """
    return preferences(headers).get(preference) == ""


def preferences(headers: Headers) -> dict[str, str]:
    """The value of each preference by its name in lower case; of a repeated one the first counts.

    An empty value is the same as none.
    """
    found: dict[str, str] = {}
    for element in _ELEMENT.findall(",".join(headers.getlist(PREFER_HEADER))):
        preference = _PREFERENCE.fullmatch(element.strip(" \t"))
        if preference is not None:
            found.setdefault(preference["name"].lower(), _unquoted(preference["value"] or ""))
    return found


def _unquoted(word: str) -> str:
    return re.sub(r"\\(.)", r"\1", word[1:-1]) if word.startswith('"') else word
