"""All ports of the services in memory: one call, and what is given replaces its twin in memory."""

from typing import Any

from ledgerbank_adapters.memory.memory_unit_of_work import MemoryStartUnitOfWork
from ledgerbank_adapters.memory.storage.memory_database import MemoryDatabase
from ledgerbank_adapters.memory.tools.memory_cache import MemoryCache
from ledgerbank_adapters.memory.tools.memory_chance import MemoryChance
from ledgerbank_adapters.memory.tools.memory_clock import MemoryClock
from ledgerbank_adapters.memory.tools.memory_device_reader import MemoryDeviceReader
from ledgerbank_adapters.memory.tools.memory_id_generator import MemoryIdGenerator
from ledgerbank_adapters.memory.tools.memory_mailbox import MemoryMailbox
from ledgerbank_adapters.memory.tools.memory_one_time_codes import MemoryOneTimeCodes
from ledgerbank_adapters.memory.tools.memory_secret_box import MemorySecretBox, MemorySecretGenerator
from ledgerbank_adapters.memory.tools.memory_security import (
    MemoryPasswordBlocklist,
    MemoryPasswordHasher,
    MemoryPseudonymizer,
)
from ledgerbank_adapters.memory.tools.memory_token_codec import MemoryTokenCodec
from ledgerbank_domain.ports.clock import Clock
from ledgerbank_domain.services.service_ports import ServicePorts

MEMORY_GATEWAYS = frozenset({"monzo", "simulated", "simulated_open_banking", "simulated_open_banking_4"})
"""What a bank of the catalogue may name: those that the server knows."""


def memory_ports(*, clock: Clock | None = None, **given: Any) -> ServicePorts:
    """Every port of the services in memory, but for those that are ``given``.

    These are fields of :class:`ServicePorts`. A storage that is given has a clock of its own; where ``clock``
    is to move its time, both are given the same one. No bank is within reach unless ``gateways`` are given.
    """
    clock = clock or MemoryClock()
    if "start_unit_of_work" not in given:
        given["start_unit_of_work"] = MemoryStartUnitOfWork(MemoryDatabase(clock))
    ports: dict[str, Any] = {
        "clock": clock,
        "storage_clock": clock,
        "ids": MemoryIdGenerator(),
        "chance": MemoryChance(),
        "cache": MemoryCache(clock),
        "hasher": MemoryPasswordHasher(),
        "codec": MemoryTokenCodec(),
        "password_blocklist": MemoryPasswordBlocklist(),
        "pseudonymizer": MemoryPseudonymizer(),
        "secret_box": MemorySecretBox(),
        "secrets": MemorySecretGenerator(),
        "one_time_codes": MemoryOneTimeCodes(),
        "devices": MemoryDeviceReader(),
        "mailer": MemoryMailbox(clock),
        "gateways": {},
        "known_gateways": MEMORY_GATEWAYS,
    }
    return ServicePorts(**(ports | given))
