"""Who may control the bank: programs on purpose, and never a web page that somebody happens to look at.

A browser lets any page send some requests anywhere. It tells where they come from, cannot send the type
application/json without asking first, and says which name it looked up: so a page of another origin is known,
and one whose name was made to lead here (DNS rebinding) as well.
"""

from ipaddress import ip_address
from urllib.parse import urlsplit

from ledgerbank_adapters.simulated_bank.bank_exchange import Arrival

_WITH_BODY = frozenset({"POST", "PUT"})
_OF_THE_SAME_PAGE = frozenset({"same-origin", "none"})
JSON_TYPE = "application/json"


def foreign_origin(arrival: Arrival) -> str | None:
    """Why the request may not control the bank; None when it may."""
    authority = arrival.headers.get("host", "")
    if not _is_own_name(authority):
        return "The controls answer at addresses and at localhost only: a name might lead anybody here."
    origin = arrival.headers.get("origin")
    if origin is not None and origin.lower() != f"http://{authority.lower()}":
        return "Pages of other origins may not control the bank."
    if arrival.headers.get("sec-fetch-site", "none").lower() not in _OF_THE_SAME_PAGE:
        return "Pages of other sites may not control the bank."
    return None


def is_no_json(arrival: Arrival) -> bool:
    """Whether it is to change something and does not say that it is JSON, which pages cannot say unasked."""
    return arrival.method in _WITH_BODY and arrival.media_type != JSON_TYPE


def _is_own_name(authority: str) -> bool:
    try:
        host = urlsplit(f"//{authority}").hostname or ""
    except ValueError:
        return False
    if host == "localhost":
        return True
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
