"""How it is known whose an e-mail address is, and where the links in mails lead to."""

from attrs import frozen

from ledgerbank_app.settings.settings_parsers import PAGE_ADDRESS, SECURE_PAGE_ADDRESS, YES_OR_NO
from ledgerbank_app.settings.settings_variables import variable


@frozen(kw_only=True)
class IdentitySettings:
    """Pages are None where they are our own, below ``PUBLIC_BASE_URL``."""

    email_confirmation: bool = variable(
        "EMAIL_CONFIRMATION",
        YES_OR_NO,
        default="false",
        production_default="true",
        meaning=(
            "Whether users must follow a link that is mailed to them before they can log in, and before"
            " another address counts; registration then tells nobody whether an address is known."
        ),
    )
    email_confirmation_page: str | None = variable(
        "EMAIL_CONFIRMATION_PAGE",
        PAGE_ADDRESS,
        in_production=SECURE_PAGE_ADDRESS,
        default_note="a page of the product",
        meaning="The page of your front end that confirms addresses: it finds `#token=` behind its address.",
    )
    password_reset_page: str | None = variable(
        "PASSWORD_RESET_PAGE",
        PAGE_ADDRESS,
        in_production=SECURE_PAGE_ADDRESS,
        default_note="a page of the product",
        meaning="The page of your front end on which a new password is chosen, likewise.",
    )
