"""Who may look after everybody's jobs."""

import pytest
from tests.support.scenes.domain_samples import OWNER, actor

from ledgerbank_domain.identity.actor import ANONYMOUS, SYSTEM, Actor, Role
from ledgerbank_domain.jobs.job_policy import may_administer_jobs


@pytest.mark.parametrize(
    ("who", "allowed"),
    [
        (actor(Role.USER, OWNER), False),
        (actor(Role.SUPPORT, OWNER), False),
        (actor(Role.ADMIN, OWNER), True),
        (SYSTEM, True),
        (ANONYMOUS, False),
    ],
)
def test_administrators_and_the_system_look_after_jobs(who: Actor, allowed: bool) -> None:
    assert may_administer_jobs(who) is allowed
