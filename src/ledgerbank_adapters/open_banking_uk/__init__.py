"""UK Open Banking, account information v3.1 and v4.0, whichever of them a bank speaks.

https://openbankinguk.github.io/read-write-api-site3/v3.1.10/
https://openbankinguk.github.io/read-write-api-site3/v4.0/
"""

from ledgerbank_adapters import requires_extra

with requires_extra("open-banking-uk"):
    from ledgerbank_adapters.open_banking_uk.consent_client import OpenBankingUkAccess
    from ledgerbank_adapters.open_banking_uk.open_banking_uk_gateway import OpenBankingUkGateway

__all__ = ["OpenBankingUkAccess", "OpenBankingUkGateway"]
