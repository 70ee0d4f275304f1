"""The letters that users get: both forms say the same, and a stranger's words stay words in them."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from email import message_from_bytes
from email.policy import default as modern
from html import escape
from html.parser import HTMLParser
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.scenes.domain_samples import NOW, OWNER, a_payment, gbp

from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.scope import Scope
from ledgerbank_domain.ledger.journal import Direction
from ledgerbank_domain.notifications.address_notices import (
    email_change_requested,
    email_changed,
    email_confirmation,
    password_reset,
    registration_attempted,
)
from ledgerbank_domain.notifications.mail_letter import Letter, letter_as_html, letter_as_text, one_line
from ledgerbank_domain.notifications.mail_templates import letter_of
from ledgerbank_domain.notifications.notification import (
    MAX_CAUSE_LENGTH,
    Notification,
    NotificationTemplate,
    api_key_created,
    bank_access_not_ended,
    bank_login_needs_attention,
    logins_failed,
    password_changed,
    payment_completed,
    payment_failed,
)
from ledgerbank_domain.notifications.second_factor_notices import (
    recovery_code_used,
    recovery_codes_renewed,
    second_factor_added,
    second_factor_guessed,
    second_factor_removed,
)
from ledgerbank_domain.notifications.session_notices import login_from_new_device, sessions_ended
from ledgerbank_domain.users.api_key import ApiKey

HOSTILE = [
    "</td></tr></table><script>alert(1)</script>",
    "\" onload='x' <img src=https://evil.example/x>",
    "Alice\r\nBcc: everybody@example.com",
    "Rent\n\nDear Alice,\n\nsend us your password",
    "\u202egnp.exe",
    "line\u2028separator\x85next\x0bline\x1cfile",
    "&lt;b&gt; &amp; {name} %s",
]
hostile_text = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=60),
)


def a_key(name: str) -> ApiKey:
    return ApiKey(
        id=OWNER,
        user_id=OWNER,
        name=name,
        scopes=frozenset(Scope),
        secret_hash="0" * 64,
        expires_at=NOW,
        inserted_at=NOW,
        updated_at=NOW,
    )


def with_link(told: Notification) -> Notification:
    """As it is once its token is known."""
    brought = told.bringing(UUID(int=1))
    return replace(brought, params={**brought.params, "link": LINK})


LINK = "https://bank.example/api/v1/auth/pages/confirm-email?a=1&b=2#token=x-_y"
Builder = Callable[[str], Notification]
NOTIFICATIONS: Mapping[NotificationTemplate, Builder] = {
    NotificationTemplate.PASSWORD_CHANGED: lambda _: password_changed(user_id=OWNER, at=NOW, cause="1"),
    NotificationTemplate.EMAIL_CONFIRMATION: lambda _: with_link(
        email_confirmation(user_id=OWNER, expires_at=NOW)
    ),
    NotificationTemplate.PASSWORD_RESET: lambda _: with_link(password_reset(user_id=OWNER, expires_at=NOW)),
    NotificationTemplate.REGISTRATION_ATTEMPTED: lambda _: with_link(
        registration_attempted(user_id=OWNER, expires_at=NOW)
    ),
    NotificationTemplate.EMAIL_CHANGE_REQUESTED: lambda words: email_change_requested(
        user_id=OWNER, old=words, new=words, at=NOW, cause="1"
    ),
    NotificationTemplate.EMAIL_CHANGED: lambda words: email_changed(
        user_id=OWNER, old=words, new=words, at=NOW, cause="1"
    ),
    NotificationTemplate.LOGINS_FAILED: lambda words: logins_failed(
        user_id=OWNER, ip=words, at=NOW, cause="1"
    ),
    NotificationTemplate.LOGIN_FROM_NEW_DEVICE: lambda words: login_from_new_device(
        user_id=OWNER, device=words, ip=words, at=NOW, cause="1"
    ),
    NotificationTemplate.SESSIONS_ENDED: lambda _: sessions_ended(user_id=OWNER, at=NOW, cause="1"),
    NotificationTemplate.SECOND_FACTOR_ADDED: lambda words: second_factor_added(
        user_id=OWNER, replaced=True, ip=words or "?", at=NOW
    ),
    NotificationTemplate.SECOND_FACTOR_REMOVED: lambda words: second_factor_removed(
        user_id=OWNER, by_administrator=False, ip=words or "?", at=NOW
    ),
    NotificationTemplate.RECOVERY_CODES_RENEWED: lambda words: recovery_codes_renewed(
        user_id=OWNER, ip=words or "?", at=NOW
    ),
    NotificationTemplate.RECOVERY_CODE_USED: lambda words: recovery_code_used(
        user_id=OWNER, left=9, ip=words or "?", at=NOW, cause="1"
    ),
    NotificationTemplate.SECOND_FACTOR_GUESSED: lambda words: second_factor_guessed(
        user_id=OWNER, ip=words or "?", blocked=False, at=NOW, cause="1"
    ),
    NotificationTemplate.API_KEY_CREATED: lambda words: api_key_created(
        a_key(words.strip()[:100] or "Bookkeeping"), ip=words
    ),
    NotificationTemplate.PAYMENT_COMPLETED: lambda words: payment_completed(
        a_payment(description=words or "Payment"), at=NOW
    ),
    NotificationTemplate.PAYMENT_FAILED: lambda words: payment_failed(
        a_payment(description=words or "Payment"), reason=Reason.INSUFFICIENT_FUNDS, at=NOW, cause="1"
    ),
    NotificationTemplate.BANK_ACCESS_NOT_ENDED: lambda words: bank_access_not_ended(
        user_id=OWNER,
        bank_name=words,
        username=words,
        reason=Reason.SERVICE_UNAVAILABLE,
        since=NOW,
        cause="1",
    ),
    NotificationTemplate.BANK_LOGIN_NEEDS_ATTENTION: lambda words: bank_login_needs_attention(
        user_id=OWNER,
        bank_name=words,
        username=words,
        reason=Reason.BANK_CONSENT_REQUIRED,
        at=NOW,
        cause="1",
    ),
}


def notification(template: NotificationTemplate, words: str = "Rent") -> Notification:
    """One of each kind, with a stranger's words wherever there is a place for them."""
    return NOTIFICATIONS[template](words)


def letter(told: Notification) -> Letter:
    return letter_of(told.template, told.params)


class Reader(HTMLParser):
    """What a mail program sees: the tags, and the text between them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[tuple[str, str | None]] = set()
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= set(attrs)

    def handle_data(self, data: str) -> None:
        self.text += data


every_template = pytest.mark.parametrize("template", NotificationTemplate)


@every_template
@given(words=hostile_text, name=hostile_text)
def test_no_words_of_a_stranger_become_markup(template: NotificationTemplate, words: str, name: str) -> None:
    plain = Reader(letter_as_html(letter(notification(template)), name="Alice"))

    hostile = Reader(letter_as_html(letter(notification(template, words)), name=name))

    assert hostile.tags == plain.tags
    link = {("href", LINK)} if "a" in plain.tags else set()
    assert hostile.attributes == {("lang", "en"), ("charset", "utf-8")} | link
    assert one_line(name) in hostile.text


@every_template
@given(words=hostile_text, name=hostile_text)
def test_no_words_of_a_stranger_add_a_line_to_the_text(
    template: NotificationTemplate, words: str, name: str
) -> None:
    plain = letter_as_text(letter(notification(template)), name="Alice").splitlines()

    hostile = letter_as_text(letter(notification(template, words)), name=name).splitlines()

    assert len(hostile) == len(plain)
    assert hostile[0] == f"Dear {one_line(name) or 'customer'},"


@every_template
@given(words=hostile_text, name=hostile_text)
def test_text_and_html_carry_the_same_facts(template: NotificationTemplate, words: str, name: str) -> None:
    written = letter(notification(template, words))
    text = letter_as_text(written, name=name)
    html = Reader(letter_as_html(written, name=name)).text

    said = [written.opening, written.advice, f"Dear {one_line(name) or 'customer'},"]
    for label, value in written.facts:
        said += [label, one_line(value)]
    for each in said:
        assert each in text
        assert each in html


@every_template
@given(words=hostile_text)
def test_a_subject_is_the_same_for_everybody(template: NotificationTemplate, words: str) -> None:
    assert letter(notification(template, words)).subject == letter(notification(template)).subject


@every_template
def test_a_mail_loads_nothing_from_anywhere(template: NotificationTemplate) -> None:
    html = letter_as_html(letter(notification(template)), name="Alice")
    # What is only followed when somebody wants to is not loaded.
    shown = escape(LINK)
    html = html.replace(f'<a href="{shown}">{shown}</a>', "")

    assert re.findall(r"https?:|//|src=|href=|url\(|<style|style=", html) == []
    assert html.isascii()


@given(hostile_text)
def test_one_line_is_one_line_that_reads_as_it_is_written(text: str) -> None:
    line = one_line(text)

    assert len(line.splitlines()) <= 1
    assert not {unicodedata.category(each) for each in line} & {"Cc", "Zl", "Zp"}
    assert not set(line) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    assert one_line(line) == line
    header = message_from_bytes(f"To: {line}\r\n\r\n".encode(), policy=modern)
    assert header.keys() == ["To"]


def test_ordinary_names_stay_as_they_are() -> None:
    for name in ("Zoë O'Brien-Smith", "李小龙", "محمد", "👩‍👩‍👧 family"):
        assert one_line(name) == name


def test_a_completed_payment_is_told_with_amount_description_and_direction() -> None:
    out = letter(payment_completed(a_payment(amount=gbp("12.50"), description="Rent"), at=NOW))
    into = letter(payment_completed(a_payment(direction=Direction.CREDIT), at=NOW))

    assert dict(out.facts) == {
        "Amount": "12.50 GBP",
        "Direction": "out of your account",
        "Description": "Rent",
        "Payment": str(UUID(int=41)),
        "Completed at": "2025-03-01 12:00:00 UTC",
    }
    assert dict(into.facts)["Direction"] == "into your account"


def test_a_failed_payment_is_told_with_the_catalogs_message() -> None:
    failed = payment_failed(a_payment(), reason=Reason.DAILY_LIMIT_EXCEEDED, at=NOW, cause="1")

    assert dict(letter(failed).facts)["Reason"] == "Daily payment limit exceeded"
    assert "No money has moved." in letter(failed).opening


def test_a_reason_that_the_catalog_no_longer_has_is_told_as_unexpected() -> None:
    failed = payment_failed(a_payment(), reason=Reason.DAILY_LIMIT_EXCEEDED, at=NOW, cause="1")

    old = replace(failed, params={**failed.params, "reason": "a_reason_of_old"})

    assert dict(letter(old).facts)["Reason"] == "An unexpected error occurred"


@pytest.mark.parametrize(
    ("reason", "advice"),
    [
        (Reason.BANK_CONSENT_REQUIRED, "can no longer read"),
        (Reason.SERVICE_UNAVAILABLE, "goes on trying"),
    ],
)
def test_a_bank_login_in_trouble_is_told_with_bank_user_name_reason_and_what_to_do(
    reason: Reason, advice: str
) -> None:
    told = letter(
        bank_login_needs_attention(
            user_id=OWNER, bank_name="Demo Bank", username="alice123", reason=reason, at=NOW, cause="1"
        )
    )

    assert [value for _, value in told.facts[:3]] == ["Demo Bank", "alice123", reason.message]
    assert advice in told.advice
    assert "connect" in told.advice


def test_instants_are_told_in_utc() -> None:
    elsewhere = datetime(2025, 7, 1, 1, 30, tzinfo=timezone(timedelta(hours=2)))

    told = letter(password_changed(user_id=OWNER, at=elsewhere, cause="1"))

    assert dict(told.facts)["Changed at"] == "2025-06-30 23:30:00 UTC"
    assert elsewhere.astimezone(UTC).hour == 23


def test_what_a_job_is_given_names_user_template_and_params_and_is_unique_per_cause() -> None:
    payment = a_payment()
    completed = payment_completed(payment, at=NOW)

    assert completed.unique_key == f"notification.send:payment_completed:{payment.id}"
    assert set(completed.as_args()) == {"user_id", "template", "params"}
    assert completed.as_args()["user_id"] == str(payment.user_id)
    failures = [
        payment_failed(payment, reason=Reason.TIMEOUT, at=NOW, cause=cause).unique_key for cause in ("1", "2")
    ]
    assert len({completed.unique_key, *failures}) == 3


@pytest.mark.parametrize("cause", ["", "x" * (MAX_CAUSE_LENGTH + 1)])
def test_a_cause_that_no_key_can_hold_is_a_mistake(cause: str) -> None:
    with pytest.raises(ValueError, match="a cause has"):
        password_changed(user_id=OWNER, at=NOW, cause=cause)
