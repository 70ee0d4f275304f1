"""``Accept``: whether a client would rather have its errors as problem details, or a page instead of JSON.

Quality values as in RFC 9110 §12.5.1, https://www.rfc-editor.org/rfc/rfc9110#section-12.5.1
"""

import re

PROBLEM_MEDIA_TYPE = "application/problem+json"
_QUALITY = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?", re.ASCII)


def prefers_problem_details(accept: str) -> bool:
    """Only a client that names the media type gets it, and not when it likes plain JSON better."""
    qualities = _qualities(accept)
    problem = qualities.get(PROBLEM_MEDIA_TYPE, 0.0)
    return problem > 0 and problem >= _quality_of_json(qualities)


def prefers_html(accept: str) -> bool:
    """Only a client that names HTML and likes it better than JSON: a browser."""
    qualities = _qualities(accept)
    return qualities.get("text/html", 0.0) > _quality_of_json(qualities)


def _quality_of_json(qualities: dict[str, float]) -> float:
    """By the most specific range that covers it."""
    for media_range in ("application/json", "application/*", "*/*"):
        if media_range in qualities:
            return qualities[media_range]
    return 0.0


def _qualities(accept: str) -> dict[str, float]:
    """By media range, parameters aside. A range with a malformed quality is left out."""
    qualities: dict[str, float] = {}
    for item in accept.split(","):
        media_range, *parameters = (part.strip().lower() for part in item.split(";"))
        weights = [parameter[2:].strip() for parameter in parameters if parameter.startswith("q=")]
        weight = weights[0] if weights else "1"
        if media_range and _QUALITY.fullmatch(weight):
            qualities[media_range] = max(float(weight), qualities.get(media_range, 0.0))
    return qualities
