"""Payees in storage."""

from abc import abstractmethod
from collections.abc import Collection
from typing import Protocol
from uuid import UUID

from ledgerbank_domain.identity.page import Page, PageRequest
from ledgerbank_domain.payments.payee import Payee
from ledgerbank_domain.payments.step_up import PayeeKey


class PayeeRepository(Protocol):
    """Of a user and an account there is one payee at most."""

    @abstractmethod
    def add(self, payee: Payee) -> None:
        """Raises ``resource_already_exists`` when the user has that account among their payees."""

    @abstractmethod
    def find(self, payee_id: UUID) -> Payee | None:
        """The one with this id, if it exists."""

    @abstractmethod
    def delete(self, payee: Payee) -> None:
        """Removes a payee whose user is locked by this unit of work."""

    @abstractmethod
    def list_page(self, user_id: UUID, *, request: PageRequest) -> Page[Payee]:
        """The user's payees, newest first."""

    @abstractmethod
    def find_known(self, keys: Collection[PayeeKey]) -> frozenset[PayeeKey]:
        """Those whom the user trusts or has paid: a COMPLETED payment that was not reversed.

        One query for any number of them.
        """
