"""From what a client sent to the fields of a body, and which of several errors counts."""

from typing import Any

import pytest
from attrs import field, frozen

from ledgerbank_adapters.http.fields.field_reader import FieldReader, read_query
from ledgerbank_adapters.http.fields.field_types import EMAIL, FULL_NAME, PASSWORD, ROLE
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.identity.actor import Role


@frozen(kw_only=True)
class Body:
    email: str = field(metadata=EMAIL.metadata)
    role: Role = field(default=Role.USER, metadata=ROLE.metadata)
    password: str = field(metadata=PASSWORD.metadata)
    full_name: str | None = field(default=None, metadata=FULL_NAME.metadata)


def refusal(values: object) -> tuple[str, dict[str, Any]]:
    with pytest.raises(DomainError) as refused:
        FieldReader().read(Body, values)
    return refused.value.reason.code, refused.value.details


def test_fields_are_read_by_their_types_and_unknown_ones_are_ignored() -> None:
    body = FieldReader().read(
        Body, {"password": " x ", "email": " A@B.c ", "role": None, "isAdmin": True, "\ud800": 1}
    )

    assert body == Body(email="A@B.c", password=" x ")


def test_missing_fields_come_before_any_format() -> None:
    assert refusal({"email": 5, "role": "?", "password": ""}) == (
        "missing_fields",
        {"field": "password", "fields": ["password"]},
    )
    assert refusal({"email": " \t"}) == (
        "missing_fields",
        {"field": "email", "fields": ["email", "password"]},
    )


def test_of_several_wrong_formats_the_first_in_the_order_of_the_class_counts() -> None:
    wrong = {"full_name": 1, "password": 2, "role": 3, "email": 4}

    for name, reason in [
        ("email", "invalid_email_format"),
        ("role", "invalid_role"),
        ("password", "invalid_password_format"),
        ("full_name", "invalid_name_format"),
    ]:
        assert refusal(wrong) == (reason, {"field": name})
        wrong[name] = {"email": "a@b.c", "role": "user", "password": "x", "full_name": "x"}[name]  # type: ignore[assignment]


@pytest.mark.parametrize("values", [None, [], ["email"], "email", 5, True])
def test_what_is_no_object_lacks_every_required_field(values: object) -> None:
    assert refusal(values) == ("missing_fields", {"field": "email", "fields": ["email", "password"]})


@pytest.mark.parametrize(
    ("query", "given"),
    [
        (b"", {}),
        (b"a=1&b=2&a=3", {"a": "3", "b": "2"}),
        (b"a=1&a=", {}),
        (b"a=%20+&b", {}),
        (b"a=%ff", {"a": "\udcff"}),
        (b"a=\xff&b=\xc3\xa9", {"a": "\udcff", "b": "é"}),
        (b"a=%00&%zz=1&=x", {"a": "\x00", "%zz": "1", "": "x"}),
        (b"a=x+y%2Bz", {"a": "x y+z"}),
    ],
)
def test_of_repeated_parameters_the_last_counts_and_blank_ones_do_not(
    query: bytes, given: dict[str, str]
) -> None:
    assert read_query(query) == given
