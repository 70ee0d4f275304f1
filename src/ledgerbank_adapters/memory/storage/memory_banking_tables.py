"""The tables of banks: the catalogue, the logins and accounts there, and what the banks told."""

from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ledgerbank_adapters.memory.storage.memory_identity_tables import MemoryIdentityTables
from ledgerbank_adapters.memory.storage.memory_index import OrderedIndex, UniqueIndex
from ledgerbank_adapters.memory.storage.memory_table import ForeignKey, MemoryTable
from ledgerbank_domain.banking.account import Account
from ledgerbank_domain.banking.bank import Bank, BankBranch
from ledgerbank_domain.banking.bank_login import BankLogin
from ledgerbank_domain.banking.oauth_state import OAuthState
from ledgerbank_domain.errors.error_catalog import Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookEventRow:
    """That a bank's event was received."""

    id: UUID
    provider: str
    event_id: str
    event_type: str
    ignored: bool
    inserted_at: datetime


class MemoryBankingTables:
    """Banks, branches, logins, accounts, OAuth states and webhook events, each with its indexes."""

    def __init__(self, identity: MemoryIdentityTables) -> None:
        self._create_catalogue()
        self._create_logins(identity)
        self._create_accounts(identity)
        self._create_oauth_states(identity)
        self._create_webhook_events()

    def _create_catalogue(self) -> None:
        # Never goes back, not even when a write is undone: one number too many only costs a look.
        self.catalogue_version = 0
        self.bank_by_code = UniqueIndex[Bank]("code", lambda bank: bank.code)
        bank_by_name = UniqueIndex[Bank]("name", lambda bank: bank.name)
        self.banks = MemoryTable[Bank]("banks", unique=[bank_by_name, self.bank_by_code])
        self.branches_of_bank = OrderedIndex[BankBranch](
            group_of=lambda branch: branch.bank_id, order_of=lambda branch: branch.name
        )
        self.bank_branches = MemoryTable[BankBranch](
            "bank_branches",
            unique=[
                UniqueIndex("iban", lambda branch: branch.iban),
                UniqueIndex("swift_code", lambda branch: branch.swift_code),
            ],
            indexes=[self.branches_of_bank],
            references=[ForeignKey("bank_id", self.banks, Reason.BANK_NOT_FOUND)],
        )

    def _create_logins(self, identity: MemoryIdentityTables) -> None:
        self.logins_of_user = OrderedIndex[BankLogin](
            group_of=lambda login: login.user_id, order_of=lambda login: login.inserted_at
        )
        self.login_by_username = UniqueIndex[BankLogin](
            "username", lambda login: (login.user_id, login.bank_branch_id, login.username)
        )
        self.sealed_logins = OrderedIndex[BankLogin](
            group_of=lambda login: True if login.is_connected else None, order_of=lambda login: login.id
        )
        self.bank_logins = MemoryTable[BankLogin](
            "user_bank_logins",
            unique=[self.login_by_username],
            indexes=[self.logins_of_user, self.sealed_logins],
            references=[
                ForeignKey("user_id", identity.users, Reason.USER_NOT_FOUND),
                ForeignKey("bank_branch_id", self.bank_branches, Reason.BANK_BRANCH_NOT_FOUND),
            ],
        )

    def _create_accounts(self, identity: MemoryIdentityTables) -> None:
        self.accounts_of_user = OrderedIndex[Account](
            group_of=lambda account: account.user_id, order_of=lambda account: account.inserted_at
        )
        self.account_by_external_id = UniqueIndex[Account]("external_account_id", _external_account_key)
        self.accounts_called = OrderedIndex[Account](
            group_of=lambda account: account.external_account_id, order_of=lambda account: account.id
        )
        self.accounts_of_bank = OrderedIndex[Account](
            group_of=lambda account: account.bank_id, order_of=lambda account: account.id
        )
        self.accounts = MemoryTable[Account](
            "user_bank_accounts",
            unique=[self.account_by_external_id],
            indexes=[self.accounts_of_user, self.accounts_called, self.accounts_of_bank],
            references=[
                ForeignKey("user_id", identity.users, Reason.USER_NOT_FOUND),
                ForeignKey("user_bank_login_id", self.bank_logins, Reason.BANK_LOGIN_NOT_FOUND),
                ForeignKey("bank_id", self.banks, Reason.BANK_NOT_FOUND),
            ],
        )

    def _create_oauth_states(self, identity: MemoryIdentityTables) -> None:
        self.state_by_hash = UniqueIndex[OAuthState]("state", lambda state: state.state_hash)
        self.states_by_expiry = OrderedIndex[OAuthState](
            group_of=lambda _: True, order_of=lambda state: state.expires_at
        )
        self.sealed_states = OrderedIndex[OAuthState](
            group_of=lambda state: None if state.code_verifier is None and state.kept is None else True,
            order_of=lambda state: state.id,
        )
        self.states_of_login = OrderedIndex[OAuthState](
            group_of=lambda state: state.user_bank_login_id, order_of=lambda state: state.id
        )
        self.oauth_states = MemoryTable[OAuthState](
            "oauth_states",
            unique=[self.state_by_hash],
            indexes=[self.states_by_expiry, self.sealed_states, self.states_of_login],
            references=[
                ForeignKey("user_id", identity.users, Reason.USER_NOT_FOUND),
                ForeignKey("user_bank_login_id", self.bank_logins, Reason.BANK_LOGIN_NOT_FOUND),
            ],
        )

    def _create_webhook_events(self) -> None:
        self.webhook_events_by_age = OrderedIndex[WebhookEventRow](
            group_of=lambda _: True, order_of=lambda event: event.inserted_at
        )
        self.webhook_events = MemoryTable[WebhookEventRow](
            "webhook_events",
            unique=[UniqueIndex("event_id", lambda event: (event.provider, event.event_id))],
            indexes=[self.webhook_events_by_age],
        )


def _external_account_key(account: Account) -> Hashable | None:
    external_id = account.external_account_id
    return None if external_id is None else (external_id, account.bank_id, account.user_id)
