"""The tables of users: sessions, failed logins, clients that they logged in with, second factors."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

from ledgerbank_adapters.memory.storage.memory_index import OrderedIndex, UniqueIndex
from ledgerbank_adapters.memory.storage.memory_table import ForeignKey, MemoryTable
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.users.api_key import ApiKey
from ledgerbank_domain.users.login_client import LoginClient
from ledgerbank_domain.users.login_failures import LoginFailures
from ledgerbank_domain.users.mail_token import MailToken
from ledgerbank_domain.users.refresh_token import RefreshToken
from ledgerbank_domain.users.second_factor import SecondFactor
from ledgerbank_domain.users.second_factor_challenge import SecondFactorChallenge
from ledgerbank_domain.users.user import User

_SUBJECTS = UUID("01a2217d-0000-7000-8000-000000000001")


@dataclass(frozen=True, slots=True)
class LoginFailuresRow:
    """The failures of a subject; its id is made of the subject, which is unique by that."""

    failures: LoginFailures

    @property
    def id(self) -> UUID:
        return failures_id(self.failures.subject)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginClientRow:
    """That a user logged in with a client; its id is made of both, which are unique by that."""

    user_id: UUID
    client: LoginClient
    last_used_at: datetime

    @property
    def id(self) -> UUID:
        return client_id(self.user_id, self.client)


def failures_id(subject: str) -> UUID:
    return uuid5(_SUBJECTS, subject)


def client_id(user_id: UUID, client: LoginClient) -> UUID:
    return uuid5(user_id, f"{client.network}\n{client.device}")


class MemoryIdentityTables:
    """Users, their tokens and second factors, failed logins and known clients, each with its indexes."""

    def __init__(self) -> None:
        self.user_by_email = UniqueIndex[User](
            "email", lambda user: user.email_identity, reason=Reason.EMAIL_ALREADY_EXISTS
        )
        self.users_to_erase = OrderedIndex[User](
            group_of=lambda user: True if user.is_deleted and not user.is_erased else None,
            order_of=lambda user: user.deleted_at,
        )
        self.users = MemoryTable[User]("users", unique=[self.user_by_email], indexes=[self.users_to_erase])
        self.token_by_jti = UniqueIndex[RefreshToken]("jti", lambda token: token.jti)
        # A session that was continued for years leaves a long tail of dead tokens, and one live one.
        self.live_token_of_session = UniqueIndex[RefreshToken](
            "session_id", lambda token: token.session_id if token.is_live else None, reason=None
        )
        self.live_tokens_of_user = OrderedIndex[RefreshToken](
            group_of=lambda token: token.user_id if token.is_live else None,
            order_of=lambda token: token.inserted_at,
        )
        self.tokens_by_expiry = OrderedIndex[RefreshToken](
            group_of=lambda _: True, order_of=lambda token: token.expires_at
        )
        self.refresh_tokens = MemoryTable[RefreshToken](
            "refresh_tokens",
            unique=[self.token_by_jti, self.live_token_of_session],
            indexes=[self.live_tokens_of_user, self.tokens_by_expiry],
            references=[ForeignKey("user_id", self.users, Reason.USER_NOT_FOUND)],
        )
        self.keys_of_user = OrderedIndex[ApiKey](
            group_of=lambda key: key.user_id if key.revoked_at is None else None,
            order_of=lambda key: key.inserted_at,
        )
        self.keys_by_expiry = OrderedIndex[ApiKey](
            group_of=lambda _: True, order_of=lambda key: key.expires_at
        )
        self.api_keys = MemoryTable[ApiKey](
            "api_keys",
            indexes=[self.keys_of_user, self.keys_by_expiry],
            references=[ForeignKey("user_id", self.users, Reason.USER_NOT_FOUND)],
        )
        self.mail_token_of_user = UniqueIndex[MailToken](
            "purpose", lambda token: (token.user_id, token.purpose)
        )
        self.mail_token_by_hash = UniqueIndex[MailToken]("token_hash", lambda token: token.token_hash)
        self.mail_tokens_by_expiry = OrderedIndex[MailToken](
            group_of=lambda _: True, order_of=lambda token: token.expires_at
        )
        self.sealed_mail_tokens = OrderedIndex[MailToken](
            group_of=lambda token: True if token.sealed is not None else None,
            order_of=lambda token: token.id,
        )
        self.mail_tokens = MemoryTable[MailToken](
            "mail_tokens",
            unique=[self.mail_token_of_user, self.mail_token_by_hash],
            indexes=[self.mail_tokens_by_expiry, self.sealed_mail_tokens],
            references=[ForeignKey("user_id", self.users, Reason.USER_NOT_FOUND)],
        )
        self.failures_by_age = OrderedIndex[LoginFailuresRow](
            group_of=lambda _: True, order_of=lambda row: row.failures.updated_at
        )
        self.failures = MemoryTable[LoginFailuresRow]("login_failures", indexes=[self.failures_by_age])
        self.clients_by_age = OrderedIndex[LoginClientRow](
            group_of=lambda _: True, order_of=lambda row: row.last_used_at
        )
        self.clients_of_user = OrderedIndex[LoginClientRow](
            group_of=lambda row: row.user_id, order_of=lambda row: row.last_used_at
        )
        self.clients = MemoryTable[LoginClientRow](
            "login_clients",
            indexes=[self.clients_by_age, self.clients_of_user],
            references=[ForeignKey("user_id", self.users, Reason.USER_NOT_FOUND)],
        )
        self._create_second_factors()

    def _create_second_factors(self) -> None:
        self.confirmed_factor_of_user = UniqueIndex[SecondFactor](
            "user_id", lambda factor: factor.user_id if factor.is_confirmed else None
        )
        self.unconfirmed_factor_of_user = UniqueIndex[SecondFactor](
            "user_id", lambda factor: None if factor.is_confirmed else factor.user_id
        )
        self.factors_by_id = OrderedIndex[SecondFactor](
            group_of=lambda _: True, order_of=lambda factor: factor.id
        )
        self.unconfirmed_factors_by_age = OrderedIndex[SecondFactor](
            group_of=lambda factor: None if factor.is_confirmed else True,
            order_of=lambda factor: factor.inserted_at,
        )
        self.second_factors = MemoryTable[SecondFactor](
            "second_factors",
            unique=[self.confirmed_factor_of_user, self.unconfirmed_factor_of_user],
            indexes=[self.factors_by_id, self.unconfirmed_factors_by_age],
            references=[ForeignKey("user_id", self.users, Reason.USER_NOT_FOUND)],
        )
        self.challenge_by_hash = UniqueIndex[SecondFactorChallenge](
            "challenge", lambda challenge: challenge.secret_hash
        )
        self.challenges_by_expiry = OrderedIndex[SecondFactorChallenge](
            group_of=lambda _: True, order_of=lambda challenge: challenge.expires_at
        )
        self.second_factor_challenges = MemoryTable[SecondFactorChallenge](
            "second_factor_challenges",
            unique=[self.challenge_by_hash],
            indexes=[self.challenges_by_expiry],
            references=[ForeignKey("user_id", self.users, Reason.USER_NOT_FOUND)],
        )
