"""Masked e-mails: known by their owner, and by nobody else."""

import pytest

from ledgerbank_domain.identity.masked_email import masked_email


@pytest.mark.parametrize(
    ("email", "shown"),
    [
        ("alexandra@example.com", "al•••a@example.com"),
        ("robert@example.com", "ro•••t@example.com"),
        ("alice@example.com", "a•••@example.com"),
        ("a@example.com", "a•••@example.com"),
        ("much.longer.than.that@mail.example.com", "mu•••t@mail.example.com"),
    ],
)
def test_it_shows_no_more_than_its_owner_needs(email: str, shown: str) -> None:
    assert masked_email(email) == shown
