"""The tables of failed logins and of networks that users logged in from."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

from ledgerbank_adapters.memory.storage.memory_index import OrderedIndex
from ledgerbank_adapters.memory.storage.memory_table import ForeignKey, MemoryTable
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.users.login_failures import LoginFailures
from ledgerbank_domain.users.user import User

_SUBJECTS = UUID("01a2217d-0000-7000-8000-000000000001")


@dataclass(frozen=True, slots=True)
class LoginFailuresRow:
    failures: LoginFailures

    @property
    def id(self) -> UUID:
        return failures_id(self.failures.subject)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginNetworkRow:
    user_id: UUID
    network: str
    last_used_at: datetime

    @property
    def id(self) -> UUID:
        return network_id(self.user_id, self.network)


def failures_id(subject: str) -> UUID:
    return uuid5(_SUBJECTS, subject)


def network_id(user_id: UUID, network: str) -> UUID:
    return uuid5(user_id, network)


class MemoryLoginTables:
    def __init__(self, users: MemoryTable[User]) -> None:
        self.failures_by_age = OrderedIndex[LoginFailuresRow](
            group_of=lambda _: True, order_of=lambda row: row.failures.updated_at
        )
        self.failures = MemoryTable[LoginFailuresRow]("login_failures", indexes=[self.failures_by_age])
        self.networks_by_age = OrderedIndex[LoginNetworkRow](
            group_of=lambda _: True, order_of=lambda row: row.last_used_at
        )
        self.networks = MemoryTable[LoginNetworkRow](
            "login_networks",
            indexes=[self.networks_by_age],
            references=[ForeignKey("user_id", users, Reason.USER_NOT_FOUND)],
        )
