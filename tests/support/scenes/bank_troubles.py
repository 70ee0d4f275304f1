"""Troubles that a simulated bank is told to have, and what a login then says."""

from typing import Any

from tests.support.scenes.sync_scene import SyncScene

from ledgerbank_adapters.simulated_bank import Fault
from ledgerbank_domain.banking.bank_login import BankLogin, BankLoginStatus
from ledgerbank_domain.errors.error_catalog import Reason


def order(scene: SyncScene, operation: str, **fault: Any) -> None:
    with scene.bank.model.locked():
        scene.bank.model.faults.faults.append(Fault(operation=operation, **fault))


def told(login: BankLogin) -> tuple[BankLoginStatus, Reason | None]:
    return login.status, None if login.last_error is None else login.last_error.reason
