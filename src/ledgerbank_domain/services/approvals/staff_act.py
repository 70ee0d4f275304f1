"""What an act that takes two administrators must tell of itself.

It knows how it is kept as JSON and read back, what it is about, whom it concerns, and which use-case does it:
the same that does it where nobody else is asked.
"""

from abc import abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self
from uuid import UUID

from ledgerbank_domain.approvals.approval import ActKind
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.ports.unit_of_work import UnitOfWork
from ledgerbank_domain.services.accounts.account_service import AccountService
from ledgerbank_domain.services.ledger.ledger_reversal_service import LedgerReversalService
from ledgerbank_domain.services.users.registration_service import RegistrationService
from ledgerbank_domain.services.users.second_factor_service import SecondFactorService
from ledgerbank_domain.services.users.user_service import UserService

Facts = Mapping[str, Any]


class ActingServices(Protocol):
    """The use-cases that acts are done by."""

    @property
    def users(self) -> UserService:
        """Those about users."""

    @property
    def registration(self) -> RegistrationService:
        """Those that make users."""

    @property
    def second_factor(self) -> SecondFactorService:
        """Those about second factors."""

    @property
    def accounts(self) -> AccountService:
        """Those about accounts."""

    @property
    def reversals(self) -> LedgerReversalService:
        """Those that undo what was booked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConcernedUsers:
    """Whose rows an act locks, beside those of who asked and who decides.

    ``gaining`` are those who may do or have more by it. ``administration``: it may end somebody's, so that
    every administrator is to be held.
    """

    ids: Collection[UUID] = ()
    gaining: Collection[UUID] = ()
    administration: bool = False


class StaffAct(Protocol):
    """One act as it was asked for."""

    kind: ClassVar[ActKind]

    @property
    def target_id(self) -> UUID | None:
        """What it is done to; None when the act itself makes it."""

    @property
    def subject(self) -> str:
        """What only one request of the kind may be pending about."""
        return str(self.target_id)

    @classmethod
    @abstractmethod
    def read(cls, arguments: Facts) -> Self:
        """The act that :meth:`arguments` told."""

    @abstractmethod
    def arguments(self) -> Facts:
        """What it is done with, as JSON."""

    @abstractmethod
    def takes_two(self, work: UnitOfWork, actor: Actor) -> bool:
        """Whether it is one for two as things stand, when the actor does it.

        What does not exist is for the use-case to refuse.
        """

    @abstractmethod
    def concerned(self, work: UnitOfWork) -> ConcernedUsers:
        """Whom it concerns, read without a lock."""

    @abstractmethod
    def basis(self, work: UnitOfWork) -> Facts:
        """What it is decided upon, as JSON and under lock: another basis makes it another act."""

    @abstractmethod
    def wanted(self) -> Facts:
        """The fields that it sets, as people may see them."""

    @abstractmethod
    def perform(self, services: ActingServices, actor: Actor) -> UUID:
        """Does it, and gives the id of what it was done to. Its use-case ends with its commit."""


def facts_of(facts: Facts, wanted: Facts, *always: str) -> Facts:
    """What is there now of the fields that the act sets, and of those that it always hangs on."""
    return {name: value for name, value in facts.items() if name in wanted or name in always}
