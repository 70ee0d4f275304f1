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


def is_another_customer(gateway: BankGateway, one: str | None, other: str | None) -> bool:
    """Whether the bank means two people by these names; where it names consents they say nothing."""
    return gateway.names_customers and one is not None and other is not None and one != other


def is_answer_of(bank: Bank, issuer: str | None, gateways: Gateways) -> bool:
    """Whether an answer that names this issuer, or none, may be of this bank (RFC 9207).

    A bank that a customer visits may send them on to another one, whose code we would then give to the first:
    https://www.rfc-editor.org/rfc/rfc9700#section-4.4. One that always says who it is cannot be meant by an
    answer that says otherwise. An answer that does not say may be of any bank that never does.
    """
    gateway = gateway_of(bank, gateways)
    expected = None if gateway is None else gateway.issuer
    if issuer is not None:
        return issuer == expected
    return expected is None or all(each.issuer is not None for each in gateways.values())
