"""Which names of domains there can be: labels of RFC 1034 and, beyond ASCII, of IDNA 2008.

Which characters a label may have is derived from Unicode's properties as RFC 5892 says, so it goes with the
Unicode of the running Python. https://www.rfc-editor.org/rfc/rfc5892
"""

import re
from unicodedata import bidirectional, category

from ledgerbank_domain.identity.text_folding import folded, has_ignorable

_MAX_LABEL = 63
_MAX_NAME = 253
_A_LABEL_PREFIX = "xn--"
_LDH = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
_LETTER_DIGITS = frozenset({"Ll", "Lu", "Lt", "Lo", "Nd", "Lm", "Mn", "Mc"})
_MARKS = frozenset({"Mn", "Mc", "Me"})
# RFC 5892 §2.6, as far as the properties of these say otherwise ...
_ALLOWED_ALL_THE_SAME = frozenset("\u00df\u03c2\u06fd\u06fe\u0f0b\u3007")
_REFUSED_ALL_THE_SAME = frozenset("\u0640\u07fa\u302e\u302f\u3031\u3032\u3033\u3034\u3035\u303b")
# ... and what is no part of words, or a part of a Korean syllable: RFC 5892 §2.4 and §2.9.
_REFUSED_BLOCKS = re.compile(
    "[\u20d0-\u20ff\U0001d100-\U0001d1ff\U0001d200-\U0001d24f\u1100-\u11ff\ua960-\ua97c\ud7b0-\ud7fb]"
)
# Two sets of digits that look alike may not stand in one label (appendix A.8 and A.9).
_ARABIC_DIGITS = re.compile("[\u0660-\u0669]")
_EXTENDED_ARABIC_DIGITS = re.compile("[\u06f0-\u06f9]")


def is_domain_name(name: str) -> bool:
    """Whether a public domain can have this name: two labels at least, and no number as the last.

    Case and width are as typed. An address of a host is no name.
    """
    if len(name) > _MAX_NAME:
        return False
    labels = [_unicode_label(label) for label in name.split(".")]
    known = [label for label in labels if label is not None]
    if len(known) < len(labels) or len(known) == 1 or known[-1].isdecimal():
        return False
    lengths = [len(_ascii_label(label)) for label in known]
    if max(lengths) > _MAX_LABEL or sum(lengths) + len(lengths) - 1 > _MAX_NAME:
        return False
    return not any(map(_is_right_to_left, known)) or all(map(_keeps_direction, known))


def _unicode_label(typed: str) -> str | None:
    """The label as it is read, or None for what is none."""
    if has_ignorable(typed) or not all(map(_may_be_typed, typed)):
        # Signs and numbers fold into several characters, a dot among them: that would be another name.
        return None
    label = folded(typed)
    if label.startswith(_A_LABEL_PREFIX):
        return _decoded(label)
    return label if _is_label(label) else None


def _decoded(a_label: str) -> str | None:
    """What a label of IDNA's encoding says, when it is the one encoding of that."""
    if not a_label.isascii() or _LDH.fullmatch(a_label) is None or len(a_label) > _MAX_LABEL:
        return None
    try:
        label = a_label.removeprefix(_A_LABEL_PREFIX).encode("ascii").decode("punycode")
    except UnicodeError:
        return None
    says_more = not label.isascii() and _is_label(label)
    return label if says_more and _ascii_label(label) == a_label else None


def _ascii_label(label: str) -> str:
    return label if label.isascii() else _A_LABEL_PREFIX + label.encode("punycode").decode("ascii")


def _is_label(label: str) -> bool:
    if label.isascii():
        return _LDH.fullmatch(label) is not None
    if label.startswith("-") or label.endswith("-") or label[2:4] == "--" or category(label[0]) in _MARKS:
        return False
    if _ARABIC_DIGITS.search(label) and _EXTENDED_ARABIC_DIGITS.search(label):
        return False
    return all(map(_may_be_in_a_label, label))


def _may_be_typed(character: str) -> bool:
    return character == "-" or character in _ALLOWED_ALL_THE_SAME or category(character) in _LETTER_DIGITS


def _may_be_in_a_label(character: str) -> bool:
    """PVALID of RFC 5892 §3; what is allowed only in some places is refused, but for digits."""
    if character.isascii():
        return character == "-" or character.islower() or character.isdecimal()
    if character in _ALLOWED_ALL_THE_SAME:
        return True
    if character in _REFUSED_ALL_THE_SAME or _REFUSED_BLOCKS.match(character):
        return False
    is_stable = folded(character) == character
    return is_stable and not has_ignorable(character) and category(character) in _LETTER_DIGITS


def _is_right_to_left(label: str) -> bool:
    return any(bidirectional(each) in ("R", "AL", "AN") for each in label)


def _keeps_direction(label: str) -> bool:
    """The Bidi rule, for every label of a name that has some of either direction.

    https://www.rfc-editor.org/rfc/rfc5893#section-2
    """
    kinds = [bidirectional(each) for each in label]
    last = next((kind for kind in reversed(kinds) if kind != "NSM"), "")
    if kinds[0] == "L":
        return {*kinds} <= {"L", "EN", "ES", "CS", "ET", "ON", "BN", "NSM"} and last in ("L", "EN")
    return (
        kinds[0] in ("R", "AL")
        and {*kinds} <= {"R", "AL", "AN", "EN", "ES", "CS", "ET", "ON", "BN", "NSM"}
        and last in ("R", "AL", "EN", "AN")
        and not {"EN", "AN"} <= {*kinds}
    )
