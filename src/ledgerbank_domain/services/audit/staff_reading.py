"""Staff who look at a customer's affairs leave a trace of it, in the unit of work that looked.

Every use-case that shows what belongs to somebody ends here. For an owner, and for the system, that costs
nothing; only for staff does a unit that reads become one that writes, and commits.
"""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from ledgerbank_domain.audit.audit_event import AuditName, AuditTarget
from ledgerbank_domain.identity.actor import Actor
from ledgerbank_domain.ports.unit_of_work import UnitOfWork
from ledgerbank_domain.services.audit.audit_writer import AuditWriter


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What somebody was shown of ``owner_id`` (None: of all customers).

    One thing by its id, or (None) a list.
    """

    actor: Actor
    owner_id: UUID | None
    what: str
    id: UUID | None = None

    @property
    def is_by_staff(self) -> bool:
        """Whether staff looked at somebody else's affairs: only that is recorded."""
        return self.actor.is_staff and self.actor.user_id != self.owner_id

    def target(self) -> AuditTarget:
        """The event's target: whose affairs they are, with what was shown of them."""
        named = {} if self.id is None else {"id": str(self.id)}
        return AuditTarget(self.owner_id, {"what": self.what, **named})


def commit_staff_readings(work: UnitOfWork, readings: Collection[Reading], *, audit: AuditWriter) -> None:
    """The last step of a use-case that only reads: records what staff were shown, and then ends ``work``."""
    by_staff = [reading for reading in readings if reading.is_by_staff]
    if by_staff:
        acts = [(reading.actor, reading.target()) for reading in by_staff]
        audit.record_each(work, AuditName.STAFF_READ, acts, at=work.now())
        work.commit()
