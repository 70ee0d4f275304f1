"""What every pseudonymizer promises."""

import pytest

from ledgerbank_adapters.memory import MemoryPseudonymizer
from ledgerbank_adapters.security.hmac_pseudonymizer import HmacPseudonymizer
from ledgerbank_domain.ports.security import Pseudonymizer

KEY, OTHER_KEY = b"k" * 32, b"o" * 32


@pytest.fixture(params=["memory", "hmac"])
def pseudonymizers(request: pytest.FixtureRequest) -> tuple[Pseudonymizer, Pseudonymizer, Pseudonymizer]:
    """Two of one key and one of another."""
    if request.param == "memory":
        return MemoryPseudonymizer(KEY), MemoryPseudonymizer(KEY), MemoryPseudonymizer(OTHER_KEY)
    return HmacPseudonymizer(secret=KEY), HmacPseudonymizer(secret=KEY), HmacPseudonymizer(secret=OTHER_KEY)


def test_a_pseudonym_depends_on_the_text_and_the_key_and_nothing_else(
    pseudonymizers: tuple[Pseudonymizer, Pseudonymizer, Pseudonymizer],
) -> None:
    first, same_key, other_key = pseudonymizers

    assert first.pseudonym("a@example.com") == same_key.pseudonym("a@example.com")
    assert first.pseudonym("a@example.com") != first.pseudonym("b@example.com")
    assert first.pseudonym("a@example.com") != other_key.pseudonym("a@example.com")
    assert "a@example.com" not in first.pseudonym("a@example.com")
    assert first.pseudonym("\ud800") != first.pseudonym("")


@pytest.mark.parametrize("kind", ["memory", "hmac"])
def test_what_was_stored_under_the_previous_key_is_recognised(kind: str) -> None:
    if kind == "memory":
        before: Pseudonymizer = MemoryPseudonymizer(KEY)
        after: Pseudonymizer = MemoryPseudonymizer(OTHER_KEY, previous_key=KEY)
    else:
        before = HmacPseudonymizer(secret=KEY)
        after = HmacPseudonymizer(secret=OTHER_KEY, previous_secret=KEY)

    assert before.pseudonyms("text") == [before.pseudonym("text")]
    assert after.pseudonyms("text") == [after.pseudonym("text"), before.pseudonym("text")]
    assert after.pseudonym("text") != before.pseudonym("text")
