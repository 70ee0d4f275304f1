"""Statements to download, for whoever may control the bank: ``GET /_control/accounts/{id}/statement``.

``format`` is one of the bank's, ``from`` and ``to`` are days (both included) and may be left out.
"""

from datetime import date

from starlette.responses import Response

from ledgerbank_adapters.simulated_bank.bank_exchange import Arrival, BankOperation, json_answer
from ledgerbank_adapters.simulated_bank.books.simulated_books import NotAtThisBankError
from ledgerbank_adapters.simulated_bank.controls.control_access import foreign_origin
from ledgerbank_adapters.simulated_bank.controls.control_bodies import BadControlError
from ledgerbank_adapters.simulated_bank.simulated_bank_model import SimulatedBank
from ledgerbank_adapters.simulated_bank.statement_dialects.simulated_statement import statement_of
from ledgerbank_adapters.simulated_bank.statement_dialects.statement_file_dialects import FILE_FORMATS


def _download(bank: SimulatedBank, arrival: Arrival) -> Response:
    if (refusal := foreign_origin(arrival)) is not None:
        return json_answer({"error": refusal}, status=403)
    try:
        return _statement_file(bank, arrival)
    except BadControlError as error:
        return json_answer({"error": str(error)}, status=400)
    except NotAtThisBankError as error:
        return json_answer({"error": f"There is no {error} here."}, status=404)


def _statement_file(bank: SimulatedBank, arrival: Arrival) -> Response:
    account = bank.books.account(arrival.path_parameters["id"])
    chosen = FILE_FORMATS.get(arrival.query.get("format", ""))
    if chosen is None:
        raise BadControlError(f"format must be one of {', '.join(FILE_FORMATS)}.")
    first_day, last_day = _day(arrival, "from"), _day(arrival, "to")
    if first_day is not None and last_day is not None and first_day > last_day:
        raise BadControlError("from must not be after to.")
    statement = statement_of(account, first_day=first_day, last_day=last_day, now=bank.now())
    name = f"{account.account_number}-{statement.first_day}-{statement.last_day}.{chosen.ending}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(chosen.write(statement), media_type=chosen.media_type, headers=headers)


def _day(arrival: Arrival, name: str) -> date | None:
    text = arrival.query.get(name)
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadControlError(f"{name} must be a day like 2026-03-02.") from None


STATEMENT_OPERATIONS = (
    BankOperation(method="GET", path="/_control/accounts/{id}/statement", handler=_download, name=None),
)
