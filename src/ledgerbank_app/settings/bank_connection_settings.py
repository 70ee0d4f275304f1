"""How customers come back from their bank, and what they do then."""

from attrs import frozen

from ledgerbank_app.settings.settings_parsers import YES_OR_NO, return_addresses
from ledgerbank_app.settings.settings_variables import variable


@frozen(kw_only=True)
class BankConnectionSettings:
    """Who may finish a connection that was begun, and where browsers go after it."""

    confirmation: bool = variable(
        "BANK_CONNECT_CONFIRMATION",
        YES_OR_NO,
        default="false",
        production_default="true",
        meaning=(
            "Whether who connects a bank has to confirm, by what their browser is shown when it comes back,"
            " that it was theirs."
        ),
    )
    return_urls: frozenset[str] = variable(
        "BANK_RETURN_URLS",
        return_addresses("http", "https"),
        in_production=return_addresses("https"),
        default="",
        meaning=(
            "Where browsers may be sent that come back from a bank, letter by letter; outside production also"
            " to any address of this machine."
        ),
    )
