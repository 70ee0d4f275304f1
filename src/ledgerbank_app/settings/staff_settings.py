"""What staff may do alone."""

# ruff: noqa: RUF009 - every call of variable() makes a field of its own, of which attrs knows what to do.

from datetime import timedelta

from attrs import frozen

from ledgerbank_app.settings.settings_parsers import YES_OR_NO, hours
from ledgerbank_app.settings.settings_variables import variable


@frozen(kw_only=True)
class StaffSettings:
    """Whether certain acts of staff take two administrators."""

    four_eyes: bool = variable(
        "FOUR_EYES",
        YES_OR_NO,
        default="false",
        meaning=(
            "Whether role changes, other e-mails and lost second factors of others, credit limits, unfreezing"
            " of accounts and reversals by staff wait until another administrator approves them, and staff"
            " begin with a password that they choose by a mailed link."
        ),
    )
    approval_expiry: timedelta = variable(
        "APPROVAL_EXPIRES_HOURS",
        hours(1, 720),
        default="72",
        meaning="How long such a request waits before it expires.",
    )
