"""Which gateway speaks to the bank of a branch."""

from collections.abc import Container, Mapping
from uuid import UUID

from ledgerbank_domain.banking.bank import Bank, BankStatus
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.ports.bank_gateway import BankGateway
from ledgerbank_domain.ports.unit_of_work import UnitOfWork

Gateways = Mapping[str, BankGateway]
"""Those that are set up, by what a bank's ``integration_module`` calls them."""


def bank_of_branch(work: UnitOfWork, branch_id: UUID) -> Bank:
    """The bank that the branch belongs to. Raises ``bank_branch_not_found``."""
    branch = work.banks.find_many_branches([branch_id]).get(branch_id)
    if branch is None:
        raise DomainError(Reason.BANK_BRANCH_NOT_FOUND, field="bank_branch_id")
    return work.banks.get(branch.bank_id)


def gateway_of(bank: Bank, gateways: Gateways) -> BankGateway | None:
    """None where nothing here speaks to the bank."""
    return None if bank.integration_module is None else gateways.get(bank.integration_module)


def is_connectable(bank: Bank, gateways: Container[str | None]) -> bool:
    """Whether users can connect to it now: the bank takes part, and something here speaks to it."""
    return bank.status is BankStatus.ACTIVE and bank.integration_module in gateways


def usable_gateway(bank: Bank, gateways: Gateways) -> BankGateway:
    """The bank's gateway. Raises ``bank_inactive`` when users cannot connect to the bank now."""
    gateway = gateway_of(bank, gateways)
    if gateway is None or not is_connectable(bank, gateways):
        raise DomainError(Reason.BANK_INACTIVE)
    return gateway
