"""The sample bank catalogue: banks with a branch each."""

from dataclasses import dataclass
from uuid import UUID

from ledgerbank_domain.banking.bank import Bank, BankBranch
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleBank:
    """A bank and its only branch."""

    name: str
    country: str
    code: str
    integration_module: str | None = None
    branch_name: str
    iban: str | None = None
    routing_number: str | None = None
    swift_code: str | None = None


DEMO_BANK = SampleBank(
    name="Demo Bank",
    country="US",
    code="DEMO_BANK_US",
    branch_name="Main Branch",
    iban="US1234567890",
    routing_number="111000025",
    swift_code="DEMOUS33XXX",
)
TEST_BANK = SampleBank(
    name="Test Bank",
    country="UK",
    code="TEST_BANK_UK",
    branch_name="London Branch",
    iban="GB9876543210",
    routing_number="222000111",
    swift_code="TESTGB2LXXX",
)
SIMULATED_BANK = SampleBank(
    name="Simulated Bank",
    country="GB",
    code="SIMULATED_BANK",
    integration_module="simulated",
    branch_name="Simulated Branch",
)
SIMULATED_BANKS = {
    "monzo": SIMULATED_BANK,
    "open_banking_3.1": SampleBank(
        name="Simulated Open Banking",
        country="GB",
        code="SIMULATED_OPEN_BANKING",
        integration_module="simulated_open_banking",
        branch_name="Simulated Branch",
    ),
    "open_banking_4.0": SampleBank(
        name="Simulated Open Banking 4",
        country="GB",
        code="SIMULATED_OPEN_BANKING_4",
        integration_module="simulated_open_banking_4",
        branch_name="Simulated Branch",
    ),
}
"""The simulated bank once for each dialect, as ``SIMULATED_BANK_DIALECTS`` names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleBankLoader:
    """Adds sample banks that are not there yet; it never changes one that is."""

    start_unit_of_work: StartUnitOfWork
    ids: IdGenerator

    def load(self, sample: SampleBank) -> BankBranch:
        """The bank's branch, created with its bank when there is none.

        Two loaders at once meet at the unique names: the slower one finds what the faster one stored.
        """
        try:
            return self._find_or_add(sample)
        except DomainError as error:
            if error.reason is not Reason.RESOURCE_ALREADY_EXISTS:
                raise
            return self._find_or_add(sample)

    def _find_or_add(self, sample: SampleBank) -> BankBranch:
        with self.start_unit_of_work() as work:
            bank = work.banks.find_by_code(sample.code)
            bank_id = bank.id if bank else self._add_bank(work, sample)
            for branch in work.banks.list_branches(bank_id):
                if branch.name == sample.branch_name:
                    return branch
            added = self._add_branch(work, bank_id, sample)
            work.commit()
        return added

    def _add_bank(self, work: UnitOfWork, sample: SampleBank) -> UUID:
        now = work.now()
        bank = Bank(
            id=self.ids.new_id(),
            name=sample.name,
            country=sample.country,
            code=sample.code,
            integration_module=sample.integration_module,
            inserted_at=now,
            updated_at=now,
        )
        work.banks.add(bank)
        return bank.id

    def _add_branch(self, work: UnitOfWork, bank_id: UUID, sample: SampleBank) -> BankBranch:
        now = work.now()
        branch = BankBranch(
            id=self.ids.new_id(),
            bank_id=bank_id,
            name=sample.branch_name,
            country=sample.country,
            iban=sample.iban,
            routing_number=sample.routing_number,
            swift_code=sample.swift_code,
            inserted_at=now,
            updated_at=now,
        )
        work.banks.add_branch(branch)
        return branch
