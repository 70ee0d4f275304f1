"""Environments that a product starts with, and what it makes of them."""

import pytest

from ledgerbank_app.settings.settings import GROUPS, Settings
from ledgerbank_app.settings.settings_loading import SettingsError, load_settings
from ledgerbank_app.settings.settings_variables import variables_of

SECRET = "kq8Zr1vW0yJx3uTn5bGd7fHs9mLc2pEa4iOoRUwXNBVYtzKDjSgQhF6lMCPA_-eI"
OTHER_KEY = "rT9_pXq2Lm-8vZk1sYw4BcJd7fGhN0aEuR5iOoV3x6M"
KEY = "Hq3vYt8LzN1kPw0Rj5Xc7bDs2mFg9aTu4eGi6oBhK8E="
ENOUGH = {"JWT_SECRET": SECRET}
PRODUCTION = {
    "APP_ENV": "production",
    "DATABASE_URL": "postgresql://app:pw@db/ledgerbank?sslmode=verify-full",
    "JWT_SECRET": SECRET,
    "PUBLIC_BASE_URL": "https://bank.example",
    "SMTP_URL": "smtps://bank:pw@mail.example",
    "TOKEN_ENCRYPTION_KEYS": KEY,
    "WEBHOOK_SECRET": "Zb4xQw9eRt6yUi1oPa8sDf3gHj7kLm2nVc5_Xz0-TqWeYrUt",
    "METRICS_TOKEN": "m8Kx2Qv7Rz4Tb9Wn",
}
VARIABLES = [described for group in GROUPS.values() for described in variables_of(group).values()]


def problems_of(**environment: str) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        load_settings(environment)
    return caught.value.problems


def settings_of(**environment: str) -> Settings:
    return load_settings({**ENOUGH, **environment})
