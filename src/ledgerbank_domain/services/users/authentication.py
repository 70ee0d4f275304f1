"""Telling who calls, by what they show: a session's access token, or a program's API key."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Actor, Origin
from ledgerbank_domain.ports.repositories.api_key_repository import ApiKeyOwner, ApiKeyUse
from ledgerbank_domain.ports.repositories.user_repository import SessionKey, SessionOwner
from ledgerbank_domain.ports.security import AccessClaims
from ledgerbank_domain.ports.unit_of_work import UnitOfWork
from ledgerbank_domain.services.conduct.batch_items import fault_of_pair
from ledgerbank_domain.services.conduct.outcome import Outcome
from ledgerbank_domain.services.users.session_tokens import user_in_session
from ledgerbank_domain.users.api_key import ApiKey, RefusedApiKeyError, ShownApiKey
from ledgerbank_domain.users.duty import Duty, duty_of
from ledgerbank_domain.users.user import User

Caller = tuple[AccessClaims | ShownApiKey, Origin]


@dataclass(frozen=True, slots=True, kw_only=True)
class Authentication:
    """A verified access token or API key: who calls, their row as it is now, and when the token ends.

    ``duty`` is what they must do before anything else, if there is such a thing.
    """

    actor: Actor
    user: User
    expires_at: datetime
    duty: Duty | None = None

    def require_open(self, open_to: frozenset[Duty]) -> None:
        """For what is open to sessions under these duties only. Raises the reason of another duty."""
        if self.duty is not None and self.duty not in open_to:
            raise self.duty.refusal()


def authenticate_in(
    work: UnitOfWork,
    callers: Sequence[Caller],
    *,
    sessions_started_after: datetime,
    second_factor_for_staff: bool,
    at: datetime,
) -> list[Outcome[Authentication]]:
    """Each caller by themselves; one query for all sessions and one for all keys, if there are any.

    That a session or a key was used is noted in the same transaction, once a minute, which is committed then.
    It never waits: who finds the row taken leaves the note to others.
    """
    owners = work.users.find_session_owners(
        {_session_key(shown) for shown, _ in callers if isinstance(shown, AccessClaims)},
        now=at,
        started_after=sessions_started_after,
    )
    key_owners = work.api_keys.find_owners(
        {shown.id for shown, _ in callers if isinstance(shown, ShownApiKey)}
    )
    told_duty = partial(_told_duty, second_factor_for_staff=second_factor_for_staff)
    outcomes = [
        told_duty(_by_session(shown, owner := owners.get(_session_key(shown)), origin), owner)
        if isinstance(shown, AccessClaims)
        else told_duty(_by_key(shown, key_owner := key_owners.get(shown.id), origin, at=at), key_owner)
        for shown, origin in callers
    ]
    taken = [outcome.actor for outcome in outcomes if isinstance(outcome, Authentication)]
    notes_sessions = _note_session_uses(work, owners, taken, at=at)
    if _note_key_uses(work, [owner.key for owner in key_owners.values()], taken, at=at) or notes_sessions:
        work.commit()
    return outcomes


def fault_of_caller(item: object) -> DomainError | None:
    """What keeps a caller from being asked about."""
    shows_key = isinstance(item, tuple) and bool(item) and isinstance(item[0], ShownApiKey)
    kind = ShownApiKey if shows_key else AccessClaims
    return fault_of_pair(item, kind, Origin, names=("claims", "origin"))


def open_only(outcome: Outcome[Authentication], open_to: frozenset[Duty]) -> Outcome[Authentication]:
    """The outcome, or the refusal of a duty that what is asked for is not open to."""
    if not isinstance(outcome, DomainError):
        try:
            outcome.require_open(open_to)
        except DomainError as refusal:
            return refusal
    return outcome


def as_program(user: User, key: ApiKey, origin: Origin) -> Actor:
    """The user through a program of theirs: with their role, within the key's scopes."""
    return Actor(
        user_id=user.id,
        role=user.role,
        api_key_id=key.id,
        scopes=key.scopes,
        shown_from=key.inserted_at,
        origin=origin,
    )


def _session_key(claims: AccessClaims) -> SessionKey:
    return SessionKey(claims.user_id, claims.session_id)


def _by_session(claims: AccessClaims, owner: SessionOwner | None, origin: Origin) -> Outcome[Authentication]:
    if owner is None:
        return DomainError(Reason.INVALID_TOKEN)
    user = owner.user
    outlived = user.has_begun_anew_since(claims.issued_at)
    if not user.is_active or outlived or not owner.session_is_live:
        return DomainError(Reason.TOKEN_REVOKED)
    return Authentication(
        actor=replace(user_in_session(user, claims.session_id, origin), shown_from=claims.issued_at),
        user=user,
        expires_at=claims.expires_at,
    )


def _by_key(
    shown: ShownApiKey, owner: ApiKeyOwner | None, origin: Origin, *, at: datetime
) -> Outcome[Authentication]:
    if owner is None:
        return DomainError(Reason.INVALID_TOKEN)
    user, key = owner.user, owner.key
    if not key.proves(shown):
        return DomainError(Reason.INVALID_TOKEN)
    reason = key.refusal(ip=origin.ip, at=at) or (None if _stands_for(user, key) else Reason.TOKEN_REVOKED)
    if reason is not None:
        return RefusedApiKeyError(reason, actor=as_program(user, key, origin))
    return Authentication(actor=as_program(user, key, origin), user=user, expires_at=key.expires_at)


def _told_duty(
    outcome: Outcome[Authentication],
    owner: SessionOwner | ApiKeyOwner | None,
    *,
    second_factor_for_staff: bool,
) -> Outcome[Authentication]:
    if isinstance(outcome, DomainError) or owner is None:
        return outcome
    duty = duty_of(
        owner.user,
        has_second_factor=owner.has_second_factor,
        second_factor_for_staff=second_factor_for_staff,
    )
    return outcome if duty is None else replace(outcome, duty=duty)


def _stands_for(user: User, key: ApiKey) -> bool:
    """Whether the user is still who made the key: not since they began anew, with another password say."""
    return user.is_active and not user.has_begun_anew_since(key.inserted_at)


def _note_session_uses(
    work: UnitOfWork, owners: Mapping[SessionKey, SessionOwner], taken: Iterable[Actor], *, at: datetime
) -> bool:
    """Whether there was anything to note."""
    used = {actor.session_id for actor in taken}
    due = [
        key.session_id
        for key, owner in owners.items()
        if key.session_id in used and owner.wants_use_noted(at=at)
    ]
    if due:
        work.refresh_tokens.note_uses(due, at=at)
    return bool(due)


def _note_key_uses(work: UnitOfWork, keys: Iterable[ApiKey], taken: Iterable[Actor], *, at: datetime) -> bool:
    """Whether there was anything to note."""
    due = {key.id for key in keys if key.wants_use_noted(at=at)}
    uses = {
        actor.api_key_id: ApiKeyUse(key_id=actor.api_key_id, at=at, ip=actor.origin.ip)
        for actor in taken
        if actor.api_key_id in due
    }
    if uses:
        work.api_keys.note_uses(list(uses.values()))
    return bool(uses)
