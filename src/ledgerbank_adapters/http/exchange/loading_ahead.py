"""Browsers that load a page before anybody asks to see it."""

from starlette.datastructures import Headers

# https://wicg.github.io/nav-speculation/prefetch.html#sec-purpose-header, and what came before it.
_PURPOSES = ("sec-purpose", "purpose", "x-purpose", "x-moz")
_AHEAD = ("prefetch", "prerender", "preview")


def is_loaded_ahead(headers: Headers) -> bool:
    return any(word in headers.get(name, "").lower() for name in _PURPOSES for word in _AHEAD)
