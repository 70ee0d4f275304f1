"""Encryption of a bank's tokens on their way into storage, and out of it."""

from dataclasses import dataclass, field
from uuid import UUID

from ledgerbank_domain.banking.bank_login import BankLogin, SealedTokens
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.ports.bank_gateway import BankTokens
from ledgerbank_domain.ports.secret_box import SecretBox


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedTokens:
    """A login's tokens in the clear, for as long as a bank is asked; never shown, never stored."""

    access: str = field(repr=False)
    refresh: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class BankTokenSealer:
    """Seals each token for its login and column: copied to another row or column it cannot be opened."""

    secret_box: SecretBox

    def seal(self, tokens: BankTokens, *, login_id: UUID) -> SealedTokens:
        """A bank's tokens, as the login with this id may be stored with them."""
        refresh = tokens.refresh_token
        return SealedTokens(
            access=self.secret_box.seal(tokens.access_token, bound_to=access_token_place(login_id)),
            refresh=None
            if refresh is None
            else self.secret_box.seal(refresh, bound_to=refresh_token_place(login_id)),
            expires_at=tokens.expires_at,
        )

    def open(self, login: BankLogin) -> OpenedTokens:
        """The login's tokens in the clear.

        Raises ``bank_login_inactive`` without tokens and ``configuration_error`` without their key.
        """
        sealed = login.tokens
        if sealed is None:
            raise DomainError(Reason.BANK_LOGIN_INACTIVE)
        return OpenedTokens(
            access=self.secret_box.open(sealed.access, bound_to=access_token_place(login.id)),
            refresh=None
            if sealed.refresh is None
            else self.secret_box.open(sealed.refresh, bound_to=refresh_token_place(login.id)),
        )


def access_token_place(login_id: UUID) -> str:
    """What a login's access token is sealed for: its column and row."""
    return f"user_bank_logins.access_token_encrypted:{login_id}"


def refresh_token_place(login_id: UUID) -> str:
    """What a login's refresh token is sealed for: its column and row."""
    return f"user_bank_logins.refresh_token_encrypted:{login_id}"


def code_verifier_place(state_id: UUID) -> str:
    """What the verifier of a visit to a bank is sealed for: its column and row."""
    return f"oauth_states.code_verifier_encrypted:{state_id}"


def bank_code_place(state_id: UUID) -> str:
    """What the code that a bank gave is sealed for, until its visit is confirmed: its column and row."""
    return f"oauth_states.code_encrypted:{state_id}"
