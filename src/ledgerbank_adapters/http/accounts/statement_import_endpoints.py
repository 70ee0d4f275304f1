"""Importing statement files: a preview first, then the booking."""

from ledgerbank_adapters.http.accounts.account_endpoints import FOUND_ACCOUNT_ERRORS
from ledgerbank_adapters.http.accounts.statement_import_bodies import (
    MAX_FORM_BYTES,
    ImportedMovementsQuery,
    StatementConfirmationBody,
    StatementFileBody,
)
from ledgerbank_adapters.http.accounts.statement_import_payloads import (
    StatementImportDetailPayload,
    StatementImportPayload,
    statement_import_detail_payload,
    statement_import_payload,
)
from ledgerbank_adapters.http.fields.paging_queries import KeysetQuery, keyset_pagination
from ledgerbank_adapters.http.operations.http_operation import ID_IN_PATH, Answer, Call, Operation, Paging
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.scope import Scope

IDS_IN_PATH = {**ID_IN_PATH, "import_id": {"type": "string", "format": "uuid"}}
# Ten mebibytes may hold a hundred thousand movements, each of which becomes an entry and its lines.
LONGER_BY_SECONDS = 105.0
IMPORTING_ERRORS = (
    *FOUND_ACCOUNT_ERRORS,
    Reason.INVALID_FIELD_FORMAT,
    Reason.ACCOUNT_INACTIVE,
    Reason.ACCOUNT_HELD_HERE,
)


def preview_statement_file(call: Call[StatementFileBody, None]) -> Answer:
    """Reads a file and compares it with the books: camt.053, OFX (QFX), MT940 or CSV. Nothing is booked; the
    answer tells of each movement whether it is new, known, or doubtful with the lines that it may be.
    """
    account_id, body = call.path_id(), call.body()
    found = call.services.statement_imports.preview(
        call.actor,
        account_id=account_id,
        content=body.file,
        format=body.format,
        csv_profile=body.csv_profile,
    )
    return Answer(
        data=statement_import_detail_payload(found, ImportedMovementsQuery()),
        location=f"/accounts/{account_id}/imports/{found.id}",
    )


def confirm_statement_import(call: Call[StatementConfirmationBody, None]) -> Answer:
    """Books what is new of a previewed file, as the books are by now. Doubtful movements that nobody decides
    on stay out.
    """
    account_id, import_id = call.path_id(), call.path_id("import_id")
    confirmed = call.services.statement_imports.confirm(
        call.actor, account_id=account_id, import_id=import_id, decisions=call.body().decisions
    )
    return Answer(data=statement_import_payload(confirmed))


def list_statement_imports(call: Call[None, KeysetQuery]) -> Answer:
    """Newest first, without their movements."""
    page = call.services.statement_imports.list_keyset(
        call.actor, account_id=call.path_id(), request=call.query().keyset_request()
    )
    return Answer(
        data=[statement_import_payload(each) for each in page.items], pagination=keyset_pagination(page)
    )


def get_statement_import(call: Call[None, ImportedMovementsQuery]) -> Answer:
    account_id, import_id, query = call.path_id(), call.path_id("import_id"), call.query()
    found = call.services.statement_imports.get(call.actor, account_id=account_id, import_id=import_id)
    return Answer(data=statement_import_detail_payload(found, query))


STATEMENT_IMPORT_OPERATIONS = (
    Operation(
        method="POST",
        path="/accounts/{id}/imports",
        handler=preview_statement_file,
        summary="Preview a statement file",
        scope=Scope.BANKS_WRITE,
        answer=StatementImportDetailPayload,
        body=StatementFileBody,
        takes_form=True,
        longer_by_seconds=LONGER_BY_SECONDS,
        max_body_bytes=MAX_FORM_BYTES,
        status=201,
        action="statement_previewed",
        errors=(
            *IMPORTING_ERRORS,
            Reason.INVALID_STATEMENT_FILE,
            Reason.STATEMENT_OF_ANOTHER_ACCOUNT,
            Reason.INVALID_JSON,
        ),
    ),
    Operation(
        method="POST",
        path="/accounts/{id}/imports/{import_id}/confirm",
        handler=confirm_statement_import,
        summary="Book a previewed statement file",
        scope=Scope.BANKS_WRITE,
        answer=StatementImportPayload,
        body=StatementConfirmationBody,
        action="statement_imported",
        idempotent=True,
        longer_by_seconds=LONGER_BY_SECONDS,
        errors=(
            *IMPORTING_ERRORS,
            Reason.RESOURCE_NOT_FOUND,
            Reason.ALREADY_PROCESSED,
            Reason.AMOUNT_EXCEEDS_LIMIT,
        ),
        path_schemas=IDS_IN_PATH,
    ),
    Operation(
        method="GET",
        path="/accounts/{id}/imports",
        handler=list_statement_imports,
        summary="Statement files of an account",
        scope=Scope.ACCOUNTS_READ,
        answer=list[StatementImportPayload],
        query=KeysetQuery,
        paging=Paging.KEYSET,
        errors=(*FOUND_ACCOUNT_ERRORS, Reason.INVALID_CURSOR),
    ),
    Operation(
        method="GET",
        path="/accounts/{id}/imports/{import_id}",
        handler=get_statement_import,
        summary="A statement file of an account",
        scope=Scope.ACCOUNTS_READ,
        answer=StatementImportDetailPayload,
        query=ImportedMovementsQuery,
        errors=(*FOUND_ACCOUNT_ERRORS, Reason.RESOURCE_NOT_FOUND, Reason.INVALID_FILTER),
        path_schemas=IDS_IN_PATH,
    ),
)
