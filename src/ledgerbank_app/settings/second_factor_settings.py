"""Who must log in with a second factor."""

from attrs import frozen

from ledgerbank_app.settings.settings_parsers import YES_OR_NO
from ledgerbank_app.settings.settings_variables import variable


@frozen(kw_only=True)
class SecondFactorSettings:
    """Whoever has a second factor is asked for it; this is about who must have one."""

    required_for_staff: bool = variable(
        "REQUIRE_SECOND_FACTOR_FOR_STAFF",
        YES_OR_NO,
        default="false",
        production_default="true",
        meaning=(
            "Whether administrators and support must set up a second factor, at their next login, before they"
            " can do anything else."
        ),
    )
