"""Recovery codes: ten that count once each, for the day an app is lost."""

from base64 import b32encode
from hashlib import sha256

from ledgerbank_domain.ports.secret_box import SecretGenerator
from ledgerbank_domain.users.second_factor import RECOVERY_CODES, read_code, recovery_hash

_BYTES = 15
_GROUP = 4


def new_recovery_codes(secrets: SecretGenerator) -> tuple[str, ...]:
    """Each of 120 random bits, as 24 letters and digits that are hard to confuse, in groups of four."""
    return tuple(_in_groups(_letters(secrets.new_secret())) for _ in range(RECOVERY_CODES))


def recovery_hashes(codes: tuple[str, ...]) -> tuple[str, ...]:
    """What is kept of them."""
    return tuple(recovery_hash(read_code(code)) for code in codes)


def _letters(secret: str) -> str:
    return b32encode(sha256(secret.encode()).digest()[:_BYTES]).decode().lower()


def _in_groups(letters: str) -> str:
    return "-".join(letters[start : start + _GROUP] for start in range(0, len(letters), _GROUP))
