"""What keeps a sync that is late from writing: the token of its lease, looked at in every unit of work."""

from dataclasses import dataclass
from uuid import UUID

from ledgerbank_domain.banking.bank_login import BankLogin
from ledgerbank_domain.ports.unit_of_work import UnitOfWork


class SyncLeaseLost(Exception):  # noqa: N818 - what happened
    """The login was connected anew, disconnected or paused, or another sync took over: this one is late."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncFence:
    """Keeps a sync that has lost its lease from writing anything."""

    login_id: UUID
    token: UUID

    def lock_login(self, work: UnitOfWork) -> BankLogin:
        """What everything that a sync writes begins with. Raises :class:`SyncLeaseLost`."""
        login = work.bank_logins.find_for_update(self.login_id)
        if login is None or not self.holds(login) or not login.may_sync:
            raise SyncLeaseLost
        return login

    def holds(self, login: BankLogin) -> bool:
        """Whether the login is still held by this sync's lease."""
        return login.is_leased_with(self.token)
