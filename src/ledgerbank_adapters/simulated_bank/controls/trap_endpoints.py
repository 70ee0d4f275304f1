"""What can be made to go wrong between the simulated bank's books and those who read them."""

from dataclasses import asdict
from enum import Enum
from typing import Any

from ledgerbank_adapters.simulated_bank.books.simulated_account import BalanceKind
from ledgerbank_adapters.simulated_bank.books.simulated_habits import (
    InstantStyle,
    NamedMovements,
    Oddity,
    PageSeam,
    SimulatedHabits,
)
from ledgerbank_adapters.simulated_bank.controls.control_bodies import ControlBody
from ledgerbank_adapters.simulated_bank.controls.control_payloads import (
    Payload,
    shown_account,
    shown_transaction,
)
from ledgerbank_adapters.simulated_bank.simulated_bank_model import SimulatedBank


def list_movement(bank: SimulatedBank, body: ControlBody, transaction_id: str) -> Payload:
    listed = body.flag("listed")
    body.done()
    return shown_transaction(bank.traps.list_movement(transaction_id, listed=listed))


def replace_hold(bank: SimulatedBank, body: ControlBody, transaction_id: str) -> Payload:
    amount, pending = body.optional_whole("amount"), body.flag("pending", default=False)
    created = body.instant("created")
    body.done()
    return shown_transaction(
        bank.traps.replace_hold(transaction_id, amount=amount, pending=pending, created=created)
    )


def make_movement_odd(bank: SimulatedBank, body: ControlBody, transaction_id: str) -> Payload:
    oddity = body.optional_choice("oddity", Oddity)
    body.done()
    return shown_transaction(bank.traps.make_movement_odd(transaction_id, oddity))


def make_account_odd(bank: SimulatedBank, body: ControlBody, account_id: str) -> Payload:
    oddity = body.optional_choice("oddity", Oddity)
    body.done()
    return shown_account(bank.traps.make_account_odd(account_id, oddity))


def show_account(bank: SimulatedBank, body: ControlBody, account_id: str) -> Payload:
    shown = body.flag("shown")
    body.done()
    return shown_account(bank.traps.show_account(account_id, shown=shown))


def set_credit_line(bank: SimulatedBank, body: ControlBody, account_id: str) -> Payload:
    limit = body.whole("limit")
    body.done()
    return shown_account(bank.traps.set_credit_line(account_id, limit))


def set_balance_kinds(bank: SimulatedBank, body: ControlBody, account_id: str) -> Payload:
    kinds = body.choices("kinds", BalanceKind)
    body.done()
    return shown_account(bank.traps.set_balance_kinds(account_id, kinds))


def renumber(bank: SimulatedBank, body: ControlBody, user_id: str) -> Payload:
    movements = body.flag("movements", default=False)
    body.done()
    renumbered = bank.traps.renumber(user_id, movements=movements)
    return {"accounts": [shown_account(each) for each in renumbered]}


def get_habits(bank: SimulatedBank, _: ControlBody, __: str) -> Payload:
    return _shown(bank.habits)


def set_habits(bank: SimulatedBank, body: ControlBody, _: str) -> Payload:
    """What is not named is as the standards have it."""
    habits = SimulatedHabits(
        instants=body.choice("instants", InstantStyle, InstantStyle.STANDARD),
        clock_error_seconds=body.whole("clock_error_seconds", 0),
        filter_offset_minutes=body.whole("filter_offset_minutes", 0),
        filters_by_day=body.flag("filters_by_day", default=False),
        page_seam=body.choice("page_seam", PageSeam, PageSeam.WHOLE),
        named_movements=body.choice("named_movements", NamedMovements, NamedMovements.ALL),
        balance_lag_seconds=body.whole("balance_lag_seconds", 0),
        expires_in_as_text=body.flag("expires_in_as_text", default=False),
        bare_accounts=body.flag("bare_accounts", default=False),
        bare_refusals=body.flag("bare_refusals", default=False),
    )
    body.done()
    bank.set_habits(habits)
    return _shown(habits)


def _shown(habits: SimulatedHabits) -> Payload:
    return {name: _plain(value) for name, value in asdict(habits).items()}


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Enum) else value
