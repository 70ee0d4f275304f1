"""Who acts, read again under lock in the transaction of the act.

An actor is what somebody was when their request was let in. Until the act they may have been suspended,
deleted or demoted, or have ended every session by another password, while whoever stole one held back the
last byte of a request: so no use-case that writes trusts the actor it is given. It begins here, and goes on
with what it gets.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from uuid import UUID

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Actor, Role
from ledgerbank_domain.ports.unit_of_work import UnitOfWork
from ledgerbank_domain.users.user import User

_RANKS = {None: 0, Role.USER: 1, Role.SUPPORT: 2, Role.ADMIN: 3}


def locked_actor(work: UnitOfWork, actor: Actor) -> Actor:
    """The actor as they are now, which nobody can change until ``work`` ends.

    For acts that lock no user besides: those take everybody in one step, by ascending id, and then ask
    :func:`actor_among`. Raises as that does.
    """
    return actor_among(work.users.find_many_for_share(actor_ids([actor])), actor)


def locked_self(work: UnitOfWork, actor: Actor) -> User:
    """The caller's own row, to be changed. Raises as :func:`actor_among`."""
    user_id = actor.required_user_id()
    users = work.users.find_many_for_update([user_id])
    actor_among(users, actor)
    return users[user_id]


def locked_self_in_session(work: UnitOfWork, actor: Actor) -> User:
    """:func:`locked_self` for what outlives the session that it is done in, as a key does.

    Raises besides ``token_revoked`` for a session that was ended since its request was let in.
    """
    user = locked_self(work, actor)
    if actor.session_id is not None and work.refresh_tokens.find_live_for_update(actor.session_id) is None:
        raise DomainError(Reason.TOKEN_REVOKED)
    return user


def seen_actor(work: UnitOfWork, actor: Actor) -> Actor:
    """The actor as they are now, for what only reads: it must not wait for those who write.

    Only privilege is looked at again: what is one's own stays so. Raises as :func:`actor_among`.
    """
    return actor_among(work.users.find_many(actor_ids([actor])), actor) if actor.is_staff else actor


def actor_ids(actors: Collection[Actor]) -> set[UUID]:
    """Whose rows are to be locked for these actors to act. The system has none."""
    return {actor.user_id for actor in actors if actor.user_id is not None}


def actor_among(users: Mapping[UUID, User], actor: Actor) -> Actor:
    """The actor with the role that they still have. Nobody gains by being read again.

    Raises ``token_revoked`` for one who is not ACTIVE any more or began anew since what the actor showed, by
    another password say, and ``invalid_token`` for one who is nobody.
    """
    if actor.user_id is None:
        return actor
    user = users.get(actor.user_id)
    if user is None:
        raise DomainError(Reason.INVALID_TOKEN)
    if not user.is_active or user.has_begun_anew_since(actor.shown_from):
        raise DomainError(Reason.TOKEN_REVOKED)
    return replace(actor, role=min(actor.role, user.role, key=_RANKS.__getitem__))
