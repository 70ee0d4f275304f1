"""Who may change the catalogue of banks. Reading it is for everybody who is logged in."""

from ledgerbank_domain.identity.actor import Actor


def may_write_banks(actor: Actor) -> bool:
    """Administrators and the system only."""
    return actor.is_admin or actor.is_system
