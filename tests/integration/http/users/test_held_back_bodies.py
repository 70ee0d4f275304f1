"""A request whose body is held back is one of who its caller is when it has come, not when it began."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import orjson
import pytest
from tests.support.http.asgi_exchange import Exchange
from tests.support.http.http_bank import PASSWORD, Customer, HttpBank, data_of

from ledgerbank_adapters.http.operations import operation_execution
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.payments.payment_limits import PaymentLimits
from ledgerbank_domain.services.service_composition import Services

NEW_KEY = orjson.dumps({"name": "Mine now", "scopes": ["payments:write"]})
ANOTHER = "another staple of horses"
SECOND = timedelta(seconds=1)


def held_back(bank: HttpBank, thief: Customer, meanwhile: Callable[[Services, Actor], object]) -> Exchange:
    """The thief's request for a key, whose last byte comes once the owner has done something about them."""
    services = bank.office.services(PaymentLimits())

    def chunks() -> Iterator[bytes]:
        yield NEW_KEY[:-1]
        # The owner's clock goes on while the thief waits.
        bank.office.clock.advance(SECOND)
        meanwhile(services, Actor(user_id=thief.user.id))
        yield NEW_KEY[-1:]

    headers = [
        (b"authorization", f"Bearer {thief.token}".encode()),
        (b"content-type", b"application/json"),
        (b"content-length", str(len(NEW_KEY)).encode()),
    ]
    exchange = Exchange(bank.app, bank.portal, "POST", "/api/api-keys", headers, is_whole=True)
    return exchange.run(chunks())


def changes_password(services: Services, owner: Actor) -> None:
    services.passwords.change_password(
        owner, current_password=PASSWORD, new_password=ANOTHER, password_confirmation=ANOTHER
    )


def logs_out_everywhere(services: Services, owner: Actor) -> None:
    services.sessions.log_out_everywhere(owner)


def keys_of(bank: HttpBank, customer: Customer, password: str) -> list[object]:
    return list(data_of(bank.logged_in(customer.user, password).get("/api-keys")))


def test_a_session_that_another_password_ended_makes_no_key_with_what_it_had_begun(
    bank: HttpBank, alice: Customer
) -> None:
    exchange = held_back(bank, alice, changes_password)

    assert (exchange.status, exchange.json["error"]["reason"]) == (401, "token_revoked")
    assert keys_of(bank, alice, ANOTHER) == []


def test_a_session_that_its_owner_ended_makes_no_key_either_once_its_body_took_long(
    bank: HttpBank, alice: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operation_execution, "ASKED_AGAIN_AFTER_SECONDS", -1.0)

    exchange = held_back(bank, alice, logs_out_everywhere)

    assert (exchange.status, exchange.json["error"]["reason"]) == (401, "token_revoked")
    assert keys_of(bank, alice, PASSWORD) == []


def test_whoever_may_still_do_it_does_it_however_long_their_body_took(
    bank: HttpBank, alice: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operation_execution, "ASKED_AGAIN_AFTER_SECONDS", -1.0)

    exchange = held_back(bank, alice, lambda *_: None)

    assert exchange.status == 201
    assert len(keys_of(bank, alice, PASSWORD)) == 1
