"""Four eyes: what one of staff alone may not do, where the bank wants two of them for it."""

from dataclasses import dataclass

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Actor


@dataclass(frozen=True, slots=True)
class FourEyes:
    """Whether the rule holds. Each use-case asks it under lock, once it knows that the act is one for two.

    The system, which is whoever sits at the machine and the jobs, acts alone. ``is_agreed``: what is done
    here is what another administrator has approved just now.
    """

    required: bool = False
    is_agreed: bool = False

    def concern(self, actor: Actor) -> bool:
        """Whether the actor needs somebody else for such an act."""
        return self.required and not actor.is_system

    def check(self, actor: Actor, *, takes_two: bool) -> None:
        """Raises ``insufficient_permissions`` when somebody would do alone what takes two."""
        if takes_two and self.concern(actor) and not self.is_agreed:
            raise DomainError(
                Reason.INSUFFICIENT_PERMISSIONS,
                message="Another administrator has to approve this: it has to be asked for.",
            )
