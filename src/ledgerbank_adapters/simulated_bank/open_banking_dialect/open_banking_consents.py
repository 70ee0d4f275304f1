"""Consents in the dialect of UK Open Banking's Account Information, versions 3.1 and 4.0.

https://openbankinguk.github.io/read-write-api-site3/v3.1.10/resources-and-data-models/aisp/account-access-consents.html
https://openbankinguk.github.io/read-write-api-site3/v4.0/resources-and-data-models/aisp/account-access-consents.html

Where this bank is simpler than a real one: clients show a secret (in the form, or by HTTP Basic) in place of
certificates and signed assertions; the authorize page takes the consent's id as the plain parameter
``consent_id`` in place of a signed ``request`` object; token answers name it as ``consent_id`` in place of an
id token's claim. A deleted consent can still be read, as Revoked.
"""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID, uuid5

from starlette.responses import Response

from ledgerbank_adapters.simulated_bank.bank_exchange import (
    Arrival,
    BankOperation,
    Handler,
    json_answer,
    parse_instant,
)
from ledgerbank_adapters.simulated_bank.books.simulated_books import NotAtThisBankError
from ledgerbank_adapters.simulated_bank.books.simulated_draws import hashed_id
from ledgerbank_adapters.simulated_bank.grants.simulated_consents import (
    ConsentStatus,
    SimulatedConsent,
    permissions_problem,
)
from ledgerbank_adapters.simulated_bank.grants.simulated_grants import (
    Dialect,
    GrantRefused,
    RefusalReason,
)
from ledgerbank_adapters.simulated_bank.open_banking_dialect.open_banking_dialect_payloads import (
    open_banking_consent,
)
from ledgerbank_adapters.simulated_bank.open_banking_dialect.open_banking_versions import (
    OPEN_BANKING_VERSIONS,
    OpenBankingVersion,
    version_of,
)
from ledgerbank_adapters.simulated_bank.simulated_bank_model import SimulatedBank

INTERACTION_ID = "x-fapi-interaction-id"
_REASONS = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found"}
_UNNAMED = UUID("6f1c7f0e-34d0-4a41-9a5c-2f6d0b8e5c11")

Consented = Callable[[SimulatedBank, Arrival, SimulatedConsent], Response]


class OpenBankingRefusal(Exception):  # noqa: N818 - what the bank did
    """An OBErrorResponse1 with one error, whose code is one of the name space of 3.1."""

    def __init__(self, status: int, code: str, message: str, *, path: str | None = None) -> None:
        super().__init__(code)
        self.status = status
        self.error = {"ErrorCode": code, "Message": message}
        if path is not None:
            self.error["Path"] = path


class BareRefusal(Exception):  # noqa: N818 - what the bank did
    """403 without a word, as the standard allows it."""


_BAD_INTERACTION = OpenBankingRefusal(
    400, "UK.OBIE.Header.Invalid", "The interaction id must be a UUID.", path=INTERACTION_ID
)


def in_open_banking_dialect(handler: Handler) -> Handler:
    """Answers what the handler refuses as the standard has it, and sends the interaction's id back."""

    def guarded(bank: SimulatedBank, arrival: Arrival) -> Response:
        given = arrival.headers.get(INTERACTION_ID)
        usable = given is not None and _is_uuid(given)
        ours = str(uuid5(_UNNAMED, f"{arrival.url} {bank.now().isoformat()}"))
        interaction = given if given is not None and usable else ours
        try:
            if given is not None and not usable:
                raise _BAD_INTERACTION
            answer = handler(bank, arrival)
        except BareRefusal:
            answer = Response(status_code=403)
        except OpenBankingRefusal as refusal:
            answer = _error(refusal, interaction, version_of(arrival))
        except NotAtThisBankError:
            nowhere = OpenBankingRefusal(400, "UK.OBIE.Resource.NotFound", "There is none.")
            answer = _error(nowhere, interaction, version_of(arrival))
        answer.headers[INTERACTION_ID] = interaction
        return answer

    return guarded


def consented(permission: frozenset[str], handler: Consented) -> Handler:
    """Lets in the access tokens of consents that stand and hold one of these permissions.

    401: the token is not valid (any more). 403: the consent is over, or does not permit it.
    """

    def checked(bank: SimulatedBank, arrival: Arrival) -> Response:
        try:
            grant = bank.grants.grant_of(arrival.bearer, dialect=Dialect.OPEN_BANKING, now=bank.now())
        except GrantRefused as refused:
            if refused.reason is RefusalReason.CONSENT_EXPIRED:
                raise _consent_is_over(bank, "The consent has expired.") from None
            raise _unauthorized() from None
        consent = bank.consents[grant.authorization.consent_id or ""]
        if consent.status is not ConsentStatus.AUTHORISED:
            raise _consent_is_over(bank, "The consent was revoked.")
        if consent.version > version_of(arrival).number:
            message = "The consent was lodged in a newer version."
            raise OpenBankingRefusal(403, "UK.OBIE.Resource.ConsentMismatch", message)
        if not permission & set(consent.permissions):
            message = "The consent does not permit this."
            raise OpenBankingRefusal(403, "UK.OBIE.Resource.ConsentMismatch", message)
        return handler(bank, arrival, consent)

    return in_open_banking_dialect(checked)


def _consent_is_over(bank: SimulatedBank, message: str) -> Exception:
    if bank.habits.bare_refusals:
        return BareRefusal()
    return OpenBankingRefusal(403, "UK.OBIE.Resource.InvalidConsentStatus", message)


def _unauthorized() -> OpenBankingRefusal:
    return OpenBankingRefusal(
        401, "UK.OBIE.Header.Invalid", "The access token is not valid.", path="Authorization"
    )


def _error(refusal: OpenBankingRefusal, interaction: str, version: OpenBankingVersion) -> Response:
    """In 4.0 the codes are of four letters, and what is told twice is deprecated."""
    if version.error_codes is not None:
        error = refusal.error | {"ErrorCode": version.error_codes[refusal.error["ErrorCode"]]}
        return json_answer({"Id": interaction, "Errors": [error]}, status=refusal.status)
    content = {
        "Code": f"{refusal.status} {_REASONS[refusal.status]}",
        "Id": interaction,
        "Message": refusal.error["Message"],
        "Errors": [refusal.error],
    }
    return json_answer(content, status=refusal.status)


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _of_client(handler: Callable[[SimulatedBank, Arrival, str], Response]) -> Handler:
    """Lets only tokens in that stand for a client itself."""

    def checked(bank: SimulatedBank, arrival: Arrival) -> Response:
        client_id, expires_at = bank.client_tokens.get(arrival.bearer, ("", bank.books.start))
        if not client_id or bank.now() >= expires_at:
            raise _unauthorized()
        return handler(bank, arrival, client_id)

    return in_open_banking_dialect(checked)


def _create_consent(bank: SimulatedBank, arrival: Arrival, client_id: str) -> Response:
    data = _consent_data(arrival)
    permissions = data.get("Permissions")
    if not isinstance(permissions, list) or not all(isinstance(each, str) for each in permissions):
        raise _invalid("Permissions", "Permissions must be a list of names.", code="Field.Missing")
    if problem := permissions_problem(frozenset(permissions)):
        raise _invalid("Permissions", problem)
    now = bank.now()
    expires_at = _bound(data, "ExpirationDateTime")
    if expires_at is not None and expires_at <= now:
        raise _invalid(
            "ExpirationDateTime", "The consent must not have expired yet.", code="Field.InvalidDate"
        )
    consent = SimulatedConsent(
        id=hashed_id("aac", bank.settings.seed, len(bank.consents)),
        version=version_of(arrival).number,
        client_id=client_id,
        permissions=tuple(dict.fromkeys(permissions)),
        expires_at=expires_at,
        transactions_from=_bound(data, "TransactionFromDateTime"),
        transactions_to=_bound(data, "TransactionToDateTime"),
        created=now,
        status_updated=now,
    )
    bank.consents[consent.id] = consent
    return _consent_answer(bank, arrival, consent, status=201)


def _get_consent(bank: SimulatedBank, arrival: Arrival, client_id: str) -> Response:
    return _consent_answer(bank, arrival, _own_consent(bank, arrival, client_id))


def _delete_consent(bank: SimulatedBank, arrival: Arrival, client_id: str) -> Response:
    _own_consent(bank, arrival, client_id).move_to(ConsentStatus.REVOKED, bank.now())
    return Response(status_code=204)


def _own_consent(bank: SimulatedBank, arrival: Arrival, client_id: str) -> SimulatedConsent:
    consent = bank.consents.get(arrival.path_parameters["consent_id"])
    if consent is None or consent.client_id != client_id or consent.version > version_of(arrival).number:
        raise NotAtThisBankError(arrival.path_parameters["consent_id"])
    return consent


def _consent_answer(
    bank: SimulatedBank, arrival: Arrival, consent: SimulatedConsent, *, status: int = 200
) -> Response:
    address = arrival.url.partition("?")[0].removesuffix(f"/{consent.id}")
    content = {
        "Data": open_banking_consent(consent, version_of(arrival), bank.now()),
        "Risk": {},
        "Links": {"Self": f"{address}/{consent.id}"},
        "Meta": {"TotalPages": 1},
    }
    return json_answer(content, status=status)


def _consent_data(arrival: Arrival) -> dict[str, object]:
    try:
        body = arrival.json()
    except ValueError:
        raise OpenBankingRefusal(400, "UK.OBIE.Resource.InvalidFormat", "The body must be JSON.") from None
    if not isinstance(body, dict) or not isinstance(body.get("Data"), dict):
        raise OpenBankingRefusal(400, "UK.OBIE.Field.Missing", "Data is missing.", path="Data")
    if body.get("Risk") != {}:
        raise OpenBankingRefusal(400, "UK.OBIE.Field.Missing", "Risk must be an empty object.", path="Risk")
    return dict(body["Data"])


def _bound(data: dict[str, object], name: str) -> datetime | None:
    value = data.get(name)
    if value is None:
        return None
    instant = parse_instant(value, zone="required") if isinstance(value, str) else None
    if instant is None:
        raise _invalid(name, "An instant with its zone is expected.", code="Field.InvalidDate")
    return instant


def _invalid(name: str, message: str, *, code: str = "Field.Invalid") -> OpenBankingRefusal:
    return OpenBankingRefusal(400, f"UK.OBIE.{code}", message, path=f"Data.{name}")


def _consent_operations(version: OpenBankingVersion) -> tuple[BankOperation, ...]:
    consents = f"{version.resources}/account-access-consents"
    one = f"{consents}/{{consent_id}}"
    return (
        BankOperation(
            method="POST", path=consents, handler=_of_client(_create_consent), name="consents.create"
        ),
        BankOperation(method="GET", path=one, handler=_of_client(_get_consent), name="consents.get"),
        BankOperation(method="DELETE", path=one, handler=_of_client(_delete_consent), name="consents.delete"),
    )


OPEN_BANKING_CONSENT_OPERATIONS = tuple(
    operation for version in OPEN_BANKING_VERSIONS for operation in _consent_operations(version)
)
