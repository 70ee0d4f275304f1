"""Everything that can be configured: groups of fields, each with the environment variable that sets it."""

from collections.abc import Mapping

from attrs import AttrsInstance, fields, frozen, has

from ledgerbank_app.settings.bank_connection_settings import BankConnectionSettings
from ledgerbank_app.settings.bank_settings import BankSettings
from ledgerbank_app.settings.database_settings import DatabaseSettings
from ledgerbank_app.settings.identity_settings import IdentitySettings
from ledgerbank_app.settings.job_settings import JobSettings
from ledgerbank_app.settings.limit_settings import LimitSettings
from ledgerbank_app.settings.mail_settings import MailSettings
from ledgerbank_app.settings.process_settings import AppEnvironment, ProcessSettings
from ledgerbank_app.settings.second_factor_settings import SecondFactorSettings
from ledgerbank_app.settings.security_settings import PasswordSettings, TokenSettings
from ledgerbank_app.settings.server_settings import (
    HealthSettings,
    HttpSettings,
    RateLimitSettings,
    ServerSettings,
)
from ledgerbank_app.settings.staff_settings import StaffSettings
from ledgerbank_domain.payments.payment_limits import PaymentLimits


@frozen(kw_only=True)
class Settings:
    """``warnings`` are full sentences for the log: they never hold a value."""

    process: ProcessSettings
    server: ServerSettings
    http: HttpSettings
    rate_limit: RateLimitSettings
    database: DatabaseSettings
    tokens: TokenSettings
    passwords: PasswordSettings
    second_factor: SecondFactorSettings
    identity: IdentitySettings
    limits: LimitSettings
    staff: StaffSettings
    jobs: JobSettings
    mail: MailSettings
    banks: BankSettings
    bank_connections: BankConnectionSettings
    health: HealthSettings
    warnings: tuple[str, ...] = ()

    @property
    def payment_limits(self) -> PaymentLimits:
        """The limits of payments, as the domain's rules know them."""
        return self.limits.payment_limits()

    @property
    def is_production(self) -> bool:
        """Whether the strict checks of production hold."""
        return self.process.environment is AppEnvironment.PRODUCTION


GROUPS: Mapping[str, type[AttrsInstance]] = {
    each.name: each.type for each in fields(Settings) if each.type is not None and has(each.type)
}
"""Each group of variables by its field of the settings: a new one is read because it is there."""
