"""Who may correct the books."""

from ledgerbank_domain.identity.actor import Actor


def may_reverse(actor: Actor) -> bool:
    return actor.is_admin or actor.is_system
