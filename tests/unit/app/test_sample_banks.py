"""The simulated bank in the sample catalogue: once for each dialect that was chosen, with its gateway."""

import pytest

from ledgerbank_adapters.memory import MemoryClock, MemoryDatabase, MemoryIdGenerator, MemoryStartUnitOfWork
from ledgerbank_adapters.memory.tools.memory_security import MemoryPasswordHasher
from ledgerbank_app.bank_gateways import KNOWN_GATEWAYS
from ledgerbank_app.sample.sample_banks import SIMULATED_BANKS
from ledgerbank_app.sample.sample_data import SampleDataLoader
from ledgerbank_app.settings.settings_parsers import SIMULATED_DIALECTS


@pytest.mark.parametrize(
    ("dialects", "gateways"),
    [
        (["monzo"], {"simulated"}),
        (["open_banking_4.0"], {"simulated_open_banking_4"}),
        (SIMULATED_DIALECTS, {"simulated", "simulated_open_banking", "simulated_open_banking_4"}),
    ],
)
def test_the_catalogue_offers_a_bank_for_each_dialect(dialects: list[str], gateways: set[str]) -> None:
    start_unit_of_work = MemoryStartUnitOfWork(MemoryDatabase(MemoryClock()))
    loader = SampleDataLoader(
        start_unit_of_work=start_unit_of_work,
        ids=MemoryIdGenerator(),
        hasher=MemoryPasswordHasher(),
        dialects=dialects,
    )

    loader.load_banks()
    loader.load_banks()

    with start_unit_of_work() as work:
        banks = [work.banks.find_by_code(sample.code) for sample in SIMULATED_BANKS.values()]
    assert {bank.integration_module for bank in banks if bank is not None} == gateways


def test_every_dialect_has_a_bank_and_a_gateway() -> None:
    assert SIMULATED_BANKS.keys() == set(SIMULATED_DIALECTS)
    assert {sample.integration_module for sample in SIMULATED_BANKS.values()} <= KNOWN_GATEWAYS
