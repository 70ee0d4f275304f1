"""A customer who connects a bank, and comes back from it."""

from uuid import UUID

import pytest
from tests.support.scenes.gateway_world import DIALECTS
from tests.support.scenes.sync_scene import SyncScene

from ledgerbank_domain.banking.bank_login import BankLogin, NewBankLogin
from ledgerbank_domain.identity.actor import ANONYMOUS
from ledgerbank_domain.services.bank_connections.bank_connection_service import (
    BankConnectionService,
    StartedConnection,
)
from ledgerbank_domain.services.bank_connections.code_redemption import FinishedConnection

in_every_dialect = pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)


def start(
    scene: SyncScene, username: str = "second", *, bank_branch_id: UUID | None = None
) -> StartedConnection:
    new_login = NewBankLogin(bank_branch_id=bank_branch_id or scene.branch.id, username=username)
    return scene.world.connections.start(scene.actor, new_login)


def finish(scene: SyncScene, brought: dict[str, str]) -> FinishedConnection:
    return finish_at(scene.world.connections, brought)


def finish_at(connections: BankConnectionService, brought: dict[str, str]) -> FinishedConnection:
    finished = connections.finish(
        ANONYMOUS, state=brought["state"], code=brought["code"], issuer=brought.get("iss")
    )
    assert isinstance(finished, FinishedConnection)
    return finished


def stored(scene: SyncScene, login_id: UUID) -> BankLogin:
    with scene.start_unit_of_work() as work:
        return work.bank_logins.find_many([login_id])[login_id]


def suspicions(scene: SyncScene) -> list[str]:
    return [name for name in scene.world.audit_names(scene.user.id) if name == "security.suspicious"]
