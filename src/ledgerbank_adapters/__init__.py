"""Adapters: one package for each outside thing by which the ports are kept; none knows a sibling."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def requires_extra(extra: str) -> Iterator[None]:
    """Around the imports of a package that needs an extra: a missing library names the extra to install."""
    try:
        yield
    except ModuleNotFoundError as missing:
        if (missing.name or "").startswith("ledgerbank"):
            raise
        raise ModuleNotFoundError(
            f"{missing.name} is not installed: pip install 'ledgerbank[{extra}]'", name=missing.name
        ) from None
