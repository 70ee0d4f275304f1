"""The gateways to banks that the settings ask for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import ceil

from ledgerbank_adapters.bank_http import (
    BankHttpClient,
    BankHttpObserver,
    BankHttpSettings,
    BreakerSettings,
    WebhookSignature,
    WebhookUrl,
)
from ledgerbank_adapters.http import bank_callback_url, icon_url, webhook_url
from ledgerbank_adapters.monzo import MonzoAccess, MonzoGateway
from ledgerbank_adapters.open_banking_uk import OpenBankingUkAccess, OpenBankingUkGateway
from ledgerbank_adapters.simulated_bank import (
    DEFAULT_CLIENT_ID,
    DEFAULT_CLIENT_SECRET,
    MONZO_ISSUER,
    OPEN_BANKING_ISSUER,
    OPEN_BANKING_ROOT,
    V3_1,
    V4_0,
)
from ledgerbank_app.settings.bank_settings import BankSettings
from ledgerbank_app.settings.settings import Settings
from ledgerbank_domain.ports.bank_gateway import BankGateway
from ledgerbank_domain.ports.clock import Clock

MONZO, SIMULATED = "monzo", "simulated"
SIMULATED_OPEN_BANKING = {"simulated_open_banking": V3_1, "simulated_open_banking_4": V4_0}
"""The version of the standard that each of these gateways speaks with the simulated bank."""

KNOWN_GATEWAYS = frozenset({MONZO, SIMULATED, *SIMULATED_OPEN_BANKING})
"""What a bank may name as its ``integration_module``, whether or not it is set up here."""

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class BankGateways:
    """``close`` gives their connections back."""

    by_name: Mapping[str, BankGateway]
    clients: Sequence[BankHttpClient]

    def close(self) -> None:
        """Closes the connections to all banks; no gateway works after that."""
        for client in self.clients:
            client.close()


def create_bank_gateways(
    settings: Settings, *, clock: Clock, observer: BankHttpObserver | None
) -> BankGateways:
    """Monzo when its credentials are set, the simulated banks when they are enabled. Calls nobody yet."""
    building = _GatewayBuilding(settings, clock, observer)
    banks = settings.banks
    if banks.monzo_client_id is not None and banks.monzo_client_secret is not None:
        building.add_monzo(
            MONZO,
            api_url=banks.monzo_api_url,
            access=MonzoAccess(
                auth_url=banks.monzo_auth_url,
                client_id=banks.monzo_client_id,
                client_secret=banks.monzo_client_secret,
                redirect_uri=building.redirect_uri,
                notice_image_url=building.notice_image_url,
            ),
            uses_pkce=False,
        )
    if banks.simulated_enabled:
        building.add_monzo(
            SIMULATED,
            api_url=banks.simulated_url,
            access=MonzoAccess(
                auth_url=banks.simulated_url,
                client_id=DEFAULT_CLIENT_ID,
                client_secret=DEFAULT_CLIENT_SECRET,
                redirect_uri=building.redirect_uri,
                notice_image_url=building.notice_image_url,
                issuer=MONZO_ISSUER,
            ),
            uses_pkce=True,
        )
        for name, version in SIMULATED_OPEN_BANKING.items():
            building.add_open_banking_uk(
                name,
                root=banks.simulated_url + OPEN_BANKING_ROOT,
                resources=version.resources,
                client_id=DEFAULT_CLIENT_ID,
                client_secret=DEFAULT_CLIENT_SECRET,
                issuer=OPEN_BANKING_ISSUER,
            )
    return BankGateways(by_name=building.gateways, clients=building.clients)


class _GatewayBuilding:
    def __init__(self, settings: Settings, clock: Clock, observer: BankHttpObserver | None) -> None:
        self.gateways: dict[str, BankGateway] = {}
        self.clients: list[BankHttpClient] = []
        self.redirect_uri = bank_callback_url(settings.server.public_base_url)
        self.notice_image_url = icon_url(settings.server.public_base_url)
        self._settings = settings
        self._clock = clock
        self._observer = observer

    def add_monzo(self, name: str, *, api_url: str, access: MonzoAccess, uses_pkce: bool) -> None:
        self.gateways[name] = MonzoGateway(
            client=self._client(name, api_url),
            access=access,
            webhook_url=WebhookUrl(
                address=webhook_url(self._settings.server.public_base_url, name),
                provider=name,
                secret=self._settings.banks.webhook_secret,
                previous_secret=self._settings.banks.previous_webhook_secret,
            ),
            clock=self._clock,
            uses_pkce=uses_pkce,
            min_sync_interval_seconds=_min_interval(self._settings.banks, name),
        )

    def add_open_banking_uk(
        self,
        name: str,
        *,
        root: str,
        resources: str,
        client_id: str,
        client_secret: str,
        issuer: str | None = None,
    ) -> None:
        banks = self._settings.banks
        base_url = root + resources
        self.gateways[name] = OpenBankingUkGateway(
            client=self._client(name, base_url),
            base_url=base_url,
            access=OpenBankingUkAccess(
                authorization_url=f"{root}/authorize",
                token_url=f"{root}/token",
                client_id=client_id,
                client_secret=client_secret,
                redirect_uri=self.redirect_uri,
                issuer=issuer,
            ),
            webhook_signature=WebhookSignature(
                secret=banks.webhook_secret, previous_secret=banks.previous_webhook_secret
            ),
            clock=self._clock,
            min_sync_interval_seconds=_min_interval(banks, name),
        )

    def _client(self, name: str, base_url: str) -> BankHttpClient:
        banks = self._settings.banks
        client = BankHttpClient(
            provider=name,
            base_url=base_url,
            clock=self._clock,
            settings=BankHttpSettings(
                connect_timeout=banks.connect_timeout,
                read_timeout=banks.read_timeout,
                breaker=BreakerSettings(
                    failures=banks.breaker_failures,
                    window=banks.breaker_window,
                    open_for=banks.breaker_open,
                ),
            ),
            observer=self._observer,
        )
        self.clients.append(client)
        return client


def _min_interval(banks: BankSettings, name: str) -> int:
    """So many syncs spread over a day; 0 without a budget."""
    budget = banks.sync_budgets.get(name)
    return 0 if budget is None else ceil(_DAY.total_seconds() / budget)
