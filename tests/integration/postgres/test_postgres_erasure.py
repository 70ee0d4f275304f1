"""After a user was erased, nothing in any table says any more who they were, but for what is listed here."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import Engine
from tests.support.refusals import refused
from tests.support.scenes.entity_builder import EntityBuilder
from tests.support.scenes.service_world import PASSWORD, ServiceWorld

from ledgerbank_adapters.memory import MemoryClock
from ledgerbank_adapters.postgres import PostgresMailbox, PostgresStartUnitOfWork
from ledgerbank_adapters.postgres.repositories.postgres_erasure_repository import REMOVALS
from ledgerbank_adapters.postgres.schema.column_kinds import metadata
from ledgerbank_adapters.system import Uuid7IdGenerator
from ledgerbank_domain.banking.bank_login import LoginError, SealedTokens
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.idempotency.idempotency_record import IdempotentRequest, StoredAnswer
from ledgerbank_domain.identity.actor import Actor, Origin, Role
from ledgerbank_domain.identity.scope import Scope
from ledgerbank_domain.jobs.job import JobKind
from ledgerbank_domain.payments.payee import NewPayee
from ledgerbank_domain.services.idempotency.idempotency_service import Performed
from ledgerbank_domain.users.api_key import NewApiKey
from ledgerbank_domain.users.user import UserChanges

EMAIL, NAME = "Quillfeather@Example.com", "Zaphira Quillfeather"
OLD_EMAIL, OLD_NAME = "zq.maiden@example.com", "Zaphira Maidenname"
USERNAME, PROVIDER_ID = "zquill1965", "user_of_zaphira"
ADDRESS, AGENT = "203.0.113.77", "ZaphiraPhone/1.0"
TELLTALES = ("quillfeather", "zaphira", "zq.maiden", "zquill1965", ADDRESS)

# Kept on purpose, and why. Whatever a new table keeps of people has to be erased, or named here.
MAY_TELL = {
    # Proof of who changed what, for the defence of claims and by law; never changed by anybody, and removed
    # only after export, when AUDIT_RETENTION_DAYS is over.
    "audit_events.metadata",
    "audit_events.ip",
    "audit_events.repeat_key",
    "audit_events.user_agent",
    # Mails that went to an address from before the last one, which nothing tells any more: the mailbox is
    # development's, and none of a product that sends its mails.
    "development_mails.to_address",
    "development_mails.to_name",
    "development_mails.text_body",
    "development_mails.html_body",
    # The books: what payer and payee wrote for each other is kept as long as the law wants books kept.
    "journal_entries.description",
    "transactions.description",
    "transactions.description_search",
    "user_payments.description",
}

# What names users by id, and what becomes of it when they are erased, where it is not removed.
STAYS = {
    "user_bank_logins": "its username, tokens and what the bank calls its customer are replaced or gone",
    "user_bank_accounts": "books",
    "user_payments": "books",
    "transactions": "books",
    "approvals": "what two of staff decided who are named by ids; what they decided about the user is gone",
    "audit_events": "proof of who did what",
}


@pytest.fixture
def clock() -> MemoryClock:
    return MemoryClock()


@pytest.fixture
def mailbox(postgres_engine: Engine, clock: MemoryClock) -> PostgresMailbox:
    return PostgresMailbox(postgres_engine, clock)


@pytest.fixture
def world(postgres_engine: Engine, clock: MemoryClock, mailbox: PostgresMailbox) -> ServiceWorld:
    return ServiceWorld(
        start_unit_of_work=PostgresStartUnitOfWork(postgres_engine, clock=clock),
        clock=clock,
        ids=Uuid7IdGenerator(),
        mailer=mailbox,
    )


def telling_columns(engine: Engine) -> dict[str, set[str]]:
    """Each column of each table with a row that holds a telltale in clear, and which ones."""
    found: dict[str, set[str]] = {}
    with engine.connect() as connection:
        for table in metadata.sorted_tables:
            for row in connection.execute(table.select()).mappings():
                for column, value in row.items():
                    text = bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
                    told = {each for each in TELLTALES if each.lower().encode() in text.lower()}
                    if told:
                        found.setdefault(f"{table.name}.{column}", set()).update(told)
    return found


def test_every_table_that_names_users_is_cleared_of_them_or_stays_for_a_reason() -> None:
    naming = {
        table.name
        for table in metadata.sorted_tables
        for column in table.columns
        if column.name in ("user_id", "actor_user_id")
        or any(key.column.table.name == "users" for key in column.foreign_keys)
    }
    removed = set(re.findall(r"DELETE FROM (\w+)", " ".join(REMOVALS)))

    assert naming == STAYS.keys() | (removed - {"login_failures", "jobs"})


def leave_traces(world: ServiceWorld, given: EntityBuilder, admin: Actor) -> Actor:
    """A customer who uses all there is, and is deleted."""
    origin = Origin(ip=ADDRESS, user_agent=AGENT)
    user, _ = world.user(OLD_EMAIL)
    actor = Actor(user_id=user.id, role=Role.USER, origin=origin)
    world.users.update_profile(actor, UserChanges(full_name=OLD_NAME))
    world.users.update_profile(actor, UserChanges(email=EMAIL, full_name=NAME))
    world.auth.log_in(Actor(origin=origin), email=EMAIL, password=PASSWORD)
    refused(lambda: world.auth.log_in(Actor(origin=origin), email=EMAIL, password="a wrong one"))
    world.services.passwords.change_password(
        actor,
        current_password=PASSWORD,
        new_password="another staple of horses",
        password_confirmation="another staple of horses",
    )
    account = world.account_of(user, "100")
    payment = world.pending(actor, account, "10", f"For the birthday of {NAME}")
    world.payment_processing.process(actor, payment_id=payment.id)
    given.a_login(
        user,
        username=USERNAME,
        provider_user_id=PROVIDER_ID,
        tokens=SealedTokens(access=b"sealed"),
        last_error=LoginError(
            reason=Reason.BANK_API_ERROR, message=f"{USERNAME} is unknown", at=world.clock.now()
        ),
    )
    given.a_key(user, name=f"Bookkeeping of {NAME}", last_used_ip=ADDRESS)
    given.a_job(
        JobKind.NOTIFICATION_SEND,
        args={
            "user_id": str(user.id),
            "template": "bank_login_needs_attention",
            "params": {
                "username": USERNAME,
                "bank_name": "Demo Bank",
                "reason": "timeout",
                "failed_at": world.clock.now().isoformat(),
            },
        },
    )
    world.services.api_keys.create(actor, NewApiKey(name=f"Books of {NAME}", scopes=[Scope.ACCOUNTS_READ]))
    bob = world.user("bob@example.com")
    theirs = world.account_of(bob.user, "1")
    world.services.payees.add(actor, NewPayee(counterparty_account_id=theirs.id, name=f"Friend of {NAME}"))
    world.services.payees.add(bob.actor, NewPayee(counterparty_account_id=account.id, name=NAME))
    answer = StoredAnswer(status=200, headers={}, body=EMAIL.encode())
    world.services.idempotency.perform_once(
        IdempotentRequest(user_id=user.id, key=NAME, content="a request"),
        lambda _: Performed(result=None, answer=answer),
    )
    for _ in range(3):
        world.services.due_jobs.run_due_jobs()
    world.users.delete(admin, user_id=user.id)
    return actor


def test_nothing_tells_who_an_erased_user_was_but_what_is_kept_on_purpose(
    world: ServiceWorld, given: EntityBuilder, postgres_engine: Engine, mailbox: PostgresMailbox
) -> None:
    admin = world.user("admin@example.com", role=Role.ADMIN)[1]
    actor = leave_traces(world, given, admin)
    before = telling_columns(postgres_engine)
    told_before = {"users.email", "users.full_name", "refresh_tokens.ip", "login_clients.network"}
    told_before |= {"login_failures.subject", "jobs.args", "development_mails.to_address"}
    told_before |= {"user_bank_logins.username", "user_bank_logins.provider_user_id"}
    told_before |= {"api_keys.name", "api_keys.last_used_ip"}
    told_before |= {"api_keys.name", "payees.name"}
    told_before |= {"idempotency_records.response_body", "idempotency_records.key"}
    assert told_before <= before.keys()
    events = [event for event in _events(postgres_engine) if event["event"] != "user.erased"]

    world.clock.advance(timedelta(days=30))
    world.services.due_jobs.run_due_jobs()

    assert telling_columns(postgres_engine).keys() <= MAY_TELL
    assert "quillfeather@example.com" not in {
        entry.mail.to_address.lower() for entry in mailbox.list_newest(limit=100)
    }
    assert world.users.get(admin, user_id=actor.required_user_id()).is_erased
    assert world.ledger.verify() == []
    after = _events(postgres_engine)
    assert all(event in after for event in events)


def _events(engine: Engine) -> list[dict[str, object]]:
    with engine.connect() as connection:
        table = metadata.tables["audit_events"]
        return [dict(row) for row in connection.execute(table.select()).mappings()]
