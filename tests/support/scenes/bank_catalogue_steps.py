"""Banks as administrators make them, and their names as they are listed."""

from tests.support.scenes.service_world import ServiceWorld

from ledgerbank_domain.banking.bank import BankFilter
from ledgerbank_domain.banking.house_bank import HOUSE_BANK_ID
from ledgerbank_domain.identity.page import PageRequest, Sort
from ledgerbank_domain.services.banks.bank_service import NewBank

FIRST_PAGE = PageRequest()


def new_bank(
    name: str = "Test Bank",
    code: str = "TEST_BANK",
    *,
    logo_url: str | None = None,
    api_endpoint: str | None = None,
    integration_module: str | None = None,
) -> NewBank:
    return NewBank(
        name=name,
        country="GB",
        code=code,
        logo_url=logo_url,
        api_endpoint=api_endpoint,
        integration_module=integration_module,
    )


def names(
    world: ServiceWorld, wanted: BankFilter | None = None, sort: tuple[Sort, ...] | None = None
) -> list[str]:
    filtered = wanted or BankFilter()
    if sort is None:
        listed = world.banks.list_page(filtered, request=FIRST_PAGE).items
    else:
        listed = world.banks.list_page(filtered, sort=sort, request=FIRST_PAGE).items
    return [bank.name for bank in listed if bank.id != HOUSE_BANK_ID]
