"""The addresses that others are told to come to: banks, and the browsers of their customers."""

from urllib.parse import quote

CANONICAL_PREFIX = "/api/v1"
"""Where the API is, for whoever is given an address of it."""
BANK_CALLBACK = "/bank-logins/callback"
MAIL_PAGES = "/auth/pages"
EMAIL_CONFIRMATION_PAGE = MAIL_PAGES + "/confirm-email"
PASSWORD_RESET_PAGE = MAIL_PAGES + "/choose-password"
WEBHOOKS = "/webhooks/{provider}"
DOCS_ASSETS = "/docs/assets/{name}"
ICON = "favicon-32x32.png"


def bank_callback_url(public_base_url: str) -> str:
    """Where a bank sends its customer's browser back to."""
    return public_base_url + CANONICAL_PREFIX + BANK_CALLBACK


def mail_page_url(public_base_url: str, page: str) -> str:
    """Where a link in a mail leads to, for products without a front end of their own."""
    return public_base_url + CANONICAL_PREFIX + page


def webhook_url(public_base_url: str, provider: str) -> str:
    """Where a bank tells of what happened there."""
    return public_base_url + CANONICAL_PREFIX + WEBHOOKS.format(provider=quote(provider, safe=""))


def icon_url(public_base_url: str) -> str:
    """A small picture of us, for what a bank shows in its own app."""
    return public_base_url + CANONICAL_PREFIX + DOCS_ASSETS.format(name=ICON)
