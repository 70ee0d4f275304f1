"""OAuth states and webhook events, as connecting a bank leaves them in storage."""

from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from tests.support.scenes.entity_builder import EntityBuilder

from ledgerbank_domain.banking.bank_login import BankLogin
from ledgerbank_domain.banking.oauth_state import OAuthState
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork


def new_state(given: EntityBuilder, login: BankLogin, name: str = "a state", **fields: Any) -> OAuthState:
    now = given.clock.now()
    defaults = {
        "id": given.ids.new_id(),
        "state_hash": sha256(name.encode()).hexdigest(),
        "user_id": login.user_id,
        "user_bank_login_id": login.id,
        "expires_at": now + timedelta(minutes=10),
        "inserted_at": now,
        "updated_at": now,
    }
    return OAuthState(**{**defaults, **fields})


def a_state(given: EntityBuilder, login: BankLogin, name: str = "a state", **fields: Any) -> OAuthState:
    state = new_state(given, login, name, **fields)
    given.stored(lambda work: work.oauth_states.add(state))
    return state


def found(start_unit_of_work: StartUnitOfWork, state: OAuthState) -> OAuthState | None:
    with start_unit_of_work() as work:
        return work.oauth_states.find_by_hash_for_update(state.state_hash)


def note(
    start_unit_of_work: StartUnitOfWork,
    given: EntityBuilder,
    event_id: str,
    *,
    provider: str = "monzo",
    at: datetime | None = None,
) -> bool:
    with start_unit_of_work() as work:
        is_new = work.webhook_events.add_new(
            row_id=given.ids.new_id(),
            provider=provider,
            event_id=event_id,
            event_type="transaction.created",
            ignored=False,
            at=at or given.clock.now(),
        )
        work.commit()
    return is_new
