"""The machine's secret random numbers."""

import secrets

from ledgerbank_domain.ports.secret_box import SecretGenerator

_RANDOM_BYTES = 32


class SystemSecretGenerator(SecretGenerator):
    """From the operating system: 43 characters that nobody can guess."""

    def new_secret(self) -> str:
        return secrets.token_urlsafe(_RANDOM_BYTES)
