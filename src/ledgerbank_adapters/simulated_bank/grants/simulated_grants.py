"""Grants of access: authorization codes, access and refresh tokens, and why one is refused."""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from hashlib import sha256

# The longest that RFC 6749 recommends (4.1.2): a client may have to ask its customer something meanwhile.
CODE_LIFETIME = timedelta(minutes=10)
CONSENT_LIFETIME = timedelta(days=90)
FULL_HISTORY_LIFETIME = timedelta(minutes=5)


class Dialect(Enum):
    """The values are what the controls show."""

    MONZO = "monzo"
    OPEN_BANKING = "obie"


class RefusalReason(Enum):
    """Why a code or a token is not accepted."""

    UNKNOWN = "unknown"
    USED = "used"
    EXPIRED = "expired"
    EVICTED = "evicted"
    REVOKED = "revoked"
    CONSENT_EXPIRED = "consent_expired"
    WRONG_CLIENT = "wrong_client"
    WRONG_REDIRECT = "wrong_redirect"
    WRONG_VERIFIER = "wrong_verifier"


class GrantRefused(Exception):  # noqa: N818 - what the bank did
    """A code or token that the bank does not accept, and why."""

    def __init__(self, reason: RefusalReason) -> None:
        super().__init__(reason.value)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorization:
    """What the customer approved on the bank's page. ``code_challenge`` is one of PKCE's S256."""

    dialect: Dialect
    client_id: str
    redirect_uri: str
    user_id: str
    code_challenge: str | None = None
    consent_id: str | None = None


@dataclass(slots=True, kw_only=True)
class Grant:
    """One consent and its family of tokens. ``ended`` tells why it is over.

    ``approved_at`` None: the customer has yet to approve the access in the bank's app.
    ``expires_at`` None: the consent has no end.
    """

    authorization: Authorization
    consented_at: datetime
    approved_at: datetime | None
    expires_at: datetime | None
    full_history_until: datetime
    access_token: str = ""
    access_expires_at: datetime
    refresh_token: str = ""
    refresh_expired: bool = False
    ended: RefusalReason | None = None

    def approve(self, now: datetime) -> None:
        if self.approved_at is None:
            self.approved_at = now
            self.full_history_until = now + FULL_HISTORY_LIFETIME

    def end(self, reason: RefusalReason) -> None:
        if self.ended is None:
            self.ended = reason

    def refuse_when_over(self, now: datetime) -> None:
        if self.ended is not None:
            raise GrantRefused(self.ended)
        if self.expires_at is not None and now >= self.expires_at:
            raise GrantRefused(RefusalReason.CONSENT_EXPIRED)


@dataclass(slots=True, kw_only=True)
class _Code:
    authorization: Authorization
    consented_at: datetime
    consent_expires_at: datetime | None
    spent: bool = False
    grant: Grant | None = None


@dataclass(slots=True)
class SimulatedGrants:
    """Every code and token ever given, so that a used-up one is told from an unknown one."""

    new_secret: Callable[[], str]
    access_lifetime: timedelta
    grants: list[Grant] = field(default_factory=list)
    _codes: dict[str, _Code] = field(default_factory=dict)
    _access: dict[str, Grant] = field(default_factory=dict)
    _refresh: dict[str, Grant] = field(default_factory=dict)

    def issue_code(
        self, authorization: Authorization, *, now: datetime, consent_expires_at: datetime | None
    ) -> str:
        """A code for :meth:`redeem`: good once, for a minute."""
        code = f"code_{self.new_secret()}"
        self._codes[code] = _Code(
            authorization=authorization, consented_at=now, consent_expires_at=consent_expires_at
        )
        return code

    def redeem(
        self,
        *,
        dialect: Dialect,
        code: str,
        client_id: str,
        redirect_uri: str,
        code_verifier: str | None,
        now: datetime,
        needs_app_approval: bool,
    ) -> Grant:
        """The grant behind a code. Any attempt uses the code up; a second one ends what the first one gave.

        Raises GrantRefused.
        """
        issued = self._codes.get(code)
        if issued is None or issued.authorization.dialect is not dialect:
            raise GrantRefused(RefusalReason.UNKNOWN)
        if issued.spent:
            if issued.grant is not None:
                issued.grant.end(RefusalReason.REVOKED)
            raise GrantRefused(RefusalReason.USED)
        issued.spent = True
        _check_code(issued, client_id, redirect_uri, code_verifier, now)
        self._evict_others(issued.authorization)
        approved_at = None if needs_app_approval else issued.consented_at
        grant = Grant(
            authorization=issued.authorization,
            consented_at=issued.consented_at,
            approved_at=approved_at,
            expires_at=issued.consent_expires_at,
            full_history_until=issued.consented_at + FULL_HISTORY_LIFETIME,
            access_expires_at=now,
        )
        issued.grant = grant
        self.grants.append(grant)
        self._give_tokens(grant, now)
        return grant

    def refresh(self, *, dialect: Dialect, refresh_token: str, client_id: str, now: datetime) -> Grant:
        """The grant with a new pair of tokens; the old pair is over. A used token ends the whole family.

        Raises GrantRefused.
        """
        grant = self._refresh.get(refresh_token)
        if grant is None or grant.authorization.dialect is not dialect:
            raise GrantRefused(RefusalReason.UNKNOWN)
        if grant.authorization.client_id != client_id:
            raise GrantRefused(RefusalReason.WRONG_CLIENT)
        grant.refuse_when_over(now)
        if grant.refresh_token != refresh_token:
            grant.end(RefusalReason.EVICTED)
            raise GrantRefused(RefusalReason.EVICTED)
        if grant.refresh_expired:
            raise GrantRefused(RefusalReason.EXPIRED)
        self._give_tokens(grant, now)
        return grant

    def grant_of(self, access_token: str, *, dialect: Dialect, now: datetime) -> Grant:
        """Whom a valid access token stands for. Raises GrantRefused."""
        grant = self._access.get(access_token)
        if grant is None or grant.authorization.dialect is not dialect:
            raise GrantRefused(RefusalReason.UNKNOWN)
        if grant.access_token != access_token:
            raise GrantRefused(RefusalReason.EVICTED)
        if grant.ended is None and now >= grant.access_expires_at:
            raise GrantRefused(RefusalReason.EXPIRED)
        grant.refuse_when_over(now)
        return grant

    def of_user(self, user_id: str | None) -> list[Grant]:
        """All of them when no user is named."""
        return [each for each in self.grants if user_id in (None, each.authorization.user_id)]

    def _evict_others(self, authorization: Authorization) -> None:
        """Monzo keeps one access per customer and client; a consent of UK Open Banking stands by itself."""
        for grant in self.of_user(authorization.user_id):
            known = grant.authorization
            if known.dialect is Dialect.MONZO and (known.dialect, known.client_id) == (
                authorization.dialect,
                authorization.client_id,
            ):
                grant.end(RefusalReason.EVICTED)

    def _give_tokens(self, grant: Grant, now: datetime) -> None:
        grant.access_token = f"access_{self.new_secret()}"
        grant.refresh_token = f"refresh_{self.new_secret()}"
        grant.access_expires_at = now + self.access_lifetime
        self._access[grant.access_token] = grant
        self._refresh[grant.refresh_token] = grant


def _check_code(
    issued: _Code, client_id: str, redirect_uri: str, code_verifier: str | None, now: datetime
) -> None:
    if issued.authorization.client_id != client_id:
        raise GrantRefused(RefusalReason.WRONG_CLIENT)
    if issued.authorization.redirect_uri != redirect_uri:
        raise GrantRefused(RefusalReason.WRONG_REDIRECT)
    if now >= issued.consented_at + CODE_LIFETIME:
        raise GrantRefused(RefusalReason.EXPIRED)
    challenge = issued.authorization.code_challenge
    if challenge is not None and not _answers(challenge, code_verifier or ""):
        raise GrantRefused(RefusalReason.WRONG_VERIFIER)


def _answers(challenge: str, verifier: str) -> bool:
    """Whether the verifier belongs to the challenge (RFC 7636 §4.6, S256)."""
    digest = sha256(verifier.encode()).digest()
    return hmac.compare_digest(urlsafe_b64encode(digest).rstrip(b"="), challenge.encode())
