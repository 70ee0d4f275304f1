"""The files that pages consist of, out of this package."""

from functools import cache
from importlib.resources import files


@cache
def page_file(directory: str, name: str) -> bytes:
    """Read once: ``directory`` and ``name`` are constants, or checked against a list."""
    return (files("ledgerbank_adapters.http") / directory / name).read_bytes()
