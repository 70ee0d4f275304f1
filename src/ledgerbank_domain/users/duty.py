"""What somebody who logged in must do before they may do anything else."""

from enum import Enum
from typing import Self

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Role
from ledgerbank_domain.users.user import User


class Duty(Enum):
    """A session under a duty may do what fulfils it, and little else: the rest is refused with ``reason``."""

    reason: Reason
    demand: str

    PASSWORD_CHANGE = (
        "password_change",
        Reason.PASSWORD_CHANGE_REQUIRED,
        "The password is too short for the role of now: set a longer one, then log in again.",
    )

    SECOND_FACTOR_ENROLMENT = (
        "second_factor_enrolment",
        Reason.SECOND_FACTOR_REQUIRED,
        "Staff log in with a second factor: set one up with POST /profile/totp.",
    )

    def __new__(cls, name: str, reason: Reason, demand: str) -> Self:
        """The value is the name alone; the rest goes beside it."""
        duty = object.__new__(cls)
        duty._value_ = name
        duty.reason = reason
        duty.demand = demand
        return duty

    def refusal(self) -> DomainError:
        """What an act is refused with that is not open to a session under this duty."""
        return DomainError(self.reason, message=self.demand)


NO_DUTY: frozenset[Duty] = frozenset()
EVERY_DUTY = frozenset(Duty)


def duty_of(user: User, *, has_second_factor: bool, second_factor_for_staff: bool) -> Duty | None:
    """The first thing that this user owes, if anything, where staff must have a second factor or need not."""
    if user.password_change_due:
        return Duty.PASSWORD_CHANGE
    if second_factor_for_staff and user.role is not Role.USER and not has_second_factor:
        return Duty.SECOND_FACTOR_ENROLMENT
    return None
