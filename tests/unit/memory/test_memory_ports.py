"""The sandbox is the same bank as the server's, with made-up surroundings."""

from ledgerbank_adapters.memory.memory_ports import MEMORY_GATEWAYS
from ledgerbank_app.bank_gateways import KNOWN_GATEWAYS


def test_a_bank_may_name_the_same_gateways_in_the_sandbox_as_on_the_server() -> None:
    assert MEMORY_GATEWAYS == KNOWN_GATEWAYS
