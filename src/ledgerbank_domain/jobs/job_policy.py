"""Who may look after the jobs of everybody."""

from ledgerbank_domain.identity.actor import Actor


def may_administer_jobs(actor: Actor) -> bool:
    """List, look at, try again and cancel jobs of any kind."""
    return actor.is_admin or actor.is_system
