"""Scopes: what a key may be used for, at most."""

from enum import Enum


class Scope(Enum):
    """One thing that a key may do. It only ever narrows the rights of the key's owner.

    What has no scope, no key does: who may log in, and how; the owner's profile and keys; administration.
    """

    ACCOUNTS_READ = "accounts:read"
    PAYMENTS_READ = "payments:read"
    PAYMENTS_WRITE = "payments:write"
    BANKS_READ = "banks:read"
    BANKS_WRITE = "banks:write"
    EVENTS_READ = "events:read"
