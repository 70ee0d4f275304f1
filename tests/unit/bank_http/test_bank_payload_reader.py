"""Banks' answers are read however they are spelled, and nothing that was read ends up in an error's text."""

import tracemalloc
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st

from ledgerbank_adapters.bank_http import BankPayloadReader, UnreadablePayload, parse_bank_json
from ledgerbank_domain.banking.feed_warning import FeedFault


@frozen(kw_only=True)
class Line:
    amount: int
    note: str | None = None


@frozen(kw_only=True)
class Statement:
    id: str
    is_final: bool = False
    made_at: datetime | None = None
    lines: tuple[Line, ...] = ()


READER = BankPayloadReader()
NOON = datetime(2025, 1, 15, 12, tzinfo=UTC)
WHOLE = {"id": "s", "is_final": True, "made_at": "2025-01-15T13:00:00+01:00", "lines": [{"amount": 7}]}


def test_a_payload_becomes_its_class_and_what_nobody_asked_for_is_ignored() -> None:
    read = READER.read({**WHOLE, "colour": "green", "lines": [{"amount": 7, "x": None}]}, Statement)

    assert read == Statement(
        id="s", is_final=True, made_at=datetime(2025, 1, 15, 12, tzinfo=UTC), lines=(Line(amount=7),)
    )


def test_names_may_be_spelled_another_way_in_the_payload() -> None:
    reader = BankPayloadReader(name_in_payload=lambda name: name.title().replace("_", ""))

    assert reader.read({"Id": "s", "IsFinal": True}, Statement) == Statement(id="s", is_final=True)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"id": 7.5e99}, "$.id"),
        ({"id": True}, "$.id"),
        ({"id": ["s"]}, "$.id"),
        ({"id": None}, "$.id"),
        ({"is_final": "yes"}, "$.is_final"),
        ({"is_final": 1}, "$.is_final"),
        ({"made_at": "yesterday"}, "$.made_at"),
        ({"made_at": ""}, "$.made_at"),
        ({"made_at": "2025-13-01"}, "$.made_at"),
        ({"made_at": 1736942400}, "$.made_at"),
        ({"made_at": "0001-01-01T00:00:00+14:00"}, "$.made_at"),
        ({"lines": "[]"}, "$.lines"),
        ({"lines": {}}, "$.lines"),
        ({"lines": [None]}, "$.lines[0]"),
        ({"lines": [{"amount": 1}, {}]}, "$.lines[1].amount"),
        ({"lines": [{"amount": "7.5"}]}, "$.lines[0].amount"),
        ({"lines": [{"amount": "seven"}]}, "$.lines[0].amount"),
        ({"lines": [{"amount": ""}]}, "$.lines[0].amount"),
        ({"lines": [{"amount": Decimal("7.5")}]}, "$.lines[0].amount"),
        ({"lines": [{"amount": Decimal("1e999999999")}]}, "$.lines[0].amount"),
        ({"lines": [{"amount": None}]}, "$.lines[0].amount"),
        ({"lines": [{"amount": True}]}, "$.lines[0].amount"),
    ],
)
def test_a_wrong_or_missing_field_is_named_by_its_place(change: dict[str, object], place: str) -> None:
    with pytest.raises(UnreadablePayload) as refused:
        READER.read({**WHOLE, **change}, Statement)

    assert refused.value.fields == [place]


@pytest.mark.parametrize(
    ("change", "read"),
    [
        ({"id": 7}, {"id": "7"}),
        ({"id": Decimal("7.50")}, {"id": "7.50"}),
        ({"is_final": "TRUE"}, {"is_final": True}),
        ({"is_final": "false"}, {"is_final": False}),
        ({"is_final": None}, {"is_final": False}),
        ({"lines": None}, {"lines": ()}),
        ({"lines": [{"amount": "7"}]}, {"lines": (Line(amount=7),)}),
        ({"lines": [{"amount": " -7 "}]}, {"lines": (Line(amount=-7),)}),
        ({"lines": [{"amount": "7.00"}]}, {"lines": (Line(amount=7),)}),
        ({"lines": [{"amount": Decimal("21600.0")}]}, {"lines": (Line(amount=21600),)}),
        ({"lines": [{"amount": Decimal("2.16e4")}]}, {"lines": (Line(amount=21600),)}),
        ({"lines": [{"amount": 7, "note": None}]}, {"lines": (Line(amount=7),)}),
        ({"made_at": "2025-01-15T12:00:00"}, {"made_at": NOON}),
        ({"made_at": "2025-01-15 12:00"}, {"made_at": NOON}),
        ({"made_at": "2025-01-15T12:00:00+0000"}, {"made_at": NOON}),
        ({"made_at": "2025-01-15T13:00:00.000+01:00"}, {"made_at": NOON}),
        ({"made_at": " 2025-01-15t12:00:00z "}, {"made_at": NOON}),
        ({"made_at": "2025-01-15T12:00:00.000000001Z"}, {"made_at": NOON}),
        ({"made_at": "2025-01-15"}, {"made_at": NOON.replace(hour=0)}),
    ],
)
def test_what_can_only_mean_one_thing_is_read_however_it_is_spelled(
    change: dict[str, object], read: dict[str, object]
) -> None:
    found = READER.read({**WHOLE, **change}, Statement)

    assert {name: getattr(found, name) for name in read} == read


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"id": None}, FeedFault.MISSING),
        ({"made_at": " "}, FeedFault.MISSING),
        ({"lines": [{}]}, FeedFault.MISSING),
        ({"id": []}, FeedFault.UNREADABLE),
        ({"made_at": "yesterday"}, FeedFault.UNREADABLE),
        ({"lines": 7}, FeedFault.UNREADABLE),
    ],
)
def test_what_is_not_there_is_told_apart_from_what_cannot_be_read(
    change: dict[str, object], fault: FeedFault
) -> None:
    with pytest.raises(UnreadablePayload) as refused:
        READER.read({**WHOLE, **change}, Statement)

    assert refused.value.fault is fault


def test_an_object_with_a_name_twice_cannot_be_read_and_spoils_nothing_beside_it() -> None:
    document = parse_bank_json(b'{"good": {"amount": 7}, "bad": {"amount": 7, "amount": 8}}')

    assert READER.read(document["good"], Line) == Line(amount=7)
    with pytest.raises(UnreadablePayload):
        READER.read(document["bad"], Line)


def test_fractions_keep_every_digit_that_was_written() -> None:
    assert READER.read(parse_bank_json(b'{"id": 1234567890123.10}'), Statement).id == "1234567890123.10"


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["id", "lines", "amount"]), inner),
    )
)
def test_whatever_comes_is_read_or_unreadable(value: object) -> None:
    with suppress(UnreadablePayload):
        assert isinstance(READER.read(value, Statement), Statement)


def test_a_list_of_nothing_but_mistakes_costs_no_more_than_its_first_one() -> None:
    """Eight megabytes of ``{}`` would otherwise become errors of twenty gigabytes."""
    lines: list[object] = [{}] * 5000

    tracemalloc.start()
    try:
        with pytest.raises(UnreadablePayload) as refused:
            READER.read({**WHOLE, "lines": lines}, Statement)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert refused.value.fields == ["$.lines[0].amount"]
    assert peak < 1_000_000


@pytest.mark.parametrize("when", ["1899-12-31T23:59:59Z", "0001-01-01T00:00:00Z"])
def test_an_instant_before_anybodys_books_cannot_be_read(when: str) -> None:
    with pytest.raises(UnreadablePayload):
        READER.read({**WHOLE, "made_at": when}, Statement)


def test_an_error_tells_no_value() -> None:
    with pytest.raises(UnreadablePayload) as refused:
        READER.read({"id": ["s3cret"], "made_at": "s3cret"}, Statement)

    assert "s3cret" not in f"{refused.value!r} {refused.value.fields}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "{'a': 1}",
        '{"a": NaN}',
        "[" * 100_000,
        '{"a": Infinity}',
        "[1,]",
        "\ufeff{}",
    ],
)
def test_json_is_strict(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - json has texts of its own
        parse_bank_json(text.encode())


def test_json_is_utf_8() -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the codec's own text
        parse_bank_json('{"a": "é"}'.encode("latin-1"))
