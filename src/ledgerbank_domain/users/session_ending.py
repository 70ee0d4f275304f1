"""Why an administrator ends somebody's sessions, as people say it."""

from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.text_rules import parse_text

MAX_ENDING_REASON_LENGTH = 255


def parse_ending_reason(value: object) -> str:
    """1 to 255 characters, trimmed. Raises ``invalid_field_format``."""
    return parse_text(value, reason=Reason.INVALID_FIELD_FORMAT, max_length=MAX_ENDING_REASON_LENGTH)
