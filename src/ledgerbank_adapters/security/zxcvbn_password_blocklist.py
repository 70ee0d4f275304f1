"""The commonest passwords, from the list that zxcvbn counts them in."""

from zxcvbn.frequency_lists import FREQUENCY_LISTS  # type: ignore[import-untyped]  # has none

from ledgerbank_domain.identity.text_folding import folded
from ledgerbank_domain.ports.security import PasswordBlocklist

COMMONEST = 10_000


class ZxcvbnPasswordBlocklist(PasswordBlocklist):
    """The first ``COMMONEST`` of the list, however they are spelled."""

    def __init__(self) -> None:
        self.passwords = frozenset(map(folded, FREQUENCY_LISTS["passwords"][:COMMONEST]))

    def holds(self, password: str) -> bool:
        return password in self.passwords
