"""A desk at which statements are brought."""

import pytest
from tests.support.scenes.statement_desk import StatementDesk

from ledgerbank_adapters.memory import MemoryClock
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork


@pytest.fixture
def desk(start_unit_of_work: StartUnitOfWork, clock: MemoryClock, ids: IdGenerator) -> StatementDesk:
    return StatementDesk(start_unit_of_work, clock, ids)
