"""The services that connect logins to their banks, over one set of ports."""

from dataclasses import dataclass

from ledgerbank_domain.ports.clock import Clock
from ledgerbank_domain.ports.id_generator import IdGenerator
from ledgerbank_domain.ports.secret_box import SecretBox, SecretGenerator
from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork
from ledgerbank_domain.services.audit_writer import AuditWriter
from ledgerbank_domain.services.bank_access import BankAccessKeeper
from ledgerbank_domain.services.bank_connection_service import BankConnectionService
from ledgerbank_domain.services.bank_gateway_lookup import Gateways
from ledgerbank_domain.services.bank_login_service import BankLoginService
from ledgerbank_domain.services.bank_token_sealer import BankTokenSealer
from ledgerbank_domain.services.bank_webhook_service import BankWebhookService
from ledgerbank_domain.services.oauth_visits import OAuthVisits
from ledgerbank_domain.services.token_rotation_service import TokenRotationService


@dataclass(frozen=True, slots=True, kw_only=True)
class BankConnectionServices:
    accesses: BankAccessKeeper
    logins: BankLoginService
    connections: BankConnectionService
    webhooks: BankWebhookService
    rotation: TokenRotationService


def compose_bank_connection_services(
    *,
    start_unit_of_work: StartUnitOfWork,
    clock: Clock,
    ids: IdGenerator,
    audit: AuditWriter,
    gateways: Gateways,
    box: SecretBox,
    secrets: SecretGenerator,
) -> BankConnectionServices:
    sealer = BankTokenSealer(box=box)
    accesses = BankAccessKeeper(gateways=gateways, sealer=sealer, clock=clock)
    return BankConnectionServices(
        accesses=accesses,
        logins=BankLoginService(
            start_unit_of_work=start_unit_of_work,
            ids=ids,
            audit=audit,
            gateways=gateways,
            accesses=accesses,
        ),
        connections=BankConnectionService(
            start_unit_of_work=start_unit_of_work,
            ids=ids,
            audit=audit,
            gateways=gateways,
            visits=OAuthVisits(ids=ids, audit=audit, box=box, secrets=secrets),
            sealer=sealer,
            accesses=accesses,
        ),
        webhooks=BankWebhookService(
            start_unit_of_work=start_unit_of_work,
            clock=clock,
            ids=ids,
            audit=audit,
            gateways=gateways,
        ),
        rotation=TokenRotationService(start_unit_of_work=start_unit_of_work, box=box),
    )
