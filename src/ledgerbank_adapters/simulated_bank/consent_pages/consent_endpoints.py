"""The authorization endpoint of both dialects, which asks the customer (RFC 6749 §4.1, PKCE by RFC 7636)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.responses import RedirectResponse, Response

from ledgerbank_adapters.simulated_bank.bank_exchange import Arrival, BankOperation, Handler, is_web_address
from ledgerbank_adapters.simulated_bank.books.simulated_bank_settings import (
    DEFAULT_CUSTOMER_NAME,
    MONZO_ISSUER,
    OPEN_BANKING_ISSUER,
)
from ledgerbank_adapters.simulated_bank.consent_pages.consent_page import (
    STYLESHEET_PATH,
    consent_form,
    refusal_page,
    stylesheet,
)
from ledgerbank_adapters.simulated_bank.grants.simulated_consents import ConsentStatus, SimulatedConsent
from ledgerbank_adapters.simulated_bank.grants.simulated_grants import Authorization, Dialect
from ledgerbank_adapters.simulated_bank.simulated_bank_model import SimulatedBank

LONGEST_NAME = 80
ISSUERS = {Dialect.MONZO: MONZO_ISSUER, Dialect.OPEN_BANKING: OPEN_BANKING_ISSUER}

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_PARAMETERS = (
    "client_id",
    "redirect_uri",
    "response_type",
    "state",
    "code_challenge",
    "code_challenge_method",
    "consent_id",
)
_MONZO_ITEMS = ("your accounts and their balances", "your transactions, also to come")


class _BadLinkError(Exception):
    """What the client asks for cannot be; the message is for the customer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """An authorization request that is in order."""

    client_id: str
    redirect_uri: str
    state: str
    code_challenge: str | None
    consent: SimulatedConsent | None


def ask_customer(dialect: Dialect) -> Handler:
    """GET: the page, or why there is none."""

    def handler(bank: SimulatedBank, arrival: Arrival) -> Response:
        try:
            question = _question(bank, dialect, arrival.query)
        except _BadLinkError as bad:
            return refusal_page(str(bad))
        name = arrival.query.get("customer_name", DEFAULT_CUSTOMER_NAME)
        return _form(arrival.query, question, arrival, name)

    return handler


def take_decision(dialect: Dialect) -> Handler:
    """POST: back to the client, with ``code`` or ``error=access_denied``, and with the ``state`` it sent.

    Each answer says in ``iss`` which bank it is of (RFC 9207).
    """

    def handler(bank: SimulatedBank, arrival: Arrival) -> Response:
        form = arrival.form or {}
        try:
            question = _question(bank, dialect, form)
        except _BadLinkError as bad:
            return refusal_page(str(bad))
        if form.get("decision") == "deny":
            if question.consent is not None:
                question.consent.move_to(ConsentStatus.REJECTED, bank.now())
            return _back(question, dialect, error="access_denied")
        name = " ".join(form.get("customer_name", "").split())
        if form.get("decision") != "approve" or not name or len(name) > LONGEST_NAME:
            problem = f"Please enter a name of 1 to {LONGEST_NAME} characters."
            return _form(form, question, arrival, name, problem=problem)
        return _back(question, dialect, code=_approved(bank, dialect, question, name))

    return handler


def _approved(bank: SimulatedBank, dialect: Dialect, question: _Question, name: str) -> str:
    customer = bank.books.customer_named(name)
    if question.consent is not None:
        question.consent.user_id = customer.user_id
        question.consent.move_to(ConsentStatus.AUTHORISED, bank.now())
    return bank.authorize(
        Authorization(
            dialect=dialect,
            client_id=question.client_id,
            redirect_uri=question.redirect_uri,
            user_id=customer.user_id,
            code_challenge=question.code_challenge,
            consent_id=question.consent.id if question.consent else None,
        )
    )


def _question(bank: SimulatedBank, dialect: Dialect, sent: Mapping[str, str]) -> _Question:
    if sent.get("client_id") not in bank.settings.clients:
        raise _BadLinkError("The application that sent you is not known to the bank (client_id).")
    if not is_web_address(sent.get("redirect_uri", "")):
        raise _BadLinkError("The application did not say where to return to (redirect_uri).")
    if sent["redirect_uri"] not in bank.redirect_uris:
        raise _BadLinkError("The application is not registered to return to that address (redirect_uri).")
    if sent.get("response_type") != "code":
        raise _BadLinkError("The application asked for an unknown kind of access (response_type).")
    if not sent.get("state"):
        raise _BadLinkError("The application did not protect its request (state).")
    challenge = sent.get("code_challenge") or None
    if challenge is not None and (
        sent.get("code_challenge_method") != "S256" or not _CHALLENGE.fullmatch(challenge)
    ):
        raise _BadLinkError("The application's proof is not one by S256 (code_challenge).")
    return _Question(
        client_id=sent["client_id"],
        redirect_uri=sent["redirect_uri"],
        state=sent["state"],
        code_challenge=challenge,
        consent=_awaited_consent(bank, sent) if dialect is Dialect.OPEN_BANKING else None,
    )


def _awaited_consent(bank: SimulatedBank, sent: Mapping[str, str]) -> SimulatedConsent:
    consent = bank.consents.get(sent.get("consent_id", ""))
    if consent is None or consent.client_id != sent["client_id"]:
        raise _BadLinkError("The application lodged no such consent (consent_id).")
    if consent.status is not ConsentStatus.AWAITING_AUTHORISATION or consent.is_expired(bank.now()):
        raise _BadLinkError("This consent was decided on before, or has expired (consent_id).")
    return consent


def _form(
    sent: Mapping[str, str], question: _Question, arrival: Arrival, name: str, *, problem: str = ""
) -> Response:
    return consent_form(
        client_id=question.client_id,
        action=urlsplit(arrival.url).path,
        hidden={key: sent[key] for key in _PARAMETERS if key in sent},
        items=question.consent.permissions if question.consent else _MONZO_ITEMS,
        customer_name=name,
        problem=problem,
    )


def _back(question: _Question, dialect: Dialect, **answer: str) -> Response:
    target = urlsplit(question.redirect_uri)
    known = parse_qsl(target.query, keep_blank_values=True)
    query = [*known, *answer.items(), ("state", question.state), ("iss", ISSUERS[dialect])]
    address = target._replace(query=urlencode(query)).geturl()
    return RedirectResponse(address, status_code=303, headers={"Cache-Control": "no-store"})


def _stylesheet(_: SimulatedBank, __: Arrival) -> Response:
    return stylesheet()


STYLESHEET_OPERATION = BankOperation(method="GET", path=STYLESHEET_PATH, handler=_stylesheet, name=None)


def consent_operations(dialect: Dialect, path: str) -> tuple[BankOperation, ...]:
    return (
        BankOperation(method="GET", path=path, handler=ask_customer(dialect), name="authorize.page"),
        BankOperation(method="POST", path=path, handler=take_decision(dialect), name="authorize.decision"),
    )
