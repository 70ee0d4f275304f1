"""The first two things that are done for a request: finding out who makes it, and counting it against him."""

from attrs import frozen
from starlette.datastructures import Headers

from ledgerbank_adapters.http.rate_limit_gate import RateLimitGate, RateLimitTally
from ledgerbank_adapters.http.refusal_recorder import RefusalRecorder
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Category, Reason
from ledgerbank_domain.identity.actor import Actor, Origin
from ledgerbank_domain.ports.unit_of_work import TransactionConflict
from ledgerbank_domain.services.auth_service import Authentication, AuthService


@frozen(kw_only=True)
class Credentials:
    """What a request says about its caller: a bearer token, or what is wrong with the one it should have."""

    token: str | None
    are_given: bool

    @classmethod
    def of(cls, headers: Headers) -> "Credentials":
        """RFC 6750 §2.1, https://www.rfc-editor.org/rfc/rfc6750#section-2.1"""
        given = headers.getlist("authorization")
        scheme, _, token = given[0].strip().partition(" ") if len(given) == 1 else ("", "", "")
        is_bearer = scheme.lower() == "bearer" and bool(token.strip())
        return cls(token=token.strip() if is_bearer else None, are_given=bool(given))


@frozen(kw_only=True)
class Caller:
    """``identity`` is who he has proven to be, or why that failed."""

    identity: Authentication | DomainError
    origin: Origin

    @property
    def actor(self) -> Actor:
        if isinstance(self.identity, Authentication):
            return self.identity.actor
        return Actor(origin=self.origin)


@frozen(kw_only=True)
class CallerAdmission:
    """Asks the database at most once. ``rate_limit`` is None when requests are not counted."""

    auth: AuthService
    rate_limit: RateLimitGate | None
    refusals: RefusalRecorder

    def identify(self, credentials: Credentials, origin: Origin) -> Caller:
        """Never raises: that nobody knows the caller may turn out not to matter."""
        return Caller(identity=self._identity(credentials, origin), origin=origin)

    def count(self, caller: Caller, tally: RateLimitTally | None) -> None:
        """Raises ``rate_limit_exceeded``; ``tally`` None is for what is not counted."""
        if self.rate_limit is None or tally is None:
            return
        try:
            self.rate_limit.count(caller.actor, tally)
        except DomainError:
            if tally.verdict is not None and tally.verdict.is_first_refusal:
                self.refusals.record_rate_limited(caller.actor)
            raise

    def authenticated(self, caller: Caller, credentials: Credentials) -> Authentication:
        """Raises why the caller is unknown; a token that proved nothing is recorded."""
        identity = caller.identity
        if isinstance(identity, Authentication):
            return identity
        if credentials.are_given and identity.category is Category.AUTHENTICATION:
            self.refusals.record_rejected_token(caller.actor, identity)
        raise identity

    def _identity(self, credentials: Credentials, origin: Origin) -> Authentication | DomainError:
        if credentials.token is None:
            return DomainError(Reason.INVALID_TOKEN)
        try:
            return self.auth.authenticate(credentials.token, origin=origin)
        except TransactionConflict as conflict:
            failure = DomainError(Reason.DATABASE_ERROR)
            failure.__cause__ = conflict
            return failure
        except DomainError as error:
            return error
