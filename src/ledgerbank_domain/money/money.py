"""Amounts of money: exact decimals in one currency, never binary floats."""

import re
from dataclasses import dataclass
from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.money.currency import Currency

MAX_INTEGER_DIGITS = 13
MAX_FRACTION_DIGITS = 4
CEILING = Decimal(10) ** MAX_INTEGER_DIGITS
"""Amounts and balances stay below this (13 integer digits: what storage holds)."""

# Arithmetic never uses the ambient decimal context: an embedder may have set a smaller precision, and
# money must not be rounded by it. Losing a digit raises instead.
_EXACT = Context(prec=60, traps=[Inexact, InvalidOperation, Overflow])

_AMOUNT = re.compile(r"-?[0-9]{1,13}(\.[0-9]+)?", re.ASCII)
_MAX_AMOUNT_LENGTH = 64


@dataclass(frozen=True, slots=True)
class Money:
    """An exact amount, held with exactly the currency's minor digits.

    Raises ``invalid_amount_format`` when the amount has more digits than the currency, and
    ``ValueError`` when it is not a finite decimal (a programmer's mistake).
    """

    amount: Decimal
    currency: Currency

    def __post_init__(self) -> None:
        amount: object = self.amount
        if not isinstance(amount, Decimal) or not amount.is_finite():
            raise ValueError(f"not an amount of money: {amount!r}")
        digits = self.currency.minor_digits
        if self.amount.as_tuple().exponent != -digits:
            object.__setattr__(self, "amount", _with_digits(self.amount, digits))

    @classmethod
    def zero(cls, currency: Currency) -> "Money":
        return cls(Decimal(0), currency)

    @property
    def is_zero(self) -> bool:
        return self.amount == 0

    @property
    def is_positive(self) -> bool:
        return self.amount > 0

    @property
    def is_representable(self) -> bool:
        """Whether storage can hold it (at most 13 integer digits)."""
        return abs(self.amount) < CEILING

    def __add__(self, other: "Money") -> "Money":
        return Money(_EXACT.add(self.amount, self._same_currency(other)), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(_EXACT.subtract(self.amount, self._same_currency(other)), self.currency)

    def __neg__(self) -> "Money":
        return Money(_EXACT.minus(self.amount), self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.amount < self._same_currency(other)

    def __le__(self, other: "Money") -> bool:
        return self.amount <= self._same_currency(other)

    def __gt__(self, other: "Money") -> bool:
        return self.amount > self._same_currency(other)

    def __ge__(self, other: "Money") -> bool:
        return self.amount >= self._same_currency(other)

    def __str__(self) -> str:
        """The amount with all its minor digits and without the currency: ``100.50``."""
        return f"{self.amount:f}"

    def _same_currency(self, other: "Money") -> Decimal:
        if other.currency != self.currency:
            raise ValueError(f"cannot combine {self.currency} with {other.currency}")
        return other.amount


def _with_digits(amount: Decimal, digits: int) -> Decimal:
    try:
        return amount.quantize(Decimal(1).scaleb(-digits, _EXACT), context=_EXACT)
    except (Inexact, InvalidOperation) as too_precise:
        raise DomainError(Reason.INVALID_AMOUNT_FORMAT, field="amount") from too_precise


def parse_decimal(value: object) -> Decimal:
    """A plain decimal: at most 13 integer digits, no exponent, sign ``+``, separators or bare point.

    The number of fraction digits is kept as written, because ``5.00`` is too precise for yen.
    Raises ``invalid_amount_format``.
    """
    if isinstance(value, str):
        text = value.strip()
        if len(text) <= _MAX_AMOUNT_LENGTH and _AMOUNT.fullmatch(text):
            return Decimal(text)
    raise DomainError(Reason.INVALID_AMOUNT_FORMAT)


def parse_amount(value: object) -> Decimal:
    """A plain decimal above zero. Raises ``invalid_amount_format`` or ``negative_amount``."""
    amount = parse_decimal(value)
    if amount <= 0:
        raise DomainError(Reason.NEGATIVE_AMOUNT)
    return amount


def money_as_written(amount: Decimal, currency: Currency) -> Money:
    """Money from an amount as its author wrote it.

    Raises ``invalid_amount_format`` when it has more fraction digits than the currency, even zeros:
    ``5.00`` yen shows that the author had another currency in mind.
    """
    exponent = amount.as_tuple().exponent
    if not isinstance(exponent, int) or -exponent > currency.minor_digits:
        raise DomainError(Reason.INVALID_AMOUNT_FORMAT, field="amount")
    return Money(amount, currency)
