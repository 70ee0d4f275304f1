"""What everything that computes one-time codes promises; apps of other makers compute the same."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from pyotp import TOTP

from ledgerbank_adapters.memory import MemoryOneTimeCodes
from ledgerbank_adapters.security import PyotpOneTimeCodes
from ledgerbank_domain.ports.one_time_codes import OneTimeCodes

# The secret of RFC 6238's vectors, "12345678901234567890", and the last six digits of its codes (appendix B).
RFC_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
RFC_VECTORS = [
    (59, 1, "287082"),
    (1_111_111_109, 37_037_036, "081804"),
    (1_111_111_111, 37_037_037, "050471"),
    (1_234_567_890, 41_152_263, "005924"),
    (2_000_000_000, 66_666_666, "279037"),
    (20_000_000_000, 666_666_666, "353130"),
]
NOW = datetime(2025, 1, 15, 12, 0, 10, tzinfo=UTC)
STEP = int(NOW.timestamp()) // 30


@pytest.fixture(params=[MemoryOneTimeCodes, PyotpOneTimeCodes], ids=["memory", "pyotp"])
def codes(request: pytest.FixtureRequest) -> OneTimeCodes:
    adapter: OneTimeCodes = request.param()
    return adapter


@pytest.mark.parametrize(("seconds", "step", "code"), RFC_VECTORS)
def test_the_vectors_of_the_standard_are_right(
    codes: OneTimeCodes, seconds: int, step: int, code: str
) -> None:
    at = datetime.fromtimestamp(seconds, UTC)

    assert codes.step_of(RFC_SECRET, code, at=at, after=None) == step
    assert codes.step_of(RFC_SECRET, f"{(int(code) + 1) % 1_000_000:06}", at=at, after=None) is None


@pytest.mark.parametrize(("drift", "counts"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_code_of_the_step_before_or_behind_counts_and_no_other(
    codes: OneTimeCodes, drift: int, *, counts: bool
) -> None:
    code = TOTP(RFC_SECRET).at(NOW, counter_offset=drift)

    assert codes.step_of(RFC_SECRET, code, at=NOW, after=None) == (STEP + drift if counts else None)


@pytest.mark.parametrize("boundary", [timedelta(seconds=0), timedelta(seconds=29, microseconds=999_999)])
def test_steps_begin_with_the_half_minute(codes: OneTimeCodes, boundary: timedelta) -> None:
    start = datetime(2025, 1, 15, 12, tzinfo=UTC)
    code = TOTP(RFC_SECRET).at(start)

    assert codes.step_of(RFC_SECRET, code, at=start + boundary, after=None) == int(start.timestamp()) // 30


def test_codes_of_steps_that_were_used_or_are_older_count_no_more(codes: OneTimeCodes) -> None:
    found = [
        [
            codes.step_of(RFC_SECRET, TOTP(RFC_SECRET).at(NOW, counter_offset=offset), at=NOW, after=after)
            for offset in (-1, 0, 1)
        ]
        for after in (STEP - 2, STEP - 1, STEP, STEP + 1)
    ]

    assert found == [
        [STEP - 1, STEP, STEP + 1],
        [None, STEP, STEP + 1],
        [None, None, STEP + 1],
        [None, None, None],
    ]


@pytest.mark.parametrize(
    "code", ["", "0", "12345", "1234567", "abcdef", "٢٨٧٠٨٢", "\ud800" * 6, "é" * 6, "\x00"]
)
def test_any_text_may_be_asked(codes: OneTimeCodes, code: str) -> None:
    assert codes.step_of(RFC_SECRET, code, at=datetime.fromtimestamp(59, UTC), after=None) is None


def test_the_beginning_of_time_has_no_step_before_it(codes: OneTimeCodes) -> None:
    at = datetime.fromtimestamp(0, UTC)

    assert codes.step_of(RFC_SECRET, TOTP(RFC_SECRET).at(0), at=at, after=None) == 0


def test_new_secrets_have_160_bits_and_never_come_twice(codes: OneTimeCodes) -> None:
    secrets = {codes.new_secret() for _ in range(100)}

    assert len(secrets) == 100
    assert all(len(TOTP(secret).byte_secret()) == 20 and "=" not in secret for secret in secrets)


@pytest.mark.parametrize("account", ["alice@example.com", "a:b&c=d?#%@exämple.com", "ü ü@x.y"])
def test_an_app_reads_issuer_account_and_secret_from_the_address(codes: OneTimeCodes, account: str) -> None:
    uri = urlsplit(codes.enrolment_uri(RFC_SECRET, account=account, issuer="Ledger Bank"))

    assert (uri.scheme, uri.netloc) == ("otpauth", "totp")
    assert unquote(uri.path.removeprefix("/")).split(":", 1) == ["Ledger Bank", account]
    asked = parse_qs(uri.query)
    assert (asked["secret"], asked["issuer"]) == ([RFC_SECRET], ["Ledger Bank"])
    assert asked.get("digits", ["6"]) == ["6"]
    assert asked.get("period", ["30"]) == ["30"]
    assert asked.get("algorithm", ["SHA1"]) == ["SHA1"]
