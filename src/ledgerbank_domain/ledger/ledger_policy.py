"""Who may reverse entries."""

from ledgerbank_domain.identity.actor import Actor


def may_reverse(actor: Actor) -> bool:
    """Administrators and the system only: not even its owner may undo what moved their money."""
    return actor.is_admin or actor.is_system
