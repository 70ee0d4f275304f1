"""The first two things that are done for a request: authentication and the rate limit."""

from uuid import UUID

from attrs import frozen
from starlette.datastructures import Headers

from ledgerbank_adapters.http.operations.rate_limit_gate import RateLimitGate, RateLimitTally
from ledgerbank_adapters.http.operations.refusal_recorder import RefusalRecorder
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Category, Reason
from ledgerbank_domain.identity.actor import Actor, Origin
from ledgerbank_domain.identity.client_network import client_network
from ledgerbank_domain.ports.security import AccessClaims
from ledgerbank_domain.ports.unit_of_work import TransactionConflict
from ledgerbank_domain.services.users.auth_service import AuthService
from ledgerbank_domain.services.users.authentication import Authentication
from ledgerbank_domain.users.api_key import RefusedApiKeyError, ShownApiKey
from ledgerbank_domain.users.duty import EVERY_DUTY


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


def key_of_user(user_id: UUID) -> str:
    """By what places are shared out to a user, however it is known who they are."""
    return f"user:{user_id}"


@frozen(kw_only=True)
class Presented:
    """What a caller's token says, or what is wrong with it; nobody was asked yet whether it still holds."""

    claims: AccessClaims | ShownApiKey | DomainError
    ip: str | None

    @property
    def key(self) -> str:
        """By what places and memory are shared out: whose token it is, or where the request comes from.

        An API key names nobody until the database was asked, and anybody can make one up.
        """
        if isinstance(self.claims, AccessClaims):
            return key_of_user(self.claims.user_id)
        return self.key_of_address

    @property
    def shows_api_key(self) -> bool:
        """Whether who calls, if anybody, is known only once it was looked up."""
        return isinstance(self.claims, ShownApiKey)

    @property
    def key_of_address(self) -> str:
        return f"ip:{client_network(self.ip)}"


@frozen(kw_only=True)
class Caller:
    """``identity`` is who they have proven to be, or why that failed."""

    identity: Authentication | DomainError
    origin: Origin

    @property
    def actor(self) -> Actor:
        if isinstance(self.identity, Authentication):
            return self.identity.actor
        return Actor(origin=self.origin)


@frozen(kw_only=True)
class CallerAdmission:
    """Asks the database at most once; once a minute it notes there, too, that an API key is in use.

    ``rate_limit`` is None when requests are not counted.
    """

    auth: AuthService
    rate_limit: RateLimitGate | None
    refusals: RefusalRecorder

    def present(self, credentials: Credentials, origin: Origin) -> Presented:
        """Asks nobody, so that it can be done before there is a thread for the request."""
        return Presented(claims=self._claims(credentials), ip=origin.ip)

    def identify(self, presented: Presented, origin: Origin) -> Caller:
        """Never raises: that nobody knows the caller may turn out not to matter."""
        return Caller(identity=self._identity(presented, origin), origin=origin)

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
            # Of a key whose secret was right it goes on record whose it is: somebody else may have it.
            actor = identity.actor if isinstance(identity, RefusedApiKeyError) else caller.actor
            self.refusals.record_rejected_token(actor, identity)
        raise identity

    def _claims(self, credentials: Credentials) -> AccessClaims | ShownApiKey | DomainError:
        if credentials.token is None:
            return DomainError(Reason.INVALID_TOKEN)
        try:
            return self.auth.claims_of(credentials.token)
        except DomainError as error:
            return error

    def _identity(self, presented: Presented, origin: Origin) -> Authentication | DomainError:
        claims = presented.claims
        if isinstance(claims, DomainError):
            return claims
        try:
            # What the session may do is for the operation to say: who calls is told to the others as well.
            return self.auth.authenticate_many([(claims, origin)], open_to=EVERY_DUTY)[0]
        except TransactionConflict as conflict:
            failure = DomainError(Reason.DATABASE_ERROR)
            failure.__cause__ = conflict
            return failure
        except DomainError as error:
            return error
