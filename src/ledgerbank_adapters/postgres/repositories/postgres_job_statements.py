"""The statements about jobs that take more than a condition on one index."""

from ledgerbank_adapters.postgres.schema.job_tables import jobs
from ledgerbank_adapters.postgres.statements.postgres_set_statements import insert_statement

INSERT = insert_statement(jobs)
# Both partial unique indexes are asked, and whoever is adding the same key at this moment is waited for.
INSERT_NEW = f"{INSERT} ON CONFLICT DO NOTHING"

# The rows to change are picked in an array, which is made once and then looked up by primary key. As a
# subquery in FROM it might run again for every row of the other side, locking and skipping others each time;
# and a plan that does not know the limit would read the whole table to join what may be many.
#
# What is due is the beginning of each priority's part of the index, however much waits for later behind it.
# So each part is entered by itself, the most urgent one first, and none once there are enough.
LEASE = """
    UPDATE jobs
    SET state = 'available', lease_token = %(token)s, lease_owner_id = %(owner_id)s,
        lease_expires_at = %(expires_at)s, updated_at = %(now)s
    WHERE id = ANY(ARRAY(
        SELECT first.id
        FROM generate_series(0, 9) AS urgency
        CROSS JOIN LATERAL (
            SELECT id FROM jobs
            WHERE queue = %(queue)s AND priority = urgency AND run_at <= %(now)s
              AND state IN ('scheduled', 'available', 'retryable')
              AND (lease_token IS NULL OR lease_expires_at <= %(now)s)
            ORDER BY priority, run_at, inserted_at, id
            LIMIT %(limit)s
            FOR UPDATE SKIP LOCKED
        ) AS first
        LIMIT %(limit)s
    ))
    RETURNING *
"""
COUNT_LEASED = """
    SELECT queue, count(DISTINCT lease_token) AS leases
    FROM jobs
    WHERE lease_owner_id = %(owner_id)s AND lease_expires_at > %(now)s
    GROUP BY queue
"""
# Locked in order, as everybody locks jobs who waits for them.
GIVE_BACK = """
    UPDATE jobs
    SET lease_token = NULL, lease_owner_id = NULL, lease_expires_at = NULL, updated_at = %(at)s
    WHERE id = ANY(ARRAY(
        SELECT id FROM jobs
        WHERE lease_owner_id = %(owner_id)s AND state = 'available'
        ORDER BY id
        FOR UPDATE
    ))
"""
# By queue first: that is what such jobs are in an index by.
DUE_KINDS = """
    SELECT DISTINCT kind FROM jobs
    WHERE state IN ('scheduled', 'available', 'retryable') AND run_at <= %(now)s
      AND queue = ANY(%(queues)s::text[]) AND kind = ANY(%(kinds)s::text[])
"""
# Each part is answered from an index that holds such jobs alone, however many completed ones are kept.
COUNT_BY_STATE = """
    SELECT queue, CASE WHEN run_at <= %(now)s THEN 'available' ELSE state END AS state, count(*) AS jobs
    FROM jobs WHERE state IN ('scheduled', 'available', 'retryable') GROUP BY 1, 2
    UNION ALL
    SELECT queue, 'executing', count(*) FROM jobs WHERE state = 'executing' GROUP BY queue
    UNION ALL
    SELECT queue, 'discarded', count(*) FROM jobs WHERE state = 'discarded' GROUP BY queue
"""
DELETE_FINISHED = """
    DELETE FROM jobs
    WHERE id = ANY(ARRAY(
        SELECT id FROM jobs
        WHERE state IN ('completed', 'cancelled', 'discarded') AND completed_at < %(before)s
        ORDER BY completed_at
        LIMIT %(limit)s
        FOR UPDATE SKIP LOCKED
    ))
"""
