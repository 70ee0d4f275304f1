"""Versions 3.1 and 4.0 of UK Open Banking: the same resources, spelled with other names and codes.

4.0 takes its codes from ISO 20022: https://openbankinguk.github.io/read-write-api-site3/v4.0/ and
https://github.com/OpenBankingUK/External_Internal_CodeSets.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from ledgerbank_adapters.simulated_bank.bank_exchange import Arrival
from ledgerbank_adapters.simulated_bank.books.simulated_account import BalanceKind
from ledgerbank_adapters.simulated_bank.grants.simulated_consents import ConsentStatus

OPEN_BANKING_ROOT = "/open-banking-uk"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenBankingVersion:
    """How one version spells things. ``number`` orders them; ``resources`` is where it answers.

    ``error_codes`` are by those of 3.1; None: it has those.
    """

    number: tuple[int, int]
    resources: str
    consent_statuses: Mapping[ConsentStatus, str]
    expired_consent: str | None
    booked: str
    pending: str
    rejected: str
    balance_types: Mapping[BalanceKind, str]
    error_codes: Mapping[str, str] | None

    @property
    def has_iso_codes(self) -> bool:
        return self.number >= (4, 0)

    def instant(self, instant: datetime) -> str:
        """RFC 3339; 4.0 is told in UTC by its letter, so that clients meet both spellings."""
        told = instant.isoformat(timespec="milliseconds")
        return told.replace("+00:00", "Z") if self.has_iso_codes else told


V3_1 = OpenBankingVersion(
    number=(3, 1),
    resources="/open-banking/v3.1/aisp",
    consent_statuses={
        ConsentStatus.AWAITING_AUTHORISATION: "AwaitingAuthorisation",
        ConsentStatus.AUTHORISED: "Authorised",
        ConsentStatus.REJECTED: "Rejected",
        ConsentStatus.REVOKED: "Revoked",
    },
    expired_consent=None,
    booked="Booked",
    pending="Pending",
    rejected="Rejected",
    balance_types={
        BalanceKind.AVAILABLE: "InterimAvailable",
        BalanceKind.BOOKED: "InterimBooked",
        BalanceKind.CLOSING: "ClosingBooked",
    },
    error_codes=None,
)
V4_0 = OpenBankingVersion(
    number=(4, 0),
    resources="/open-banking/v4.0/aisp",
    consent_statuses={
        ConsentStatus.AWAITING_AUTHORISATION: "AWAU",
        ConsentStatus.AUTHORISED: "AUTH",
        ConsentStatus.REJECTED: "RJCT",
        ConsentStatus.REVOKED: "CANC",
    },
    expired_consent="EXPD",
    booked="BOOK",
    pending="PDNG",
    rejected="RJCT",
    balance_types={
        BalanceKind.AVAILABLE: "ITAV",
        BalanceKind.BOOKED: "ITBD",
        BalanceKind.CLOSING: "CLBD",
    },
    error_codes={
        "UK.OBIE.Field.Invalid": "U002",
        "UK.OBIE.Field.InvalidDate": "U003",
        "UK.OBIE.Field.Missing": "U004",
        "UK.OBIE.Header.Invalid": "U006",
        "UK.OBIE.Resource.ConsentMismatch": "U008",
        "UK.OBIE.Resource.InvalidConsentStatus": "U009",
        "UK.OBIE.Resource.InvalidFormat": "U010",
        "UK.OBIE.Resource.NotFound": "U011",
    },
)
OPEN_BANKING_VERSIONS = (V3_1, V4_0)


def version_of(arrival: Arrival) -> OpenBankingVersion:
    """Which one is asked for: the path says so."""
    return next(each for each in OPEN_BANKING_VERSIONS if each.resources in arrival.url)
