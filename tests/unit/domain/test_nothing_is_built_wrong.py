"""No entity or draft can be built wrong, whoever builds it: every fault is a refusal of the catalog."""

import pickle
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.scenes.domain_samples import (
    ACCOUNT,
    GBP,
    NOW,
    OTHER_ACCOUNT,
    OWNER,
    a_payment,
    a_user,
    an_account,
    gbp,
)

from ledgerbank_domain.audit.audit_event import AuditFilter
from ledgerbank_domain.banking.account import AccountChanges, AccountFilter, AccountType, NewAccount
from ledgerbank_domain.banking.bank import Bank, BankBranch, BankChanges, BankFilter, BranchFilter
from ledgerbank_domain.banking.bank_login import BankLogin, BankLoginChanges, BankLoginFilter, NewBankLogin
from ledgerbank_domain.banking.transaction import Transaction, TransactionFilter
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.identity.actor import Actor, Role
from ledgerbank_domain.identity.page import Cursor, KeysetRequest, PageRequest, Sort
from ledgerbank_domain.jobs.job import JobFilter
from ledgerbank_domain.jobs.job_schedule import JobSchedule
from ledgerbank_domain.ledger.journal import (
    ClearingAccount,
    CustomerAccount,
    Direction,
    EntryKind,
    movement,
)
from ledgerbank_domain.money.currency import Currency
from ledgerbank_domain.money.money import Money
from ledgerbank_domain.payments.payment import PaymentDraft, PaymentFilter, PaymentType
from ledgerbank_domain.payments.payment_limits import LimitByCurrency, PaymentLimits
from ledgerbank_domain.ports.repositories.user_repository import UserFilter
from ledgerbank_domain.ports.security import AccessClaims
from ledgerbank_domain.services.banks.bank_service import NewBank, NewBranch
from ledgerbank_domain.services.users.registration_service import NewUser
from ledgerbank_domain.users.user import UserChanges, UserStatus


class Text(str):
    """A string that says of itself what it likes."""

    __slots__ = ()

    def __len__(self) -> int:
        return 5

    def strip(self, _: str | None = None) -> str:
        return "Rent"


class Number(Decimal):
    """A number that says of itself what it likes."""

    def __le__(self, _: object) -> bool:
        return False

    def is_finite(self) -> bool:
        return True


def a_draft(**changes: Any) -> PaymentDraft:
    sound: dict[str, Any] = {
        "amount": Decimal("10.00"),
        "direction": Direction.DEBIT,
        "payment_type": PaymentType.TRANSFER,
        "description": "Rent",
        "user_bank_account_id": ACCOUNT,
    }
    return PaymentDraft(**sound | changes)


def label(value: object) -> str:
    text = repr(value)
    return f"{type(value).__name__} {text[:40]} {len(text)}"


def refusal_of(build: Callable[[], object]) -> str:
    with pytest.raises(DomainError) as refusal:
        build()
    return refusal.value.reason.code


@pytest.mark.parametrize(
    ("amount", "reason"),
    [
        (Decimal("-5.00"), "amount_too_small"),
        (Decimal(0), "amount_too_small"),
        (Decimal("-0"), "amount_too_small"),
        (Decimal("0E-999999"), "amount_too_small"),
        (Decimal("-1E+30"), "amount_too_small"),
        (Number("-5"), "amount_too_small"),
        (5, "invalid_amount_format"),
        (5.0, "invalid_amount_format"),
        (True, "invalid_amount_format"),
        ("5.00", "invalid_amount_format"),
        (None, "invalid_amount_format"),
        (Decimal("NaN"), "invalid_amount_format"),
        (Decimal("sNaN"), "invalid_amount_format"),
        (Number("NaN"), "invalid_amount_format"),
        (Decimal("Infinity"), "invalid_amount_format"),
        (Decimal("-Infinity"), "invalid_amount_format"),
        (Decimal("1E+13"), "invalid_amount_format"),
        (Decimal("1E+30"), "invalid_amount_format"),
        (Decimal("1E+999999"), "invalid_amount_format"),
        (Decimal("1E-999999"), "invalid_amount_format"),
        (Decimal("1E-65"), "invalid_amount_format"),
    ],
    ids=label,
)
def test_a_draft_has_an_amount_above_nothing_that_is_a_plain_decimal(amount: Any, reason: str) -> None:
    assert refusal_of(lambda: a_draft(amount=amount)) == reason


@pytest.mark.parametrize("amount", ["0.01", "9999999999999.99", "1E+3", "5.000"])
def test_what_is_an_amount_is_taken_as_it_is_written(amount: str) -> None:
    for kind in (Decimal, Number):
        draft = a_draft(amount=kind(amount))
        assert type(draft.amount) is Decimal
        assert draft.amount.as_tuple() == Decimal(amount).as_tuple()


@pytest.mark.parametrize(
    ("description", "reason"),
    [
        (None, "description_required"),
        ("", "description_required"),
        (" \t\u00a0\u3000\n", "description_required"),
        ("x" * 256, "description_too_long"),
        ("x" * 300, "description_too_long"),
        (Text("x" * 300), "description_too_long"),
        ("a\x00b", "invalid_description_format"),
        ("\x00" * 300, "invalid_description_format"),
        ("\ud800", "invalid_description_format"),
        (b"Rent", "invalid_description_format"),
        (5, "invalid_description_format"),
        (["Rent"], "invalid_description_format"),
    ],
    ids=label,
)
def test_a_draft_has_a_description_of_1_to_255_characters(description: Any, reason: str) -> None:
    assert refusal_of(lambda: a_draft(description=description)) == reason


def test_a_description_is_trimmed_and_a_plain_string() -> None:
    assert a_draft(description=" Rent\n").description == "Rent"
    kept = a_draft(description=Text("Coffee")).description
    assert (type(kept), kept) == (str, "Coffee")
    assert a_draft(description="\U0001f600" * 255).description == "\U0001f600" * 255


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"direction": "DEBIT"}, "invalid_direction"),
        ({"direction": PaymentType.TRANSFER}, "invalid_direction"),
        ({"direction": None}, "invalid_direction"),
        ({"payment_type": "TRANSFER"}, "invalid_payment_type"),
        ({"payment_type": Direction.DEBIT}, "invalid_payment_type"),
        ({"user_bank_account_id": str(ACCOUNT)}, "invalid_uuid_format"),
        ({"user_bank_account_id": ACCOUNT.int}, "invalid_uuid_format"),
        ({"user_bank_account_id": None}, "invalid_uuid_format"),
        ({"counterparty_account_id": str(OTHER_ACCOUNT)}, "invalid_uuid_format"),
        ({"counterparty_account_id": ACCOUNT}, "invalid_counterparty"),
        ({"currency_code": "GB"}, "invalid_currency_format"),
        ({"currency_code": ""}, "invalid_currency_format"),
        ({"currency_code": GBP}, "invalid_currency_format"),
    ],
    ids=label,
)
def test_a_draft_takes_members_ids_and_codes_only(changes: dict[str, Any], reason: str) -> None:
    assert refusal_of(lambda: a_draft(**changes)) == reason


LOCAL = datetime(2025, 3, 1, 12)  # noqa: DTZ001 - that it has no zone is the point
OUTSIDE = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))


FAULTS: list[tuple[Callable[[], object], str]] = [
    (lambda: a_payment(amount=gbp(0)), "amount_too_small"),
    (lambda: a_payment(amount=gbp(-1)), "amount_too_small"),
    (lambda: a_payment(amount=Decimal(1)), "invalid_amount_format"),
    (lambda: a_payment(amount=gbp(10**13)), "amount_exceeds_limit"),
    (lambda: a_payment(description=""), "invalid_description_format"),
    (lambda: a_payment(description="x" * 256), "invalid_description_format"),
    (lambda: a_payment(status="PENDING"), "invalid_status"),
    (lambda: a_payment(inserted_at=LOCAL), "invalid_datetime_format"),
    (lambda: a_payment(updated_at="now"), "invalid_datetime_format"),
    (lambda: a_payment(id="1"), "invalid_uuid_format"),
    (lambda: an_account(balance=Decimal(1)), "invalid_amount_format"),
    (lambda: an_account(credit_limit=Money.zero(Currency("JPY", 0))), "currency_mismatch"),
    (lambda: an_account(account_type="CHECKING"), "invalid_account_type"),
    (lambda: an_account(account_name=""), "invalid_account_name_format"),
    (lambda: an_account(account_name="x" * 101), "invalid_account_name_format"),
    (lambda: a_user(role="admin"), "invalid_role"),
    (lambda: a_user(full_name="a\x00"), "invalid_name_format"),
    (lambda: a_user(email=None), "invalid_email_format"),
    (lambda: a_user(password_check="TOO_SHORT"), "invalid_field_format"),
    (lambda: a_user(sessions_valid_from=LOCAL), "invalid_datetime_format"),
    (lambda: a_user(deleted_at=NOW), "invalid_status"),
    (lambda: a_user(status=UserStatus.DELETED, deleted_at=None), "invalid_status"),
    (lambda: a_user(erased_at=NOW), "invalid_status"),
    (lambda: a_user(status=UserStatus.DELETED, erased_at=LOCAL), "invalid_datetime_format"),
    (lambda: Actor(user_id=str(OWNER)), "invalid_uuid_format"),  # type: ignore[arg-type]
    (lambda: Actor(role="admin"), "invalid_role"),  # type: ignore[arg-type]
    (lambda: JobSchedule(priority=10), "invalid_priority"),
    (lambda: JobSchedule(priority=True), "invalid_priority"),
    (lambda: JobSchedule(delay=timedelta(0)), "invalid_schedule"),
    (lambda: JobSchedule(delay=timedelta(days=31)), "invalid_schedule"),
    (lambda: JobSchedule(delay=60), "invalid_schedule"),  # type: ignore[arg-type]
    (lambda: JobSchedule(run_at=LOCAL), "invalid_schedule"),
    (lambda: JobSchedule(run_at=OUTSIDE), "invalid_schedule"),
    (lambda: PaymentFilter(user_id=OWNER, inserted_from=LOCAL), "invalid_datetime_format"),
    (lambda: TransactionFilter(min_amount=Decimal("NaN")), "invalid_amount_format"),
    (lambda: TransactionFilter(text="\x00"), "invalid_filter"),
    (lambda: TransactionFilter(text="x" * 101), "invalid_filter"),
    (lambda: AccountChanges(credit_limit=Decimal(-1)), "invalid_amount_format"),
    (lambda: AccountChanges(credit_limit=Decimal("1E+30")), "invalid_amount_format"),
    (lambda: AccountChanges(immutable_fields=("colour",)), "invalid_field_format"),
    (lambda: UserChanges(email="nobody"), "invalid_email_format"),
    (lambda: UserChanges(full_name=" "), "invalid_name_format"),
    (lambda: BankChanges(name="<b>"), "invalid_name_format"),
    (lambda: NewBankLogin(bank_branch_id=OWNER, username="x"), "invalid_field_format"),
    (lambda: BankLoginChanges(sync_frequency=1), "invalid_field_format"),
    (lambda: PaymentLimits(max_single_amount=Decimal("NaN")), "invalid_amount_format"),
    (lambda: PaymentLimits(default_daily_limit=Decimal(-1)), "invalid_amount_format"),
    (
        lambda: LimitByCurrency(otherwise=Decimal(1), entries={"JPY": Decimal("Infinity")}),
        "invalid_amount_format",
    ),
    (lambda: Sort(field=None), "invalid_sort"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(
    ("build", "reason"),
    [pytest.param(*fault, id=f"{number} {fault[1]}") for number, fault in enumerate(FAULTS)],
)
def test_each_fault_has_its_reason(build: Callable[[], object], reason: str) -> None:
    assert refusal_of(build) == reason


def test_what_a_draft_is_given_in_another_spelling_is_put_right() -> None:
    changes = UserChanges(email=" Alice@Example.com ", full_name=" Alice ")
    assert (changes.email, changes.full_name) == ("Alice@Example.com", "Alice")
    assert a_draft(currency_code=" gbp ").currency_code == "GBP"
    moment = datetime(2025, 3, 1, 13, tzinfo=timezone(timedelta(hours=1)))
    assert JobSchedule(run_at=moment).run_at == NOW
    assert JobSchedule(run_at=moment).run_at.tzinfo is UTC  # type: ignore[union-attr]


def test_a_sound_draft_survives_being_copied_and_sent() -> None:
    draft = a_draft(counterparty_account_id=OTHER_ACCOUNT)
    assert pickle.loads(pickle.dumps(draft)) == replace(draft) == draft  # noqa: S301 - our own bytes


IDENTITY: dict[str, Any] = {"id": UUID(int=1), "inserted_at": NOW, "updated_at": NOW}
PLACE = CustomerAccount(ACCOUNT)
ENTRY = movement(
    entry_id=UUID(int=1),
    posting_ids=(UUID(int=2), UUID(int=3)),
    kind=EntryKind.PAYMENT,
    account=PLACE,
    against=ClearingAccount(UUID(int=4)),
    direction=Direction.DEBIT,
    amount=gbp(1),
    description="Rent",
    at=NOW,
)
SOUND: list[Any] = [
    a_draft(),
    a_payment(),
    an_account(),
    a_user(),
    ENTRY,
    ENTRY.postings[0],
    PLACE,
    Transaction.from_posting(
        ENTRY, ENTRY.postings[0], user_id=OWNER, balance_after=gbp(9), day_spent=gbp(1), line_number=1
    ),
    gbp(1),
    GBP,
    Actor(user_id=OWNER, role=Role.USER),
    NewUser(email="a@b.c", full_name="A", password="password123!", password_confirmation="password123!"),
    UserChanges(full_name="A"),
    UserFilter(),
    NewAccount(
        user_bank_login_id=OWNER, currency=GBP, account_type=AccountType.CHECKING, account_name="Everyday"
    ),
    AccountChanges(account_name="A"),
    AccountFilter(user_id=OWNER),
    PaymentFilter(user_id=OWNER),
    TransactionFilter(),
    Bank(**IDENTITY, name="Bank", country="GB", code="BANK"),
    BankBranch(**IDENTITY, bank_id=OWNER, name="Branch", country="GB"),
    BankChanges(),
    BankFilter(),
    BranchFilter(bank_id=OWNER),
    NewBank(name="Bank", country="GB", code="BANK"),
    NewBranch(bank_id=OWNER, name="Branch", country="GB"),
    BankLogin(**IDENTITY, user_id=OWNER, bank_branch_id=OWNER, username="alice123"),
    NewBankLogin(bank_branch_id=OWNER, username="alice123"),
    BankLoginChanges(),
    BankLoginFilter(user_id=OWNER),
    AuditFilter(),
    JobFilter(),
    JobSchedule(),
    PageRequest(),
    KeysetRequest(),
    Sort(field="name"),
    Cursor(field="inserted_at", value=NOW, id=OWNER),
    AccessClaims(
        user_id=OWNER,
        email="a@b.c",
        role=Role.USER,
        jti=OWNER,
        session_id=OWNER,
        issued_at=NOW,
        expires_at=NOW,
    ),
]


class Stranger(Enum):
    VALUE = "PENDING"


odd_values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.decimals(),
    st.sampled_from([Decimal("1E+999999"), Decimal("1E-999999"), Decimal("-0"), Number("sNaN")]),
    st.text(st.characters(), max_size=300),
    st.text(max_size=3).map(Text),
    st.binary(max_size=4),
    st.uuids(),
    st.uuids().map(str),
    st.datetimes(),
    st.datetimes(timezones=st.timezones()),
    st.timedeltas(),
    st.sampled_from([Stranger.VALUE, *Direction, *Role, *PaymentType]),
    st.lists(st.integers(), max_size=2),
    st.tuples(st.text(max_size=2)),
    st.dictionaries(st.text(max_size=2), st.none(), max_size=1),
    st.builds(object),
)


@pytest.mark.parametrize("sound", SOUND, ids=lambda sound: type(sound).__name__)
@given(data=st.data())
def test_whatever_a_field_is_given_is_refused_by_the_catalog_or_taken(
    sound: Any, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from([field.name for field in fields(sound)]))
    value = data.draw(odd_values)
    if isinstance(sound, type(ENTRY)) and name in {"postings", "kind", "reverses_entry_id"}:
        return  # which postings make an entry is told by tests of its own
    try:
        built = replace(sound, **{name: value})
    except DomainError as refusal:
        assert refusal.reason.code  # noqa: PT017 - some values are taken
    else:
        assert repr(built)
