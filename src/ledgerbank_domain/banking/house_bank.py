"""The house bank: where accounts are opened that nobody but LedgerBank holds."""

from datetime import datetime
from uuid import UUID

from ledgerbank_domain.banking.bank import Bank

HOUSE_BANK_CODE = "HOUSE"
HOUSE_BANK_NAME = "LedgerBank"
HOUSE_BANK_COUNTRY = "GB"
HOUSE_BANK_ID = UUID("4c656467-6572-8261-8e6b-20484f555345")
HOUSE_BANK_FIELDS_THAT_STAY = ("code", "integration_module")
"""What nobody may change of it: it is found by its code, and no other bank has a word on its accounts."""


def house_bank(*, at: datetime, name: str = HOUSE_BANK_NAME) -> Bank:
    """The bank as every storage has it from its beginning."""
    return Bank(
        id=HOUSE_BANK_ID,
        name=name,
        country=HOUSE_BANK_COUNTRY,
        code=HOUSE_BANK_CODE,
        inserted_at=at,
        updated_at=at,
    )
