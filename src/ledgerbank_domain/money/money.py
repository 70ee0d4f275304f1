"""Amounts of money: exact decimals in one currency, never binary floats."""

import re
from dataclasses import dataclass
from decimal import Decimal, Inexact, InvalidOperation

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.money.currency import MAX_FRACTION_DIGITS, Currency, require_currency
from ledgerbank_domain.money.exact_decimals import EXACT

MAX_INTEGER_DIGITS = 13
CEILING = Decimal(f"1E{MAX_INTEGER_DIGITS}")
"""Amounts and balances stay below this (13 integer digits: what storage holds)."""

_FLOOR = Decimal(f"-1E{MAX_INTEGER_DIGITS}")
# Far beyond what storage holds, and far below what arithmetic loses digits of.
_MAX_DIGITS = 40
_UNITS = tuple(Decimal(f"1E-{digits}") for digits in range(MAX_FRACTION_DIGITS + 1))

_AMOUNT = re.compile(r"-?[0-9]{1,13}(\.[0-9]+)?", re.ASCII)
_MAX_AMOUNT_LENGTH = 64
SMALLEST_WRITTEN_AMOUNT = Decimal(f"1E-{_MAX_AMOUNT_LENGTH}")
"""Nobody writes more digits than that."""


@dataclass(frozen=True, slots=True)
class Money:
    """An exact amount, held with exactly the currency's minor digits; zero has no sign.

    Raises ``invalid_amount_format`` for what is no finite decimal, or has more digits than the currency, and
    ``invalid_currency_format`` for what is no currency.
    """

    amount: Decimal
    currency: Currency

    def __post_init__(self) -> None:
        amount, currency = self.amount, self.currency
        require_currency(currency)
        unit = _UNITS[currency.minor_digits]
        if type(amount) is not Decimal or not amount.same_quantum(unit) or not amount:
            object.__setattr__(self, "amount", _held(amount, unit))
        elif amount.adjusted() > _MAX_DIGITS:
            raise DomainError(Reason.INVALID_AMOUNT_FORMAT, field="amount")

    @classmethod
    def zero(cls, currency: Currency) -> "Money":
        """Nothing, with the currency's minor digits: ``0.00`` pounds, ``0`` yen."""
        return cls(Decimal(0), currency)

    @property
    def is_zero(self) -> bool:
        """Whether it moves nothing; there is no negative zero."""
        return not self.amount

    @property
    def is_positive(self) -> bool:
        """Whether it is more than zero, as every amount that is moved must be."""
        return self.amount > 0

    @property
    def is_representable(self) -> bool:
        """Whether storage can hold it (at most 13 integer digits)."""
        return _FLOOR < self.amount < CEILING

    def __add__(self, other: "Money") -> "Money":
        return Money(EXACT.add(self.amount, self._same_currency(other)), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(EXACT.subtract(self.amount, self._same_currency(other)), self.currency)

    def __neg__(self) -> "Money":
        return Money(EXACT.minus(self.amount), self.currency)

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


def _held(amount: object, unit: Decimal) -> Decimal:
    if isinstance(amount, Decimal):
        # Of a subclass only the number counts.
        number = Decimal(amount)
        if number.is_finite() and (not number or number.adjusted() <= _MAX_DIGITS):
            try:
                held = number.quantize(unit, context=EXACT)
            except (Inexact, InvalidOperation) as too_precise:
                raise DomainError(Reason.INVALID_AMOUNT_FORMAT, field="amount") from too_precise
            return held or held.copy_abs()
    raise DomainError(Reason.INVALID_AMOUNT_FORMAT, field="amount")


def require_money(**amounts: object) -> None:
    """Each is ``Money``, of any sign. Raises ``invalid_amount_format``."""
    for field, value in amounts.items():
        if type(value) is not Money:
            raise DomainError(Reason.INVALID_AMOUNT_FORMAT, field=field)


def require_money_moved(amount: object) -> None:
    """More than nothing, and no more than storage holds.

    Raises ``invalid_amount_format``, ``amount_too_small`` and ``amount_exceeds_limit``.
    """
    if type(amount) is not Money:
        raise DomainError(Reason.INVALID_AMOUNT_FORMAT, field="amount")
    if not amount.is_positive:
        raise DomainError(Reason.AMOUNT_TOO_SMALL, field="amount")
    if not amount.is_representable:
        raise DomainError(Reason.AMOUNT_EXCEEDS_LIMIT, field="amount")


def parse_decimal(value: object) -> Decimal:
    """A plain decimal: at most 13 integer digits, no exponent, sign ``+``, separators or bare point.

    The number of fraction digits is kept as written, because ``5.00`` is too precise for yen. Zero has no
    sign. Raises ``invalid_amount_format``.
    """
    if isinstance(value, str):
        text = value.strip()
        if len(text) <= _MAX_AMOUNT_LENGTH and _AMOUNT.fullmatch(text):
            number = Decimal(text)
            return number or number.copy_abs()
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
