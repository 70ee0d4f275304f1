"""What a bank's refusals mean: whether its customer has to consent anew. One reading for 3.1 and 4.0."""

from typing import Any

from ledgerbank_adapters.bank_http import BankRefusal
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason

CONSENT_IS_OVER = frozenset(
    {
        "UK.OBIE.Reauthenticate",
        "UK.OBIE.Resource.ConsentMismatch",
        "UK.OBIE.Resource.InvalidConsentStatus",
        "U028",
        "U008",
        "U009",
    }
)
"""Of 3.1, and the same three of 4.0.

https://openbankinguk.github.io/read-write-api-site3/v3.1.10/references/namespaced-enumerations.html
https://github.com/OpenBankingUK/External_Internal_CodeSets (``OBExternalStatusReason1Code``)
"""

# The members of ``OBErrorResponse1``.
_ERROR_RESPONSE = frozenset({"Id", "Code", "Message", "Errors"})
_BAD_REQUEST, _FORBIDDEN = 400, 403


def consent_is_over(refusal: BankRefusal) -> Exception | None:
    """What a refusal means: ``bank_consent_required`` when it names one of the codes for that.

    …/profiles/read-write-data-api-profile.html#error-response-structure
    """
    errors = refusal.document.get("Errors") if isinstance(refusal.document, dict) else None
    told = errors if isinstance(errors, list) else []
    codes = {str(error.get("ErrorCode")) for error in told if isinstance(error, dict)}
    if refusal.status in (_BAD_REQUEST, _FORBIDDEN) and codes & CONSENT_IS_OVER:
        return DomainError(Reason.BANK_CONSENT_REQUIRED)
    return None


def no_account_is_shown(refusal: BankRefusal) -> Exception | None:
    """What a refusal of all accounts means.

    The standard lets a bank answer 403 without a word. Of one account that may be because the customer did
    not choose it; of all accounts, asked for with a token for nothing else, the consent must be over. What is
    said in another form than the standard's is said by somebody in between.
    """
    if refusal.status == _FORBIDDEN and _names_no_error(refusal):
        return DomainError(Reason.BANK_CONSENT_REQUIRED)
    return consent_is_over(refusal)


def _names_no_error(refusal: BankRefusal) -> bool:
    document = refusal.document
    if not refusal.has_body:
        return True
    if not isinstance(document, dict) or not document.keys() <= _ERROR_RESPONSE:
        return False
    errors = document.get("Errors") or []
    return isinstance(errors, list) and not any(_has_code(error) for error in errors)


def _has_code(error: Any) -> bool:
    """Of what is no error of the standard's form nobody can say that it has none."""
    return not isinstance(error, dict) or error.get("ErrorCode") not in (None, "")
