"""Tokens that mails bring, in memory."""

from collections.abc import Collection, Iterable
from datetime import datetime
from itertools import islice
from uuid import UUID

from ledgerbank_adapters.memory.storage.memory_identity_tables import MemoryIdentityTables
from ledgerbank_adapters.memory.storage.memory_session import MemorySession
from ledgerbank_domain.ports.repositories.mail_token_repository import MailTokenRepository
from ledgerbank_domain.users.mail_token import MailPurpose, MailToken


class MemoryMailTokenRepository(MailTokenRepository):
    def __init__(self, session: MemorySession) -> None:
        self._session = session

    def put(self, token: MailToken) -> None:
        self.remove(token.user_id, [token.purpose])
        self._session.insert(self._tables.mail_tokens, token)

    def find(self, user_id: UUID, purpose: MailPurpose) -> MailToken | None:
        token_id = self._tables.mail_token_of_user.find((user_id, purpose))
        return None if token_id is None else self._tables.mail_tokens.find(token_id)

    def find_by_hash(self, token_hash: str) -> MailToken | None:
        token_id = self._tables.mail_token_by_hash.find(token_hash)
        return None if token_id is None else self._tables.mail_tokens.find(token_id)

    def find_for_update(self, token_id: UUID) -> MailToken | None:
        return self._tables.mail_tokens.find(token_id)

    def save_sealed(self, token: MailToken) -> None:
        if self._tables.mail_tokens.find(token.id) is not None:
            self._session.update(self._tables.mail_tokens, token)

    def remove(self, user_id: UUID, purposes: Collection[MailPurpose]) -> None:
        for purpose in purposes:
            token = self.find(user_id, purpose)
            if token is not None:
                self._session.delete(self._tables.mail_tokens, token)

    def list_sealed(self, *, after: UUID | None, limit: int) -> list[MailToken]:
        sealed: Iterable[UUID] = self._tables.sealed_mail_tokens.iterate_ids(True)
        following = (token_id for token_id in sealed if after is None or token_id > after)
        return list(islice(self._tables.mail_tokens.iterate(following), limit))

    def delete_expired(self, before: datetime, *, limit: int) -> int:
        expired = self._tables.mail_tokens_by_expiry.ids_before(True, before)[:limit]
        for token in self._tables.mail_tokens.rows(expired):
            self._session.delete(self._tables.mail_tokens, token)
        return len(expired)

    @property
    def _tables(self) -> MemoryIdentityTables:
        return self._session.tables.identity
