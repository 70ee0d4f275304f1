"""What single words in the cells of a CSV file mean: directions, states, and rows that sum up."""

from enum import Enum

from ledgerbank_adapters.statement_files.reading.csv_header_words import plain_words
from ledgerbank_domain.money.currency import KNOWN_CURRENCIES


class RowState(Enum):
    """How far a movement has come."""

    BOOKED = "booked"
    PENDING = "pending"
    NOT_DONE = "not done"


class SumKind(Enum):
    """What a row sums up that tells of no movement."""

    OPENING = "opening"
    CLOSING = "closing"
    OTHER = "other"


_SIGNS = {
    1: (
        "c cr credit crdt h haben bij in incoming ct cred haber abono credito kredit gutschrift eingang "
        "uznanie avere +"
    ),
    -1: (
        "d dr debit dbit s soll af uit out outgoing db dt debet deb debe cargo debito belastung lastschrift "
        "ausgang obciazenie dare -"
    ),
}
_SIGN_BY_WORD = {word: sign for sign, words in _SIGNS.items() for word in words.split()}
_STATES = {
    RowState.BOOKED: (
        "completed, complete, booked, posted, settled, cleared, gebucht, umsatz gebucht, done, executed, "
        "success, successful, comptabilise, contabilizado, contabilizzato, geboekt, zaksiegowana, "
        "zaksiegowano, zrealizowana, rozliczona, bokford, bokfort, toteutunut, book, abgeschlossen, "
        "finished, succeeded, ejecutado, eseguito, concluido, utford, paid, confirmed, udfort, bogfort, "
        "gjennomfort "
    ),
    RowState.PENDING: (
        "pending, authorised, authorized, vorgemerkt, umsatz vorgemerkt, en attente, pendiente, "
        "pendente, in sospeso, in behandeling, oczekujaca, w realizacji, reserverad, reservert, "
        "reserveret, odottaa, pdng, processing, ausstehend, in progress, hold, gereserveerd, blokada, a "
        "venir, da contabilizzare, waiting, nicht gebucht, venter, afventer, vantar "
    ),
    RowState.NOT_DONE: (
        "reverted, declined, failed, cancelled, canceled, rejected, expired, refused, void, voided, "
        "deleted, blocked, abgelehnt, storniert, fehlgeschlagen, refuse, annule, rechazado, anulado, "
        "rifiutato, annullato, geweigerd, geannuleerd, odrzucona, anulowana, recusado, cancelado, "
        "avvisad, avvist, denied, bounced back, rjct "
    ),
}
_STATE_BY_WORDS = {words.strip(): state for state, lists in _STATES.items() for words in lists.split(",")}
_OPENINGS = (
    "opening balance, beginning balance, start balance, previous balance, balance brought forward, "
    "brought forward, anfangssaldo, anfangsbestand, saldovortrag, alter saldo, alter kontostand, ancien "
    "solde, solde initial, saldo inicial, saldo iniziale, beginsaldo, saldo poczatkowe, ingaende saldo, "
    "inngaende saldo, primosaldo, alkusaldo, balance b f "
)
_CLOSINGS = (
    "closing balance, ending balance, end balance, new balance, balance carried forward, carried "
    "forward, endsaldo, schlusssaldo, endbestand, neuer saldo, neuer kontostand, letzter kontostand, "
    "nouveau solde, solde final, saldo final, saldo finale, eindsaldo, saldo koncowe, utgaende saldo, "
    "ultimosaldo, loppusaldo, balance c f "
)
_OTHER_SUMS = (
    "total, sub total, subtotal, grand total, totals, sum, summe, gesamt, somme, totale, totaal, suma, "
    "razem, summa, balance, available balance, current balance, kontostand, saldo, tagessaldo, solde, "
    "utgaende balanse, number of, anzahl "
)
_SUM_BY_WORDS = {
    words.strip(): told
    for lists, told in (
        (_OPENINGS, SumKind.OPENING),
        (_CLOSINGS, SumKind.CLOSING),
        (_OTHER_SUMS, SumKind.OTHER),
    )
    for words in lists.split(",")
}
_LONGEST_SUM = 60


def sign_told(cell: str) -> int:
    """1 for credit, -1 for debit, 0 for a word that says neither."""
    word = cell.strip(" .").casefold()
    return _SIGN_BY_WORD.get(word) or _SIGN_BY_WORD.get(plain_words(cell), 0)


def state_told(cell: str) -> RowState | None:
    """The state that a cell names; None when it names none that is known."""
    return _STATE_BY_WORDS.get(plain_words(cell))


def sums_up(cells: list[str]) -> bool:
    """Whether a row without a date tells of a sum or a balance."""
    return any(_begins_or_ends_as_a_sum(cell) for cell in cells if cell and len(cell) <= _LONGEST_SUM)


def balance_told(cells: list[str]) -> SumKind | None:
    """Which balance a row that has a date and an amount tells of: by a text that says nothing else."""
    told = {_SUM_BY_WORDS.get(plain_words(cell)) for cell in cells if cell and len(cell) <= _LONGEST_SUM}
    found = told & {SumKind.OPENING, SumKind.CLOSING}
    return found.pop() if len(found) == 1 else None


def _begins_or_ends_as_a_sum(cell: str) -> bool:
    words = f" {plain_words(cell)} "
    return any(words.startswith(f" {sum_} ") or words.endswith(f" {sum_} ") for sum_ in _SUM_BY_WORDS)


def is_currency_code(cell: str) -> bool:
    """Whether a cell is a code of a currency, of today or of the past."""
    return cell.upper() in KNOWN_CURRENCIES
