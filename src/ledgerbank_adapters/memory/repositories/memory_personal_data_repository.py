"""What is kept in memory about a user, in the columns that other storages have."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from enum import Enum
from operator import attrgetter
from typing import Any
from uuid import UUID

from ledgerbank_adapters.memory.storage.memory_session import MemorySession
from ledgerbank_domain.banking.bank_login import LoginError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.money.money import Money
from ledgerbank_domain.ports.repositories.personal_data_repository import PersonalDataRepository
from ledgerbank_domain.users.personal_data import PersonalRecord, PersonalTable

Columns = Mapping[str, Callable[[Any], Any]]

# Where a column is called or made otherwise than the entity's field.
COLUMNS: Mapping[str, Columns] = {
    "login_clients": {
        "network": lambda row: row.client.network,
        "device": lambda row: row.client.device,
        "inserted_at": lambda row: row.last_used_at,
        "updated_at": lambda row: row.last_used_at,
    },
    "api_keys": {
        "scopes": lambda key: " ".join(key.scope_names),
        "allowed_networks": lambda key: " ".join(key.allowed_networks),
    },
    "user_bank_logins": {"last_error": lambda login: login.last_error and _error_json(login.last_error)},
    "user_bank_accounts": {"currency": lambda account: account.currency.code},
    "transactions": {"currency": lambda line: line.amount.currency.code},
    "user_payments": {"currency": lambda payment: payment.currency.code},
    "approvals": {"act": lambda approval: approval.kind},
    "audit_events": {
        "event": lambda event: event.name,
        "occurrences": lambda event: event.count,
        **{
            name: attrgetter(f"origin.{name}")
            for name in ("ip", "user_agent", "method", "path", "correlation_id")
        },
    },
}


class MemoryPersonalDataRepository(PersonalDataRepository):
    def __init__(self, session: MemorySession) -> None:
        self._session = session

    def read(
        self,
        table: PersonalTable,
        user_id: UUID,
        *,
        until: datetime,
        after: tuple[Any, ...] | None,
        limit: int,
    ) -> Sequence[PersonalRecord]:
        def value(row: Any, column: str) -> Any:
            make = COLUMNS.get(table.table, {}).get(column)
            return _plain(make(row) if make else getattr(row, column))

        def position(row: Any) -> tuple[Any, ...]:
            return tuple(value(row, name) for name in table.order)

        mine = sorted(
            (
                row
                for row in self._rows(table.table)
                if value(row, table.owner) == user_id and value(row, table.came_at) <= until
            ),
            key=position,
        )
        following = [row for row in mine if after is None or position(row) > after][:limit]
        return [
            PersonalRecord(facts={name: value(row, name) for name in table.fields}, position=position(row))
            for row in following
        ]

    def _rows(self, table: str) -> Iterable[Any]:
        tables = self._session.tables
        stored: Mapping[str, Iterable[Any]] = {
            "users": tables.identity.users,
            "refresh_tokens": tables.identity.refresh_tokens,
            "login_clients": tables.identity.clients,
            "second_factors": tables.identity.second_factors,
            "api_keys": tables.identity.api_keys,
            "mail_tokens": tables.identity.mail_tokens,
            "user_bank_logins": tables.banking.bank_logins,
            "user_bank_accounts": tables.banking.accounts,
            "transactions": tables.ledger.transactions,
            "statement_imports": tables.ledger.statement_imports,
            "user_payments": tables.payment.payments,
            "payees": tables.payment.payees,
            "approvals": tables.approval.approvals,
            "audit_events": tables.record.audit_events,
        }
        return stored[table]


def _error_json(error: LoginError) -> Mapping[str, str]:
    return {"reason": error.reason.code, "message": error.message, "at": error.at.isoformat()}


def _plain(value: Any) -> Any:
    match value:
        case Money():
            return value.amount
        case Reason():
            return value.code
        case Enum():
            return value.value
        case _:
            return value
