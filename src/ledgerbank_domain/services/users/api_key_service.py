"""API keys: users make, look at and revoke those of their programs."""

from dataclasses import dataclass, field
from uuid import UUID

from ledgerbank_domain.audit.audit_event import AuditName
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.identity.value_rules import require_ids
from ledgerbank_domain.notifications.notification import api_key_created
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.secret_box import SecretGenerator
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork
from ledgerbank_domain.services.audit.audit_writer import AuditWriter
from ledgerbank_domain.services.conduct.authority_check import locked_self, locked_self_in_session
from ledgerbank_domain.services.conduct.conflict_retry import retried_on_conflict
from ledgerbank_domain.services.conduct.scope_check import session_only
from ledgerbank_domain.services.notifications.notification_service import queue_notification
from ledgerbank_domain.users.api_key import MAX_KEYS, ApiKey, NewApiKey, api_key_text, secret_hash_of


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatedApiKey:
    """A new key, and the text of it, which nobody can show a second time."""

    key: ApiKey
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKeyService:
    """Making, listing and revoking one's own keys. A program cannot: no key makes another one."""

    start_unit_of_work: StartUnitOfWork
    ids: IdGenerator
    secrets: SecretGenerator
    audit: AuditWriter

    @session_only
    def create(self, actor: Actor, new_key: NewApiKey) -> CreatedApiKey:
        """Makes a key and has a mail tell its owner.

        Raises ``invalid_datetime_format`` for an end that is past or too far away, and
        ``resource_already_exists`` when the user has as many keys as one may have.
        """
        secret = self.secrets.new_secret()
        key = self._commit_creation(actor, new_key, secret_hash=secret_hash_of(secret))
        return CreatedApiKey(key=key, text=api_key_text(key.id, secret))

    @session_only
    def list_own(self, actor: Actor) -> list[ApiKey]:
        """The caller's keys that are not revoked, newest first; expired ones until they are cleared away."""
        with self.start_unit_of_work() as work:
            return work.api_keys.list_unrevoked_of_user(actor.required_user_id())

    @session_only
    def get_own(self, actor: Actor, *, key_id: UUID) -> ApiKey:
        """One of them. Raises ``resource_not_found``, also for somebody else's."""
        require_ids(key_id=key_id)
        return _found(self.list_own(actor), key_id)

    @session_only
    @retried_on_conflict
    def revoke_own(self, actor: Actor, *, key_id: UUID) -> None:
        """Ends a key: whoever shows it from now on is refused. Raises as :meth:`get_own`."""
        require_ids(key_id=key_id)
        with self.start_unit_of_work() as work:
            user = locked_self(work, actor)
            key = _found(work.api_keys.list_unrevoked_of_user(user.id), key_id)
            now = work.now()
            work.api_keys.revoke([key.id], at=now)
            self.audit.record(work, AuditName.API_KEY_REVOKED, actor=actor, about=key.id, at=now)
            work.commit()

    @retried_on_conflict
    def _commit_creation(self, actor: Actor, new_key: NewApiKey, *, secret_hash: str) -> ApiKey:
        with self.start_unit_of_work() as work:
            user = locked_self_in_session(work, actor)
            now = work.now()
            end = new_key.end(at=now)
            if len(work.api_keys.list_unrevoked_of_user(user.id)) >= MAX_KEYS:
                raise DomainError(
                    Reason.RESOURCE_ALREADY_EXISTS,
                    limit=MAX_KEYS,
                    message=f"There are {MAX_KEYS} API keys already: revoke one that is no longer needed.",
                )
            key = ApiKey(
                id=self.ids.new_id(),
                user_id=user.id,
                name=new_key.name,
                scopes=frozenset(new_key.scopes),
                allowed_networks=tuple(new_key.allowed_networks),
                secret_hash=secret_hash,
                expires_at=end,
                inserted_at=now,
                updated_at=now,
            )
            work.api_keys.add(key)
            facts = {
                "scopes": key.scope_names,
                "allowed_networks": list(key.allowed_networks),
                "expires_at": key.expires_at.isoformat(),
            }
            self.audit.record(work, AuditName.API_KEY_CREATED, actor=actor, about=key.id, facts=facts, at=now)
            queue_notification(
                work,
                api_key_created(key, ip=actor.origin.ip),
                ids=self.ids,
                at=now,
                correlation_id=actor.origin.correlation_id,
            )
            work.commit()
        return key


def _found(keys: list[ApiKey], key_id: UUID) -> ApiKey:
    for key in keys:
        if key.id == key_id:
            return key
    raise DomainError(Reason.RESOURCE_NOT_FOUND)
