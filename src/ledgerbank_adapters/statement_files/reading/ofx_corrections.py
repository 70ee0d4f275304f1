"""Records of an OFX file that correct others: what stands in the end."""

from collections.abc import Sequence

from ledgerbank_adapters.statement_files.reading.ofx_record import OfxRecord

NumberedRecords = Sequence[tuple[int, OfxRecord]]
"""Records by their number in the file."""


def corrected(records: NumberedRecords) -> tuple[NumberedRecords, NumberedRecords]:
    """What stands, in order; and the corrections of what is not in the file.

    A correction may be corrected in its turn.
    """
    standing = {number: record for number, record in records if record.corrects is None}
    numbers = {record.external_id: number for number, record in standing.items()}
    waiting = [told for told in records if told[1].corrects is not None]
    # Banks list the oldest first, or the newest: so both ways.
    for _ in range(2):
        left = []
        for number, record in waiting:
            before = numbers.pop(record.corrects, None)
            if before is None:
                left.append((number, record))
                continue
            del standing[before]
            if not record.deletes:
                standing[number] = record
                numbers[record.external_id] = number
        waiting = left[::-1]
    return sorted(standing.items()), waiting
