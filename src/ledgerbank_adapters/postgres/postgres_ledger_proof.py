"""Proving the ledger with one statement, hence in one snapshot."""

from ledgerbank_adapters.postgres.statements.postgres_session import PostgresSession
from ledgerbank_domain.ledger.ledger_discrepancy import Discrepancy, LedgerCheck
from ledgerbank_domain.ports.ledger_proof import LedgerProof

LINES = """
    lines AS NOT MATERIALIZED (
        SELECT 'transactions' AS table_name, id, journal_entry_id, currency, direction, amount,
               CASE direction WHEN 'CREDIT' THEN amount ELSE -amount END AS signed_amount
        FROM transactions
        UNION ALL
        SELECT 'clearing_lines', id, journal_entry_id, currency, direction, amount,
               CASE direction WHEN 'CREDIT' THEN amount ELSE -amount END
        FROM clearing_lines
    )
"""

# A wrong entry is told with all its lines, because the wrong one of them cannot be known. Lines without an
# entry can only be there when foreign keys were switched off.
ENTRY_BALANCED = """
    SELECT 'journal_entries', coalesce(entry.id, sums.journal_entry_id),
           coalesce('two or more lines in ' || entry.currency || ' that sum to 0', 'an entry for its lines'),
           coalesce(
               (SELECT string_agg(
                           concat_ws(' ', direction, trim_scale(amount), currency, 'in', table_name, id),
                           ', ' ORDER BY table_name, id
                       )
                FROM lines WHERE lines.journal_entry_id = coalesce(entry.id, sums.journal_entry_id)),
               'no lines'
           )
    FROM journal_entries AS entry
    FULL JOIN (
        SELECT journal_entry_id, count(*) AS line_count, sum(signed_amount) AS total,
               min(currency) AS first_currency, max(currency) AS last_currency
        FROM lines GROUP BY journal_entry_id
    ) AS sums ON sums.journal_entry_id = entry.id
    WHERE (line_count >= 2 AND total = 0 AND first_currency = currency AND last_currency = currency)
          IS NOT TRUE
"""

CURRENCY_TOTAL_ZERO = """
    SELECT 'journal_entries', NULL::uuid, '0', concat_ws(' ', currency, trim_scale(sum(signed_amount)))
    FROM lines GROUP BY currency HAVING sum(signed_amount) <> 0
"""

BALANCE_EQUALS_LINES = """
    SELECT 'user_bank_accounts', coalesce(account.id, sums.account_id),
           coalesce(concat_ws(' ', trim_scale(sums.total), currencies), '0'),
           coalesce(concat_ws(' ', trim_scale(account.balance), account.currency), 'no account')
    FROM user_bank_accounts AS account
    FULL JOIN (
        SELECT account_id, sum(CASE direction WHEN 'CREDIT' THEN amount ELSE -amount END) AS total,
               string_agg(DISTINCT currency, ' and ') AS currencies
        FROM transactions GROUP BY account_id
    ) AS sums ON sums.account_id = account.id
    WHERE (balance = coalesce(total, 0) AND currency = coalesce(currencies, currency)) IS NOT TRUE
"""

BALANCE_AFTER_CHAINS = """
    SELECT 'transactions', id,
           concat('line ', line_before + 1, ' with balance ', trim_scale(balance_before + signed_amount)),
           concat('line ', line_number, ' with balance ', trim_scale(balance_after))
    FROM (
        SELECT id, line_number, balance_after,
               CASE direction WHEN 'CREDIT' THEN amount ELSE -amount END AS signed_amount,
               lag(line_number, 1, 0) OVER chain AS line_before,
               lag(balance_after, 1, 0::numeric) OVER chain AS balance_before
        FROM transactions WINDOW chain AS (PARTITION BY account_id ORDER BY line_number)
    ) AS links
    WHERE line_number <> line_before + 1 OR balance_after <> balance_before + signed_amount
"""

# The chain alone does not show that its last lines are missing.
LINE_COUNT = """
    SELECT 'user_bank_accounts', account.id, concat(account.line_count, ' lines'),
           concat(coalesce(counted.line_count, 0), ' lines')
    FROM user_bank_accounts AS account
    LEFT JOIN (
        SELECT account_id, count(*) AS line_count FROM transactions GROUP BY account_id
    ) AS counted ON counted.account_id = account.id
    WHERE account.line_count <> coalesce(counted.line_count, 0)
"""

# What payments took from an account in a day of UTC goes on from line to line, and begins anew with each day.
DAY_SPENT_CHAINS = """
    SELECT 'transactions', id, concat(trim_scale(spent_before + spent), ' spent of its day'),
           concat(trim_scale(day_spent), ' spent of its day')
    FROM (
        SELECT id, day_spent,
               CASE
                   WHEN kind IN ('PAYMENT', 'TRANSFER') AND direction = 'DEBIT' THEN amount
                   WHEN direction = 'CREDIT' AND undone_on = posted_on THEN -amount
                   ELSE 0
               END AS spent,
               CASE lag(posted_on) OVER chain WHEN posted_on THEN lag(day_spent) OVER chain ELSE 0 END
                   AS spent_before
        FROM (
            SELECT line.*, (line.posted_at AT TIME ZONE 'UTC')::date AS posted_on,
                   (undone.posted_at AT TIME ZONE 'UTC')::date AS undone_on
            FROM transactions AS line
            LEFT JOIN (
                SELECT undoing.id, spending.posted_at
                FROM journal_entries AS undoing
                JOIN journal_entries AS spending ON spending.id = undoing.reverses_entry_id
                WHERE spending.kind IN ('PAYMENT', 'TRANSFER')
            ) AS undone ON undone.id = line.journal_entry_id
        ) AS dated
        WINDOW chain AS (PARTITION BY account_id ORDER BY line_number)
    ) AS links
    WHERE day_spent <> spent_before + spent
"""

LAST_DAY_SPENT = """
    SELECT 'user_bank_accounts', account.id, concat(trim_scale(line.day_spent), ' spent'),
           concat(trim_scale(account.day_spent), ' spent')
    FROM user_bank_accounts AS account
    JOIN transactions AS line ON line.account_id = account.id AND line.line_number = account.line_count
    WHERE account.day_spent <> line.day_spent
"""

PAYMENT_HAS_ONE_ENTRY = """
    SELECT 'user_payments', payment.id,
           CASE payment.status
               WHEN 'COMPLETED' THEN concat_ws(
                   ' ', 'entry', payment.journal_entry_id, 'with', payment.direction,
                   trim_scale(payment.amount), payment.currency, 'on account', payment.user_bank_account_id,
                   'against account ' || payment.counterparty_account_id
               )
               ELSE 'no entry while ' || payment.status
           END,
           CASE
               WHEN entry.id IS NULL THEN 'no entry'
               ELSE concat_ws(
                   ' ', 'entry', entry.id, 'with',
                   coalesce(line.direction || ' ' || trim_scale(line.amount), 'no line'), line.currency,
                   'against', coalesce(counter.direction || ' ' || trim_scale(counter.amount), 'no line'),
                   counter.currency
               )
           END
    FROM user_payments AS payment
    LEFT JOIN journal_entries AS entry ON entry.payment_id = payment.id AND entry.kind <> 'REVERSAL'
    LEFT JOIN transactions AS line
        ON line.journal_entry_id = entry.id AND line.account_id = payment.user_bank_account_id
    LEFT JOIN transactions AS counter
        ON counter.journal_entry_id = entry.id AND counter.account_id = payment.counterparty_account_id
    WHERE (payment.status = 'COMPLETED' OR entry.id IS NOT NULL)
      AND (
          payment.status = 'COMPLETED' AND entry.id = payment.journal_entry_id
          AND (line.direction, line.amount, line.currency)
              = (payment.direction, payment.amount, payment.currency)
          AND (
              payment.counterparty_account_id IS NULL
              OR (counter.direction, counter.amount, counter.currency)
                 = ('CREDIT', payment.amount, payment.currency)
          )
      ) IS NOT TRUE
"""

REVERSED_PAYMENT_HAS_REVERSAL = """
    SELECT 'user_payments', payment.id,
           coalesce('reversed by entry ' || reversal.id, 'no reversal'),
           coalesce('reversed by entry ' || payment.reversal_entry_id, 'no reversal')
    FROM user_payments AS payment
    LEFT JOIN journal_entries AS reversal ON reversal.reverses_entry_id = payment.journal_entry_id
    WHERE payment.reversal_entry_id IS DISTINCT FROM reversal.id
       OR (payment.reversed_at IS NULL) <> (reversal.id IS NULL)
"""

BALANCE_ABOVE_FLOOR = """
    SELECT 'user_bank_accounts', id, 'at least ' || trim_scale(-credit_limit), trim_scale(balance)::text
    FROM user_bank_accounts WHERE balance < -credit_limit AND source = 'none'
"""

# What a bank reports is posted when the bank says; payments by one clock that never runs backwards.
TIMES_IN_ORDER = """
    SELECT 'transactions', id,
           CASE
               WHEN inserted_at < inserted_before THEN concat('booked at ', inserted_before, ' or later')
               ELSE concat('posted at ', posted_before, ' or later')
           END,
           CASE
               WHEN inserted_at < inserted_before THEN concat('booked at ', inserted_at)
               ELSE concat('posted at ', posted_at)
           END
    FROM (
        SELECT id, kind, inserted_at, posted_at,
               lag(inserted_at) OVER chain AS inserted_before, lag(posted_at) OVER chain AS posted_before
        FROM transactions WINDOW chain AS (PARTITION BY account_id ORDER BY line_number)
    ) AS links
    WHERE inserted_at < inserted_before OR (kind IN ('PAYMENT', 'TRANSFER') AND posted_at < posted_before)
"""

LAST_TIMES = """
    SELECT 'user_bank_accounts', account.id,
           concat('last posted at ', line.posted_at, ' and booked at ', line.inserted_at),
           concat('last posted at ', account.last_posted_at, ' and booked at ', account.last_booked_at)
    FROM user_bank_accounts AS account
    JOIN transactions AS line ON line.account_id = account.id AND line.line_number = account.line_count
    WHERE (account.last_posted_at, account.last_booked_at)
          IS DISTINCT FROM (line.posted_at, line.inserted_at)
"""

CHECKS = (
    (LedgerCheck.ENTRY_BALANCED, ENTRY_BALANCED),
    (LedgerCheck.CURRENCY_TOTAL_ZERO, CURRENCY_TOTAL_ZERO),
    (LedgerCheck.BALANCE_EQUALS_LINES, BALANCE_EQUALS_LINES),
    (LedgerCheck.BALANCE_AFTER_CHAINS, BALANCE_AFTER_CHAINS),
    (LedgerCheck.BALANCE_AFTER_CHAINS, LINE_COUNT),
    (LedgerCheck.DAY_SPENT_CHAINS, DAY_SPENT_CHAINS),
    (LedgerCheck.DAY_SPENT_CHAINS, LAST_DAY_SPENT),
    (LedgerCheck.PAYMENT_HAS_ONE_ENTRY, PAYMENT_HAS_ONE_ENTRY),
    (LedgerCheck.REVERSED_PAYMENT_HAS_REVERSAL, REVERSED_PAYMENT_HAS_REVERSAL),
    (LedgerCheck.BALANCE_ABOVE_FLOOR, BALANCE_ABOVE_FLOOR),
    (LedgerCheck.TIMES_IN_ORDER, TIMES_IN_ORDER),
    (LedgerCheck.TIMES_IN_ORDER, LAST_TIMES),
)

_CHECKED = [
    f"(SELECT {number}, '{check.value}' AS check_name, found.*"  # noqa: S608 - our own text
    f" FROM ({sql}) AS found (table_name, row_id, expected, found))"
    for number, (check, sql) in enumerate(CHECKS)
]
PROOF = f"WITH {LINES} {' UNION ALL '.join(_CHECKED)} ORDER BY 1, 3, 4"

# A large ledger takes longer to prove than a request may take. The former limit is put back for what the unit
# of work does next, and returns with the transaction's end at the latest.
UNLIMITED = """
    SELECT current_setting('statement_timeout') AS former, set_config('statement_timeout', '0', true)
"""
LIMITED = "SELECT set_config('statement_timeout', %(former)s, true)"


class PostgresLedgerProof(LedgerProof):
    """All checks in one statement, which sees the database as of its start.

    It does in READ COMMITTED as well
    (https://www.postgresql.org/docs/current/transaction-iso.html#XACT-READ-COMMITTED): so all checks look at
    one instant, what this unit of work wrote included, and take no lock that a writer could meet.
    """

    def __init__(self, session: PostgresSession) -> None:
        self._session = session

    def find_discrepancies(self) -> list[Discrepancy]:
        former = self._session.run_sql(UNLIMITED).one().former
        rows = self._session.run_sql(PROOF).all()
        self._session.run_sql(LIMITED, {"former": former})
        return [
            Discrepancy(
                check=LedgerCheck(row.check_name),
                table=row.table_name,
                row_id=row.row_id,
                expected=row.expected,
                found=row.found,
            )
            for row in rows
        ]
