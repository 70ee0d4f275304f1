"""Texts as they stand in XML 1.0, https://www.w3.org/TR/xml/#charsets"""

REPLACEMENT = "\ufffd"

_NO_CHARACTERS = {
    code: REPLACEMENT
    for codes in (range(0x20), range(0xD800, 0xE000), (0xFFFE, 0xFFFF))
    for code in codes
    if chr(code) not in "\t\n\r"
}
# A reader of XML makes a newline of each carriage return that it is not told of like this.
_ESCAPED = _NO_CHARACTERS | {
    ord("&"): "&amp;",
    ord("<"): "&lt;",
    ord(">"): "&gt;",
    ord("\r"): "&#13;",
}
_IN_ONE_LINE = _NO_CHARACTERS | {ord(space): " " for space in "\t\n\r\x85\u2028\u2029"}


def xml_text(text: str, *, max_length: int | None = None) -> str:
    """The text between two tags, cut to so many characters: what XML cannot hold becomes U+FFFD."""
    return text[:max_length].translate(_ESCAPED)


def one_line(text: str) -> str:
    """The text without what XML cannot hold, on one line."""
    return text.translate(_IN_ONE_LINE)
