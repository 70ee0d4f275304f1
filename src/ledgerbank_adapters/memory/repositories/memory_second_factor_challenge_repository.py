"""Challenges to second factors in memory."""

from datetime import datetime

from ledgerbank_adapters.memory.storage.memory_identity_tables import MemoryIdentityTables
from ledgerbank_adapters.memory.storage.memory_session import MemorySession
from ledgerbank_domain.ports.repositories.second_factor_challenge_repository import (
    SecondFactorChallengeRepository,
)
from ledgerbank_domain.users.second_factor_challenge import SecondFactorChallenge


class MemorySecondFactorChallengeRepository(SecondFactorChallengeRepository):
    def __init__(self, session: MemorySession) -> None:
        self._session = session

    def add(self, challenge: SecondFactorChallenge) -> None:
        self._session.insert(self._tables.second_factor_challenges, challenge)

    def save(self, challenge: SecondFactorChallenge) -> None:
        self._session.update(self._tables.second_factor_challenges, challenge)

    def find_by_hash(self, secret_hash: str) -> SecondFactorChallenge | None:
        challenge_id = self._tables.challenge_by_hash.find(secret_hash)
        return None if challenge_id is None else self._tables.second_factor_challenges.find(challenge_id)

    def delete_expired(self, before: datetime, *, limit: int) -> int:
        expired = self._tables.challenges_by_expiry.ids_before(True, before)[:limit]
        for challenge in self._tables.second_factor_challenges.rows(expired):
            self._session.delete(self._tables.second_factor_challenges, challenge)
        return len(expired)

    @property
    def _tables(self) -> MemoryIdentityTables:
        return self._session.tables.identity
