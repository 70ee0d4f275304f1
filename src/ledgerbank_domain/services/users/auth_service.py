"""Authentication: logging in, staying logged in, and logging out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar

from ledgerbank_domain.audit.audit_event import AuditName, AuditSeverity
from ledgerbank_domain.errors.domain_error import DomainError, ForCaller
from ledgerbank_domain.errors.error_catalog import Category, Reason
from ledgerbank_domain.identity.actor import Actor, Origin
from ledgerbank_domain.identity.client_network import client_network
from ledgerbank_domain.ports.clock import Clock
from ledgerbank_domain.ports.security import (
    AccessClaims,
    PasswordHasher,
    RefreshClaims,
    TokenCodec,
)
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, UnitOfWork
from ledgerbank_domain.services.audit.audit_writer import AuditWriter
from ledgerbank_domain.services.audit.token_refusals import TokenRefusals
from ledgerbank_domain.services.conduct.batch_items import each_by_itself
from ledgerbank_domain.services.conduct.conflict_retry import retried_on_conflict
from ledgerbank_domain.services.conduct.outcome import Outcome, result_of
from ledgerbank_domain.services.users.authentication import (
    Authentication,
    authenticate_in,
    fault_of_caller,
    open_only,
)
from ledgerbank_domain.services.users.login_guard import LoginGuard
from ledgerbank_domain.services.users.password_proof import prove_password
from ledgerbank_domain.services.users.second_factors import SecondFactors
from ledgerbank_domain.services.users.session_opening import SessionOpening
from ledgerbank_domain.services.users.session_refresh_service import (
    DEFAULT_REUSE_GRACE,
    SessionRefreshService,
)
from ledgerbank_domain.services.users.session_tokens import SessionTokens, TokenPair
from ledgerbank_domain.users.api_key import ShownApiKey, is_api_key, read_api_key
from ledgerbank_domain.users.duty import NO_DUTY, Duty, duty_of
from ledgerbank_domain.users.password_rules import prepared_password
from ledgerbank_domain.users.second_factor import SecondFactor
from ledgerbank_domain.users.second_factor_challenge import (
    CHALLENGE_LIFETIME,
    ChallengePurpose,
    login_subject,
)
from ledgerbank_domain.users.user import User

T = TypeVar("T")


CONFIRM_FIRST = "Follow the link in the mail that was sent to this address, or ask for another one."


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenLogin:
    """``user`` as they were when their password was proven; ``renewed_hash`` replaces an outdated one.

    ``password_length`` is in characters of the prepared password.
    """

    user: User
    email: str
    password_length: int = field(repr=False)
    renewed_hash: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthService:
    """Logging in and out, refreshing sessions, and telling who an access token belongs to."""

    start_unit_of_work: StartUnitOfWork
    clock: Clock
    hasher: PasswordHasher
    codec: TokenCodec
    tokens: SessionTokens
    login_guard: LoginGuard
    second_factors: SecondFactors
    opening: SessionOpening
    audit: AuditWriter
    second_factor_for_staff: bool = False
    reuse_grace: timedelta = DEFAULT_REUSE_GRACE
    # Whether nobody logs in before they confirmed their address.
    email_confirmation: bool = False

    def log_in(self, actor: Actor, *, email: str, password: str) -> tuple[TokenPair, User]:
        """Starts a session. Any string may be an email or a password here, however it is spelled.

        Raises ``invalid_credentials`` (after the same work whether the user exists or not, and whatever
        the parameters of their hash),
        ``account_inactive`` when the password is right but the user may not log in, and
        ``rate_limit_exceeded`` as :meth:`LoginGuard.settle` says.
        """
        return self.start_session(actor, self.prove_login(actor, email=email, password=password))

    def prove_login(self, actor: Actor, *, email: str, password: str) -> ProvenLogin:
        """What of :meth:`log_in` takes long, and waits for no lock of the user. Raises as it."""
        with self.start_unit_of_work() as work:
            user = work.users.find_by_email(email)
            among = work.users.list_password_parameters()
        password_hash = None if user is None else user.password_hash
        proof = prove_password(self.hasher, password_hash, password, among=among)
        refusal = None if proof.is_right else DomainError(Reason.INVALID_CREDENTIALS)
        self._settle(actor, user, email, refusal)
        if user is None or not proof.is_right:
            raise DomainError(Reason.INVALID_CREDENTIALS)
        return ProvenLogin(
            user=user,
            email=email,
            password_length=len(prepared_password(password)),
            renewed_hash=proof.renewed_hash,
        )

    def start_session(self, actor: Actor, proven: ProvenLogin) -> tuple[TokenPair, User]:
        """What of :meth:`log_in` is decided under the user's lock: what was proven must still hold.

        Raises ``invalid_credentials``, ``account_inactive``, ``rate_limit_exceeded`` and, where addresses are
        confirmed, ``email_not_verified``; and for a user with a second factor ``second_factor_required``,
        with a challenge that :class:`SecondFactorLoginService` finishes.
        """
        try:
            return self._open_session(actor, proven)
        except DomainError as error:
            if error.reason in (Reason.INVALID_CREDENTIALS, Reason.ACCOUNT_INACTIVE):
                self._settle(actor, proven.user, proven.email, error)
            raise

    def refresh(self, actor: Actor, *, refresh_token: str) -> TokenPair:
        """Replaces a refresh token by the next one of its session.

        However many requests present one token, the session has one live token after them. A client whose
        answer was lost may present a token that it just used once more, within ``reuse_grace``: it gets a new
        pair, and the one that it never used dies. Otherwise a token that was already used when the request
        arrived was stolen from one side or the other: the whole session ends.
        Raises the codec's errors, ``invalid_token``, ``token_expired`` when the session is too old, and
        ``token_revoked``.
        """
        return self.refresh_session(actor, self.refresh_claims_of(actor, refresh_token))

    def refresh_claims_of(self, actor: Actor, refresh_token: str) -> RefreshClaims:
        """What a refresh token says that we signed; asks nobody. Raises the codec's errors."""
        return self._with_refusals(
            actor, lambda: self.codec.decode_refresh(refresh_token, now=self.clock.now())
        )

    def refresh_session(self, actor: Actor, claims: RefreshClaims) -> TokenPair:
        """:meth:`refresh` for a token that was decoded. Raises as that, but for the codec's errors."""
        pair = self._with_refusals(actor, lambda: self._refreshing.refresh(actor, claims))
        if pair is None:
            # That the token was stolen is recorded already, with the end of its session.
            raise DomainError(Reason.TOKEN_REVOKED)
        return pair

    def log_out(self, actor: Actor, *, refresh_token: str) -> None:
        """Ends the token's session, at once for its access tokens too. Raises as :meth:`refresh`.

        A token that was stolen ends the session as well, and is refused.
        """
        self.end_session(actor, self.refresh_claims_of(actor, refresh_token))

    def end_session(self, actor: Actor, claims: RefreshClaims) -> None:
        """:meth:`log_out` for a token that was decoded. Errors as :meth:`refresh_session`."""
        if not self._with_refusals(actor, lambda: self._refreshing.end(actor, claims)):
            raise DomainError(Reason.TOKEN_REVOKED)

    def claims_of(self, bearer_token: str) -> AccessClaims | ShownApiKey:
        """What a token says that we signed, or what it shows of an API key.

        Whether it holds :meth:`authenticate_many` knows. Asks nobody. Raises the codec's errors.
        """
        if is_api_key(bearer_token):
            return read_api_key(bearer_token)
        return self.codec.decode_access(bearer_token, now=self.clock.now())

    def duty_of(self, user: User, *, has_second_factor: bool) -> Duty | None:
        """What this user, logged in, must do before they may do anything else."""
        return duty_of(
            user,
            has_second_factor=has_second_factor,
            second_factor_for_staff=self.second_factor_for_staff,
        )

    def authenticate(
        self, bearer_token: str, *, origin: Origin, open_to: frozenset[Duty] = NO_DUTY
    ) -> Authentication:
        """Who an access token or API key belongs to, now, for an act that is open under these duties.

        Raises the codec's errors, ``token_revoked``, and the reason of a duty that it is not open to.
        """
        callers = [(self.claims_of(bearer_token), origin)]
        return result_of(self.authenticate_many(callers, open_to=open_to)[0])

    def authenticate_many(
        self,
        callers: Sequence[tuple[AccessClaims | ShownApiKey, Origin]],
        *,
        open_to: frozenset[Duty] = NO_DUTY,
    ) -> list[Outcome[Authentication]]:
        """Users, roles, sessions and keys of many tokens, each kind in one query; each answered by itself."""
        outcomes = each_by_itself(callers, self._authenticate_askable, fault_of=fault_of_caller)
        return [open_only(outcome, open_to) for outcome in outcomes]

    def _authenticate_askable(
        self, callers: Sequence[tuple[AccessClaims | ShownApiKey, Origin]]
    ) -> list[Outcome[Authentication]]:
        with self.start_unit_of_work() as work:
            now = self.clock.now()
            started_after = self.tokens.lifetimes.ended_before(now)
            return authenticate_in(
                work,
                callers,
                sessions_started_after=started_after,
                second_factor_for_staff=self.second_factor_for_staff,
                at=now,
            )

    def _with_refusals(self, actor: Actor, act: Callable[[], T]) -> T:
        """``act``; a token that it does not take is on record."""
        try:
            return act()
        except DomainError as error:
            if error.category is Category.AUTHENTICATION:
                self._refusals.record(actor, error)
            raise

    @property
    def _refreshing(self) -> SessionRefreshService:
        return SessionRefreshService(
            start_unit_of_work=self.start_unit_of_work,
            clock=self.clock,
            tokens=self.tokens,
            audit=self.audit,
            reuse_grace=self.reuse_grace,
        )

    @property
    def _refusals(self) -> TokenRefusals:
        return TokenRefusals(start_unit_of_work=self.start_unit_of_work, audit=self.audit)

    def _settle(self, actor: Actor, user: User | None, email: str, refusal: DomainError | None) -> None:
        self.login_guard.settle(self.start_unit_of_work, actor, user=user, email=email, refusal=refusal)

    @retried_on_conflict
    def _open_session(self, actor: Actor, proven: ProvenLogin) -> tuple[TokenPair, User]:
        with self.start_unit_of_work() as work:
            before = user = work.users.get_for_update(proven.user.id)
            if user.password_hash != proven.user.password_hash:
                # The password changed while it was being verified: what was proven no longer counts.
                raise DomainError(Reason.INVALID_CREDENTIALS)
            if not user.is_active:
                raise DomainError(Reason.ACCOUNT_INACTIVE)
            if self.email_confirmation and not user.verified:
                raise DomainError(Reason.EMAIL_NOT_VERIFIED, message=CONFIRM_FIRST)
            now = self.clock.now()
            if proven.renewed_hash is not None:
                user = user.with_password_hash(proven.renewed_hash, at=now)
            user = user.with_password_proven(proven.password_length, at=now)
            if user != before:
                work.users.save(user)
            factor = work.second_factors.find_confirmed(user.id)
            if factor is not None:
                challenge = self._challenge_in(work, user, factor, actor)
                work.commit()
                raise challenge
            pair = self.opening.open_in(work, user, actor=actor, at=now)
            work.commit()
        return pair, user

    def _challenge_in(self, work: UnitOfWork, user: User, factor: SecondFactor, actor: Actor) -> DomainError:
        """The password is right, and that is not enough: what is asked for besides."""
        now = work.now()
        challenge = self.second_factors.challenge_in(
            work, user, ChallengePurpose.LOGIN, subject=login_subject(user, factor), at=now
        )
        self.audit.record_failure(
            work,
            AuditName.LOGIN_CHALLENGED,
            reason=Reason.SECOND_FACTOR_REQUIRED,
            actor=actor,
            about=user.id,
            at=now,
            severity=AuditSeverity.INFO,
            repeat_key=f"{user.id} {client_network(actor.origin.ip)}",
        )
        return DomainError(
            Reason.SECOND_FACTOR_REQUIRED,
            challenge=ForCaller(challenge),
            expires_in=int(CHALLENGE_LIFETIME.total_seconds()),
            message="Send a code of your app, or a recovery code, with the challenge to /auth/second-factor.",
        )
