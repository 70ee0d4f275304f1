"""Every port of the domain in memory, standard library only: for tests, simulations and embedding.

They keep the promises of the PostgreSQL adapters, by the same contract tests: transactions are all or
nothing, uniqueness is refused alike, lists have the same order. Everything is safe to share between
threads. ::

    start_unit_of_work = MemoryStartUnitOfWork(MemoryDatabase(clock))
    with start_unit_of_work() as work:
        work.users.add(user)
        work.commit()
"""

from ledgerbank_adapters.memory.memory_ports import memory_ports
from ledgerbank_adapters.memory.memory_unit_of_work import MemoryStartUnitOfWork, MemoryUnitOfWork
from ledgerbank_adapters.memory.sandbox_bank import SandboxBank
from ledgerbank_adapters.memory.storage.memory_database import MemoryDatabase
from ledgerbank_adapters.memory.tools.memory_cache import MemoryCache
from ledgerbank_adapters.memory.tools.memory_chance import MemoryChance
from ledgerbank_adapters.memory.tools.memory_clock import MemoryClock
from ledgerbank_adapters.memory.tools.memory_id_generator import MemoryIdGenerator
from ledgerbank_adapters.memory.tools.memory_mailbox import MemoryMailbox
from ledgerbank_adapters.memory.tools.memory_one_time_codes import MemoryOneTimeCodes
from ledgerbank_adapters.memory.tools.memory_rate_limiter import MemoryRateLimiter
from ledgerbank_adapters.memory.tools.memory_secret_box import MemorySecretBox, MemorySecretGenerator
from ledgerbank_adapters.memory.tools.memory_security import (
    MemoryPasswordBlocklist,
    MemoryPasswordHasher,
    MemoryPseudonymizer,
)
from ledgerbank_adapters.memory.tools.memory_token_codec import MemoryTokenCodec

__all__ = [
    "MemoryCache",
    "MemoryChance",
    "MemoryClock",
    "MemoryDatabase",
    "MemoryIdGenerator",
    "MemoryMailbox",
    "MemoryOneTimeCodes",
    "MemoryPasswordBlocklist",
    "MemoryPasswordHasher",
    "MemoryPseudonymizer",
    "MemoryRateLimiter",
    "MemorySecretBox",
    "MemorySecretGenerator",
    "MemoryStartUnitOfWork",
    "MemoryTokenCodec",
    "MemoryUnitOfWork",
    "SandboxBank",
    "memory_ports",
]
