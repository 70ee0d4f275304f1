"""Second factors of users in tests: their apps, and what they type."""

from dataclasses import dataclass, field
from datetime import timedelta

from pyotp import TOTP
from tests.support.scenes.service_world import ServiceWorld

from ledgerbank_adapters.memory import MemoryOneTimeCodes
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.services.users.second_factors import SecondFactors
from ledgerbank_domain.users.second_factor import SecondFactor, recovery_hash
from ledgerbank_domain.users.user import User

RECOVERY_CODE = "abcdefghijklmnopqrstuvwx"


@dataclass(kw_only=True)
class AuthenticatorApp:
    """The app of somebody whose factor is confirmed; it shows codes by the world's time."""

    world: ServiceWorld
    user: User
    secret: str = field(default_factory=MemoryOneTimeCodes().new_secret)

    def code(self, *, drift: int = 0) -> str:
        """What an app shows whose clock is so many half minutes off."""
        return TOTP(self.secret).at(self.world.clock.now(), counter_offset=drift)

    def next_code(self) -> str:
        """One that was not used yet, half a minute later."""
        self.world.clock.advance(timedelta(seconds=30))
        return self.code()

    def wrong_code(self) -> str:
        """None of those that count now."""
        near = {self.code(drift=drift) for drift in (-1, 0, 1)}
        return next(code for code in map("{:06}".format, range(4)) if code not in near)


def second_factors_of(world: ServiceWorld) -> SecondFactors:
    """As the services have it."""
    return world.services.second_factor.second_factors


def an_app(world: ServiceWorld, user: User) -> AuthenticatorApp:
    """A confirmed factor, with ``RECOVERY_CODE`` among its recovery codes; none of its codes was used."""
    app = AuthenticatorApp(world=world, user=user)
    now, factor_id = world.clock.now(), world.ids.new_id()
    factor = SecondFactor(
        id=factor_id,
        user_id=user.id,
        secret=second_factors_of(world).seal(app.secret, factor_id),
        inserted_at=now,
        updated_at=now,
    ).confirmed(step=0, recovery_hashes=(recovery_hash(RECOVERY_CODE), "0" * 64), at=now)
    with world.start_unit_of_work() as work:
        work.second_factors.add(factor)
        work.commit()
    return app


def a_new_app(world: ServiceWorld, user: User) -> AuthenticatorApp:
    """One that waits for its first code to be sent."""
    app = AuthenticatorApp(world=world, user=user)
    now, factor_id = world.clock.now(), world.ids.new_id()
    with world.start_unit_of_work() as work:
        work.second_factors.add(
            SecondFactor(
                id=factor_id,
                user_id=user.id,
                secret=second_factors_of(world).seal(app.secret, factor_id),
                inserted_at=now,
                updated_at=now,
            )
        )
        work.commit()
    return app


def factor_of(world: ServiceWorld, user: User) -> SecondFactor:
    with world.start_unit_of_work() as work:
        factor = work.second_factors.find_confirmed(user.id)
    assert factor is not None
    return factor


def prove(world: ServiceWorld, user: User, code: str, *, actor: Actor) -> str:
    """``right``, or the reason that a code is refused for."""
    with world.start_unit_of_work() as work:
        locked = work.users.get_for_update(user.id)
        refusal: DomainError | None = second_factors_of(world).prove_in(
            work, locked, code, at=work.now(), actor=actor
        )
        work.commit()
    return "right" if refusal is None else refusal.reason.code
