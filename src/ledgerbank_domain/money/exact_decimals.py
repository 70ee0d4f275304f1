"""Decimal arithmetic that nobody's settings can change.

An embedder may have set another precision, rounding or traps, for a thread or as the default for all: each
attribute is said here, and no operator of ``Decimal`` is used on money, because operators ask the ambient
context. Comparing and formatting decimals ask none.
"""

from decimal import ROUND_HALF_EVEN, Context, Inexact, InvalidOperation, Overflow

EXACT = Context(
    prec=60,
    rounding=ROUND_HALF_EVEN,
    Emin=-999_999,
    Emax=999_999,
    capitals=1,
    clamp=0,
    flags=[],
    traps=[Inexact, InvalidOperation, Overflow],
)
"""Losing a digit raises instead."""
