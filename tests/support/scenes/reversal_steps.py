"""Payments that are executed only to be undone, and their entries."""

from decimal import Decimal
from typing import Unpack
from uuid import UUID

from tests.support.scenes.entity_builder import EntityBuilder
from tests.support.scenes.service_world import DraftFields, ServiceWorld

from ledgerbank_domain.banking.account import Account
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.ledger.journal import EntryKind, JournalEntry
from ledgerbank_domain.payments.payment import Payment, PaymentType

WHY = "Sent to the wrong person"


def executed(
    world: ServiceWorld,
    actor: Actor,
    account: Account,
    amount: str = "10",
    description: str = "",
    **fields: Unpack[DraftFields],
) -> Payment:
    payment = world.pending(actor, account, amount, description, **fields)
    return world.payment_processing.process(actor, payment_id=payment.id)


def transferred(
    world: ServiceWorld, actor: Actor, account: Account, to: Account, amount: str = "10"
) -> Payment:
    return executed(
        world, actor, account, amount, payment_type=PaymentType.TRANSFER, counterparty_account_id=to.id
    )


def known(entry_id: UUID | None) -> UUID:
    assert entry_id is not None
    return entry_id


def entry_of(world: ServiceWorld, entry_id: UUID | None) -> JournalEntry:
    with world.start_unit_of_work() as work:
        entry = work.journal.find(known(entry_id))
    assert entry is not None
    return entry


def entry_of_kind(given: EntityBuilder, account: Account, kind: EntryKind) -> JournalEntry:
    return given.a_movement(account, Decimal(5), kind=kind)[1]
