"""Second factors as JSON shows them."""

from typing import TypedDict

from ledgerbank_adapters.http.fields.wire_values import (
    WireInstant,
    optional_wire_instant,
    wire_instant,
)
from ledgerbank_domain.services.users.second_factor_service import Enrolment, SecondFactorStatus


class SecondFactorPayload(TypedDict):
    enabled: bool
    confirmed_at: WireInstant | None
    recovery_codes_left: int


class EnrolmentPayload(TypedDict):
    """``secret`` is base32 for typing in; ``qr_svg`` is a picture of ``otpauth_uri`` for scanning."""

    secret: str
    otpauth_uri: str
    qr_svg: str | None
    expires_at: WireInstant


class RecoveryCodesPayload(TypedDict):
    """Each is good once, in place of a code of the app. They are never shown again."""

    recovery_codes: list[str]


def second_factor_payload(status: SecondFactorStatus) -> SecondFactorPayload:
    return {
        "enabled": status.confirmed_at is not None,
        "confirmed_at": optional_wire_instant(status.confirmed_at),
        "recovery_codes_left": status.recovery_codes_left,
    }


def enrolment_payload(enrolment: Enrolment) -> EnrolmentPayload:
    return {
        "secret": enrolment.secret,
        "otpauth_uri": enrolment.otpauth_uri,
        "qr_svg": enrolment.qr_svg,
        "expires_at": wire_instant(enrolment.expires_at),
    }


def recovery_codes_payload(codes: tuple[str, ...]) -> RecoveryCodesPayload:
    return {"recovery_codes": list(codes)}
