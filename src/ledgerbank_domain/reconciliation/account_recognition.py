"""Whether an account that a bank shows is one that the books know under another id. Pure.

A bank may give an account another id, usually with a new consent. It is recognised by its number; where one
side has none, by the movements that both know of. What cannot be decided is doubtful, and never guessed.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from uuid import UUID

from ledgerbank_domain.banking.account import Account
from ledgerbank_domain.banking.bank_statement import ShownAccount, ShownMovement
from ledgerbank_domain.banking.transaction import Transaction
from ledgerbank_domain.reconciliation.movement_matching import match_movements

# A bank may date what it shows under a new id otherwise than before, by its zone at the most.
_DAYS_AT_THE_ENDS = timedelta(days=2)
KEY_MARK_LENGTH = 8
"""What hashes of numbers begin with tells the key that they were made with."""


class Sameness(Enum):
    """Whether two are one account."""

    SAME = "same"
    UNCLEAR = "unclear"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognition:
    """What became of accounts whose ids the books do not know, by the bank's id.

    ``known`` are those that the books have under another id; ``doubtful`` may be, and none of the named ones
    alone is. The others are new.
    """

    known: Mapping[str, UUID]
    doubtful: Mapping[str, tuple[UUID, ...]]


def by_number(shown: ShownAccount, number_hashes: Collection[str], account: Account) -> Sameness:
    """What currency and number say. ``number_hashes`` are all that the shown one's number may be stored as.

    A number may stand for accounts in several currencies; one that is not told says nothing.
    """
    if shown.currency != account.currency:
        return Sameness.DIFFERENT
    if account.number_hash is None or not number_hashes:
        return Sameness.UNCLEAR
    if account.number_hash in number_hashes:
        return Sameness.SAME
    # One by a key that nobody has any more cannot be compared.
    keys = {each[:KEY_MARK_LENGTH] for each in number_hashes}
    return Sameness.DIFFERENT if account.number_hash[:KEY_MARK_LENGTH] in keys else Sameness.UNCLEAR


def by_looks(shown: ShownAccount, account: Account) -> Sameness:
    """What type and last digits say: never that two are one, for many look alike."""
    if shown.account_type is not account.account_type:
        return Sameness.DIFFERENT
    told = {shown.last_four, account.last_four} - {None}
    return Sameness.DIFFERENT if len(told) > 1 else Sameness.UNCLEAR


def by_movements(
    listed: Sequence[ShownMovement], lines: Sequence[Transaction], *, at_least: int = 1
) -> Sameness:
    """What the movements say that one is shown with, and those that the books know of the other.

    Of the time that both tell of they must be the same, one by one, and ``at_least`` so many.
    """
    if not listed or not lines:
        return Sameness.UNCLEAR
    begin = max(min(each.posted_at for each in listed), min(each.posted_at for each in lines))
    end = min(max(each.posted_at for each in listed), max(each.posted_at for each in lines))
    if begin > end:
        return Sameness.UNCLEAR
    matches = match_movements(listed, lines)
    inside = (begin + _DAYS_AT_THE_ENDS, end - _DAYS_AT_THE_ENDS)
    told_alone = [
        place
        for place, each in enumerate(listed)
        if place not in matches.pairs and place not in matches.doubtful and _lies(each, inside)
    ]
    candidates = {known for places in matches.doubtful.values() for known in places}
    explained = {*matches.pairs.values(), *candidates}
    known_alone = [
        place for place, each in enumerate(lines) if place not in explained and _lies(each, inside)
    ]
    if len(matches.pairs) >= at_least and not told_alone and not known_alone:
        return Sameness.SAME
    return Sameness.UNCLEAR if matches.pairs else Sameness.DIFFERENT


def recognised(found: Mapping[tuple[str, UUID], Sameness]) -> Recognition:
    """Which shown accounts are which known ones, by what was found of each pair.

    Two are one where both are sure of the other and of nobody else.
    """
    same: dict[str, list[UUID]] = {}
    unclear: dict[str, list[UUID]] = {}
    claims: dict[UUID, int] = {}
    for (external_id, account_id), sameness in found.items():
        if sameness is Sameness.SAME:
            same.setdefault(external_id, []).append(account_id)
            claims[account_id] = claims.get(account_id, 0) + 1
        elif sameness is Sameness.UNCLEAR:
            unclear.setdefault(external_id, []).append(account_id)
    known = {
        external_id: account_ids[0]
        for external_id, account_ids in same.items()
        if len(account_ids) == 1 and claims[account_ids[0]] == 1
    }
    taken = set(known.values())
    doubtful = {
        external_id: tuple(sorted(_free([*same.get(external_id, ()), *unclear.get(external_id, ())], taken)))
        for external_id in {*same, *unclear} - known.keys()
    }
    return Recognition(known=known, doubtful={each: ids for each, ids in doubtful.items() if ids})


def _free(account_ids: Iterable[UUID], taken: Collection[UUID]) -> set[UUID]:
    return set(account_ids) - set(taken)


def _lies(movement: ShownMovement | Transaction, span: tuple[datetime, datetime]) -> bool:
    """What is pending may be another amount by now, or gone."""
    return not movement.pending and span[0] <= movement.posted_at <= span[1]
