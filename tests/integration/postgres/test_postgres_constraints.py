"""Every constraint of the schema refuses what it is there for, and each is known by its name."""

from itertools import count
from uuid import UUID

import psycopg
import pytest
from psycopg.types.json import Jsonb
from tests.support.scenes.rows_of_every_table import (
    ACCOUNT,
    BANK,
    BRANCH,
    ENTRY,
    FIRST_ROWS,
    LINE,
    LOGIN,
    NOW,
    OTHER_ACCOUNT,
    OTHER_ENTRY,
    OTHER_USER,
    PAYMENT,
    USER,
    Row,
    insert,
    number,
)

from ledgerbank_adapters.postgres.statements.postgres_errors import CONFLICT_CONSTRAINTS, CONSTRAINT_REASONS
from ledgerbank_domain.banking.house_bank import HOUSE_BANK_ID

NOBODY = UUID(int=999_999)
WITHOUT_ID = (
    "login_failures",
    "login_clients",
    "bank_transaction_imports",
    "bank_transaction_names",
    "idempotency_records",
    "audit_exports",
    "development_mails",
)
ONE_ROW = ("bank_catalogue", "audit_exports")
TABLES = sorted(FIRST_ROWS)
_ids = count(1000)


def second_row(table: str) -> Row:
    """A row as valid as the first one, beside it."""
    identity = {} if table in WITHOUT_ID else {"id": number(next(_ids))}
    beside: dict[str, Row] = {
        "users": {"email": "bob@example.com", "email_identity": "bob@example.com"},
        "refresh_tokens": {"jti": number(next(_ids)), "session_id": number(next(_ids))},
        "mail_tokens": {"purpose": "EMAIL_CONFIRMATION", "token_hash": "1" * 64},
        "login_failures": {"subject": "ip:192.0.2.2"},
        "login_clients": {"network": "192.0.2.2"},
        "second_factors": {"user_id": OTHER_USER},
        "second_factor_challenges": {"secret_hash": "1" * 64},
        "payees": {"user_id": OTHER_USER},
        "banks": {"name": "Test Bank", "code": "TEST_BANK"},
        "bank_branches": {"iban": "GB11X", "swift_code": "DEMOUS33"},
        "user_bank_logins": {"username": "bob456"},
        "user_bank_accounts": {"external_account_id": "acc_2"},
        "audit_events": {"repeat_key": "another key"},
        "journal_entries": {"payment_id": None},
        "transactions": {
            "journal_entry_id": OTHER_ENTRY,
            "line_number": 2,
            "external_transaction_id": "tx_2",
        },
        "clearing_lines": {"journal_entry_id": OTHER_ENTRY},
        "bank_transaction_imports": {
            "external_transaction_id": "tx_2",
            "transaction_id": None,
            "pending": False,
        },
        "bank_transaction_names": {"name": "ofx:2"},
        "kept_pages": {"number": 1},
        "jobs": {"unique_key": "payment.process:2"},
        "approvals": {"subject": "somebody else"},
        "idempotency_records": {"key": "another key"},
        "oauth_states": {"state_hash": "1" * 64},
        "webhook_events": {"event_id": "evt_2"},
        "development_mails": {"message_id": "another-job", "number": 2},
    }
    return FIRST_ROWS[table] | identity | beside.get(table, {})


LONG = "x" * 256
UNCONFIRMED: Row = {"confirmed_at": None, "last_step": None, "recovery_hashes": []}
KEPT = {"consumed_at": NOW, "code_encrypted": b"sealed", "confirmation_hash": "0" * 64}
NAN = float("nan")
# What each constraint refuses: changes to a valid second row. A constraint of the database that is not here
# fails a test below.
# What a foreign key refers to: the primary key refuses every such row before it.
NEVER_THE_FIRST = {"banks_id_feeds_accounts_key"}
REFUSED: dict[str, list[Row]] = {
    "users_pkey": [{"id": USER}],
    "users_email_identity_key": [{"email_identity": "alice@example.com"}],
    "users_email_length_check": [{"email": "x" * 250 + "@x.com"}],
    "users_email_shape_check": [
        {"email": text} for text in ("x", "@x.com", "x@com", "x x@x.com", "a@b@x.com", "")
    ],
    "users_email_identity_length_check": [{"email_identity": "x" * 250 + "@x.com"}],
    "users_email_identity_shape_check": [
        {"email_identity": text} for text in ("x", "@x.com", "x@com", "x x@x.com", "a@b@x.com", "")
    ],
    "users_full_name_length_check": [{"full_name": ""}, {"full_name": LONG}],
    "users_password_parameters_check": [{"password_parameters": "another"}],
    "users_password_hash_length_check": [{"password_hash": ""}, {"password_hash": "x" * 1025}],
    "users_role_check": [{"role": "root"}, {"role": "ADMIN"}],
    "users_status_check": [{"status": "active"}],
    "users_password_check_check": [{"password_check": "DUE"}],
    "users_deleted_at_check": [{"deleted_at": NOW}, {"status": "DELETED"}],
    "users_erased_at_check": [{"erased_at": NOW}],
    "mail_tokens_pkey": [{"id": number(36)}],
    "mail_tokens_user_id_fkey": [{"user_id": NOBODY}],
    "mail_tokens_user_id_purpose_key": [{"purpose": "PASSWORD_RESET"}],
    "mail_tokens_token_hash_key": [{"token_hash": "0" * 64}],
    "mail_tokens_purpose_check": [{"purpose": "password_reset"}],
    "mail_tokens_email_length_check": [{"email": LONG}],
    "mail_tokens_token_hash_check": [{"token_hash": "a token"}],
    "login_failures_pkey": [{"subject": "ip:192.0.2.1"}],
    "login_failures_subject_check": [
        {"subject": text} for text in ("", "ip:", "192.0.2.1", "name:x", f"ip:{LONG}")
    ],
    "login_failures_failed_at_check": [{"failed_at": [NOW] * 201}, {"failed_at": [NOW, None]}],
    "login_failures_trusted_failed_at_check": [
        {"trusted_failed_at": [NOW] * 201},
        {"trusted_failed_at": [NOW, None]},
    ],
    "login_clients_pkey": [{"network": "192.0.2.1"}],
    "login_clients_user_id_fkey": [{"user_id": NOBODY}],
    "login_clients_network_length_check": [{"network": ""}, {"network": LONG}],
    "login_clients_device_length_check": [{"device": ""}, {"device": LONG}],
    "second_factors_pkey": [{"id": number(30)}],
    "second_factors_user_id_fkey": [{"user_id": NOBODY}],
    "second_factors_confirmed_key": [{"user_id": USER}],
    "second_factors_unconfirmed_key": [{"user_id": USER, **UNCONFIRMED}],
    "second_factors_confirmed_by_code_check": [
        {"last_step": None},
        {"confirmed_at": None, "recovery_hashes": []},
    ],
    "second_factors_last_step_check": [{"last_step": -1}],
    "second_factors_wrong_codes_check": [{"wrong_codes": -1}, {"wrong_codes": 101}],
    "second_factors_recovery_hashes_check": [
        {"recovery_hashes": hashes}
        for hashes in ([""], ["code"], ["0" * 64, None], ["0" * 64, ""], ["0" * 128], ["0" * 64] * 11)
    ],
    "second_factors_recovery_confirmed_check": [{**UNCONFIRMED, "recovery_hashes": ["0" * 64]}],
    "second_factor_challenges_pkey": [{"id": number(32)}],
    "second_factor_challenges_user_id_fkey": [{"user_id": NOBODY}],
    "second_factor_challenges_secret_hash_key": [{"secret_hash": "0" * 64}],
    "second_factor_challenges_purpose_check": [{"purpose": "login"}],
    "second_factor_challenges_secret_hash_check": [{"secret_hash": "secret"}],
    "second_factor_challenges_subject_length_check": [{"subject": ""}, {"subject": "x" * 1025}],
    "second_factor_challenges_tries_check": [{"tries": -1}, {"tries": 6}],
    "refresh_tokens_pkey": [{"id": number(20)}],
    "refresh_tokens_jti_key": [{"jti": number(21)}],
    "refresh_tokens_live_session_key": [{"session_id": number(22)}],
    "refresh_tokens_user_id_fkey": [{"user_id": NOBODY}],
    "refresh_tokens_rotated_is_revoked_check": [{"rotated_at": NOW}],
    "refresh_tokens_ip_length_check": [{"ip": LONG}],
    "refresh_tokens_user_agent_length_check": [{"user_agent": LONG}],
    "api_keys_pkey": [{"id": number(30)}],
    "api_keys_user_id_fkey": [{"user_id": NOBODY}],
    "api_keys_name_length_check": [{"name": ""}, {"name": "x" * 101}],
    "api_keys_scopes_check": [
        {"scopes": text} for text in ("", "accounts", "accounts:read,banks:read", "accounts:read ", "A:r")
    ],
    "api_keys_allowed_networks_length_check": [{"allowed_networks": "x" * 2001}],
    "api_keys_secret_hash_check": [{"secret_hash": text} for text in ("", "0" * 63, "G" * 64)],
    "api_keys_expires_at_check": [{"expires_at": NOW}],
    "api_keys_last_used_ip_length_check": [{"last_used_ip": LONG}],
    "banks_pkey": [{"id": BANK}],
    "banks_name_key": [{"name": "Demo Bank"}],
    "banks_code_key": [{"code": "DEMO_BANK"}],
    "banks_name_length_check": [{"name": "x"}, {"name": "x" * 101}],
    "banks_country_check": [{"country": "G"}, {"country": "gb"}, {"country": "GBRX"}],
    "banks_code_check": [{"code": "AB"}, {"code": "demo"}, {"code": "A-B"}, {"code": "A" * 33}],
    "banks_logo_url_check": [{"logo_url": "ftp://example.com"}],
    "banks_api_endpoint_check": [{"api_endpoint": "example.com"}],
    "banks_status_check": [{"status": "CLOSED"}],
    "banks_integration_module_check": [
        {"integration_module": "Monzo", "feeds_accounts": True},
        {"integration_module": "", "feeds_accounts": True},
    ],
    "banks_feeds_accounts_check": [{"integration_module": "monzo"}, {"feeds_accounts": True}],
    "banks_house_check": [{"code": "HOUSE", "integration_module": "monzo", "feeds_accounts": True}],
    "bank_branches_pkey": [{"id": BRANCH}],
    "bank_branches_iban_key": [{"iban": "GB9876543210"}],
    "bank_branches_swift_code_key": [{"swift_code": "TESTGB2LXXX"}],
    "bank_branches_bank_id_fkey": [{"bank_id": NOBODY}],
    "bank_branches_name_length_check": [{"name": "x"}],
    "bank_branches_country_check": [{"country": "1"}],
    "bank_branches_iban_check": [{"iban": "GB12"}, {"iban": "12GB1"}, {"iban": "GB12-1"}],
    "bank_branches_routing_number_check": [{"routing_number": "12345678"}],
    "bank_branches_swift_code_check": [{"swift_code": "DEMOUS33X"}],
    "bank_catalogue_pkey": [{"id": 1}],
    "bank_catalogue_one_row_check": [{"id": 2}],
    "user_bank_logins_pkey": [{"id": LOGIN}],
    "user_bank_logins_user_branch_username_key": [{"username": "alice123"}],
    "user_bank_logins_user_id_fkey": [{"user_id": NOBODY}],
    "user_bank_logins_bank_branch_id_fkey": [{"bank_branch_id": NOBODY}],
    "user_bank_logins_username_length_check": [{"username": "ab"}, {"username": "x" * 51}],
    "user_bank_logins_status_check": [{"status": "CONNECTED"}],
    "user_bank_logins_sync_frequency_check": [{"sync_frequency": 299}, {"sync_frequency": 86401}],
    "user_bank_logins_last_error_check": [{"last_error": Jsonb([])}],
    "user_bank_logins_warnings_check": [{"warnings": Jsonb({})}],
    "user_bank_logins_lease_check": [
        {"lease_token": NOBODY},
        {"lease_expires_at": NOW},
        {"lease_token": NOBODY, "lease_expires_at": NOW},
        {"lease_worker_id": NOBODY},
    ],
    "user_bank_logins_tokens_check": [{"refresh_token_encrypted": b"sealed"}, {"token_expires_at": NOW}],
    "user_bank_accounts_pkey": [{"id": ACCOUNT}],
    "user_bank_accounts_external_account_id_key": [{"external_account_id": "acc_1"}],
    "user_bank_accounts_user_id_fkey": [{"user_id": NOBODY}],
    "user_bank_accounts_user_bank_login_id_fkey": [{"user_bank_login_id": NOBODY}],
    "user_bank_accounts_fed_by_bank_fkey": [{"source": "provider"}],
    "user_bank_accounts_bank_id_fkey": [{"source": "files", "bank_id": NOBODY}],
    "user_bank_accounts_source_check": [{"source": "file"}],
    "user_bank_accounts_house_check": [{"source": "files", "bank_id": HOUSE_BANK_ID}],
    "user_bank_accounts_fed_by_login_check": [{"source": "provider", "user_bank_login_id": None}],
    "user_bank_accounts_account_type_check": [{"account_type": "CURRENT"}],
    "user_bank_accounts_account_name_length_check": [{"account_name": ""}, {"account_name": "x" * 101}],
    "user_bank_accounts_currency_check": [{"currency": "gbp"}, {"currency": "GB"}],
    "user_bank_accounts_balance_number_check": [{"balance": NAN}],
    "user_bank_accounts_balance_floor_check": [
        {"balance": "-0.0001"},
        {"balance": -6, "credit_limit": 5, "account_type": "CREDIT"},
    ],
    "user_bank_accounts_day_spent_check": [{"day_spent": -1}, {"day_spent": NAN}],
    "user_bank_accounts_credit_limit_check": [{"credit_limit": -1}],
    "user_bank_accounts_credit_only_check": [{"credit_limit": 1}],
    "user_bank_accounts_status_check": [{"status": "DELETED"}],
    "user_bank_accounts_number_hash_check": [{"number_hash": ""}, {"number_hash": LONG}],
    "user_bank_accounts_missing_check": [{"missing_since": NOW}],
    "user_bank_accounts_last_four_check": [
        {"last_four": "123"},
        {"last_four": "12345"},
        {"last_four": "12a4"},
    ],
    "user_bank_accounts_external_account_id_check": [
        {"external_account_id": ""},
        {"external_account_id": "x" * 257},
    ],
    "user_bank_accounts_completeness_check": [{"completeness": Jsonb({})}],
    "user_bank_accounts_line_count_check": [{"line_count": -1, "balance": 0}],
    "user_bank_accounts_no_lines_no_balance_check": [{"line_count": 0}],
    "user_payments_pkey": [{"id": PAYMENT}],
    "user_payments_user_id_fkey": [{"user_id": NOBODY}],
    "user_payments_user_bank_account_id_fkey": [{"user_bank_account_id": NOBODY}],
    "user_payments_counterparty_account_id_fkey": [
        {"payment_type": "TRANSFER", "counterparty_account_id": NOBODY}
    ],
    "user_payments_journal_entry_id_fkey": [
        {"status": "COMPLETED", "posted_at": NOW, "journal_entry_id": NOBODY}
    ],
    "user_payments_amount_check": [{"amount": 0}, {"amount": -1}, {"amount": NAN}],
    "user_payments_currency_check": [{"currency": "POUND"}],
    "user_payments_direction_check": [{"direction": "IN"}],
    "user_payments_payment_type_check": [{"payment_type": "GIFT"}],
    "user_payments_description_length_check": [{"description": ""}, {"description": LONG}],
    "user_payments_status_check": [{"status": "DONE"}],
    "user_payments_completed_is_posted_check": [
        {"status": "COMPLETED", "journal_entry_id": ENTRY},
        {"posted_at": NOW},
    ],
    "user_payments_completed_has_entry_check": [
        {"status": "COMPLETED", "posted_at": NOW},
        {"journal_entry_id": ENTRY},
    ],
    "user_payments_reversal_entry_id_fkey": [
        {
            "status": "COMPLETED",
            "posted_at": NOW,
            "journal_entry_id": ENTRY,
            "reversed_at": NOW,
            "reversal_entry_id": NOBODY,
        }
    ],
    "user_payments_reversed_has_entry_check": [
        {"status": "COMPLETED", "posted_at": NOW, "journal_entry_id": ENTRY, "reversed_at": NOW},
        {
            "status": "COMPLETED",
            "posted_at": NOW,
            "journal_entry_id": ENTRY,
            "reversal_entry_id": OTHER_ENTRY,
        },
    ],
    "user_payments_reversed_was_completed_check": [{"reversed_at": NOW, "reversal_entry_id": ENTRY}],
    "user_payments_failed_has_reason_check": [{"status": "FAILED"}, {"failure_reason": "timeout"}],
    "user_payments_failure_reason_check": [{"status": "FAILED", "failure_reason": "It broke."}],
    "user_payments_counterparty_check": [
        {"counterparty_account_id": OTHER_ACCOUNT},
        {"payment_type": "TRANSFER", "direction": "CREDIT", "counterparty_account_id": OTHER_ACCOUNT},
        {"payment_type": "TRANSFER", "counterparty_account_id": ACCOUNT},
    ],
    "payees_pkey": [{"id": number(33)}],
    "payees_user_id_fkey": [{"user_id": NOBODY}],
    "payees_counterparty_account_id_fkey": [{"counterparty_account_id": NOBODY}],
    "payees_user_account_key": [{"user_id": USER}],
    "payees_name_length_check": [{"name": ""}, {"name": "x" * 101}],
    "step_up_confirmations_pkey": [{"id": number(34)}],
    "step_up_confirmations_user_id_fkey": [{"user_id": NOBODY}],
    "step_up_confirmations_subject_length_check": [{"subject": ""}, {"subject": "x" * 1025}],
    "journal_entries_pkey": [{"id": ENTRY}],
    "journal_entries_payment_id_key": [{"payment_id": PAYMENT}],
    "journal_entries_reverses_entry_id_key": [{"kind": "REVERSAL", "reverses_entry_id": ENTRY}],
    "journal_entries_payment_id_fkey": [{"payment_id": NOBODY}],
    "journal_entries_reverses_entry_id_fkey": [{"kind": "REVERSAL", "reverses_entry_id": NOBODY}],
    "journal_entries_kind_check": [{"kind": "GIFT"}],
    "journal_entries_currency_check": [{"currency": "£"}],
    "journal_entries_description_length_check": [{"description": ""}],
    "journal_entries_payment_kind_check": [{"kind": "OPENING", "payment_id": NOBODY}],
    "journal_entries_reversal_check": [{"kind": "REVERSAL"}, {"reverses_entry_id": OTHER_ENTRY}],
    "journal_entries_not_itself_check": [{"id": NOBODY, "kind": "REVERSAL", "reverses_entry_id": NOBODY}],
    "transactions_pkey": [{"id": LINE}],
    "transactions_account_id_line_number_key": [{"line_number": 1}],
    "transactions_journal_entry_id_account_id_key": [{"journal_entry_id": ENTRY}],
    "transactions_external_key": [{"external_transaction_id": "tx_1"}],
    "transactions_account_id_fkey": [{"account_id": NOBODY}],
    "transactions_user_id_fkey": [{"user_id": NOBODY}],
    "transactions_journal_entry_id_fkey": [{"journal_entry_id": NOBODY}],
    "transactions_payment_id_fkey": [{"payment_id": NOBODY}],
    "transactions_entry_position_check": [{"entry_position": -1}],
    "transactions_line_number_check": [{"line_number": 0}],
    "transactions_kind_check": [{"kind": "GIFT"}],
    "transactions_direction_check": [{"direction": "UP"}],
    "transactions_amount_check": [{"amount": 0}, {"amount": -1}, {"amount": NAN}],
    "transactions_currency_check": [{"currency": ""}],
    "transactions_balance_after_check": [{"balance_after": NAN}],
    "transactions_day_spent_check": [{"day_spent": -1}, {"day_spent": NAN}],
    "transactions_first_line_check": [
        {"account_id": OTHER_ACCOUNT, "line_number": 1, "balance_after": 11},
        {"account_id": OTHER_ACCOUNT, "line_number": 1, "direction": "DEBIT"},
    ],
    "transactions_description_length_check": [{"description": LONG}],
    "transactions_external_id_length_check": [{"external_transaction_id": ""}],
    "clearing_lines_pkey": [{"id": number(23)}],
    "clearing_lines_journal_entry_id_bank_id_key": [{"journal_entry_id": ENTRY}],
    "clearing_lines_journal_entry_id_fkey": [{"journal_entry_id": NOBODY}],
    "clearing_lines_bank_id_fkey": [{"bank_id": NOBODY}],
    "clearing_lines_entry_position_check": [{"entry_position": -1}],
    "clearing_lines_direction_check": [{"direction": "UP"}],
    "clearing_lines_amount_check": [{"amount": 0}, {"amount": NAN}],
    "clearing_lines_currency_check": [{"currency": "gbp"}],
    "bank_transaction_imports_pkey": [{"external_transaction_id": "tx_1"}],
    "bank_transaction_imports_transaction_id_key": [{"transaction_id": LINE}],
    "bank_transaction_imports_account_id_fkey": [{"account_id": NOBODY}],
    "bank_transaction_imports_transaction_id_fkey": [{"transaction_id": NOBODY}],
    "bank_transaction_imports_external_id_length_check": [{"external_transaction_id": ""}],
    "bank_transaction_imports_ended_check": [
        {"ended": "forgotten", "transaction_id": None, "pending": False},
        {"ended": "vanished", "transaction_id": LINE},
    ],
    "bank_transaction_imports_pending_check": [{"pending": True}],
    "bank_transaction_names_pkey": [{"name": "ofx:1"}],
    "bank_transaction_names_import_fkey": [{"external_transaction_id": "tx_9"}, {"account_id": NOBODY}],
    "bank_transaction_names_name_length_check": [{"name": ""}, {"name": "n" * 256}],
    "bank_transaction_names_another_check": [{"name": "tx_1"}],
    "kept_pages_pkey": [{"id": number(72)}],
    "kept_pages_account_id_fkey": [{"account_id": NOBODY}],
    "kept_pages_user_bank_login_id_fkey": [{"user_bank_login_id": NOBODY}],
    "kept_pages_account_number_key": [{"number": 0}],
    "kept_pages_number_check": [{"number": -1}],
    "kept_pages_page_check": [{"page": Jsonb([])}],
    "statement_imports_pkey": [{"id": number(71)}],
    "statement_imports_account_id_fkey": [{"account_id": NOBODY}],
    "statement_imports_user_id_fkey": [{"user_id": NOBODY}],
    "statement_imports_state_check": [{"state": "LOST"}],
    "statement_imports_format_check": [{"format": "pdf"}],
    "statement_imports_summary_check": [{"summary": Jsonb([])}],
    "statement_imports_confirmed_check": [
        {"state": "CONFIRMED"},
        {"confirmed_at": NOW},
        {"state": "CONFIRMED", "confirmed_at": NOW, "movements": b"some"},
    ],
    "jobs_pkey": [{"id": number(24)}],
    "jobs_unfinished_payment_key": [{"unique_key": "payment.process:1"}],
    "jobs_once_key": [{"kind": "bank.sync", "unique_key": "bank.sync:1"}],
    "jobs_kind_check": [{"kind": "mine.bitcoin"}],
    "jobs_queue_check": [{"queue": "other"}],
    "jobs_args_check": [{"args": Jsonb([])}],
    "jobs_priority_check": [{"priority": -1}, {"priority": 10}],
    "jobs_state_check": [{"state": "lost"}],
    "jobs_attempt_check": [{"attempt": -1}],
    "jobs_max_attempts_check": [{"max_attempts": 0}],
    "jobs_losses_check": [{"losses": -1}],
    "jobs_errors_check": [{"errors": Jsonb({})}],
    "jobs_unique_key_length_check": [{"unique_key": ""}, {"unique_key": LONG}],
    "jobs_payment_is_unique_check": [{"unique_key": None}],
    "jobs_correlation_id_length_check": [{"correlation_id": LONG}],
    "jobs_lease_check": [
        {"state": "executing"},
        {"state": "scheduled", "lease_token": NOBODY, "lease_owner_id": NOBODY, "lease_expires_at": NOW},
        {"lease_token": NOBODY, "lease_expires_at": NOW},
        {"lease_token": NOBODY, "lease_owner_id": NOBODY},
        {"lease_owner_id": NOBODY, "lease_expires_at": NOW},
    ],
    "jobs_finished_check": [{"state": "completed"}, {"completed_at": NOW}],
    "job_workers_pkey": [{"id": number(26)}],
    "approvals_pkey": [{"id": number(30)}],
    "approvals_pending_key": [{"subject": str(USER)}],
    "approvals_requested_by_fkey": [{"requested_by": NOBODY}],
    "approvals_decided_by_fkey": [{"decided_by": NOBODY}],
    "approvals_act_check": [{"act": "update"}, {"act": "User.Update"}, {"act": ""}],
    "approvals_subject_length_check": [{"subject": ""}, {"subject": "x" * 301}],
    "approvals_arguments_check": [{"arguments": Jsonb([])}],
    "approvals_basis_check": [{"basis": Jsonb("text")}],
    "approvals_changes_check": [{"changes": Jsonb([])}],
    "approvals_reason_length_check": [{"reason": ""}, {"reason": LONG}],
    "approvals_decision_reason_length_check": [{"decision_reason": ""}, {"decision_reason": LONG}],
    "approvals_status_check": [{"status": "DONE", "decided_at": NOW}],
    "approvals_decided_check": [{"decided_at": NOW}, {"status": "WITHDRAWN"}],
    "approvals_two_people_check": [
        {"status": "APPROVED", "decided_at": NOW, "decided_by": USER},
        {"status": "APPROVED", "decided_at": NOW},
        {"status": "REJECTED", "decided_at": NOW, "decided_by": USER},
    ],
    "idempotency_records_pkey": [{"key": "a key"}],
    "idempotency_records_user_id_fkey": [{"user_id": NOBODY}],
    "idempotency_records_key_check": [{"key": ""}, {"key": LONG}, {"key": "ключ"}, {"key": "a\tb"}],
    "idempotency_records_fingerprint_check": [{"fingerprint": "abc"}, {"fingerprint": f"{'0' * 64}:abc"}],
    "idempotency_records_response_status_check": [{"response_status": 400}, {"response_status": 500}],
    "idempotency_records_response_headers_check": [{"response_headers": Jsonb([])}],
    "idempotency_records_response_whole_check": [{"response_body": None}, {"response_status": None}],
    "audit_events_pkey": [{"id": number(26)}],
    "audit_events_event_check": [{"event": "login"}, {"event": ""}],
    "audit_events_severity_check": [{"severity": "fatal"}],
    "audit_events_outcome_check": [{"outcome": "maybe"}],
    "audit_events_actor_role_check": [{"actor_role": "root"}],
    "audit_events_user_agent_length_check": [{"user_agent": LONG}],
    "audit_events_path_length_check": [{"path": "/" * 513}],
    "audit_events_method_length_check": [{"method": "M" * 33}],
    "audit_events_status_check": [{"status": 99}],
    "audit_events_occurrences_check": [{"occurrences": 0}],
    "audit_events_repeat_whole_check": [{"repeat_key": None}, {"repeat_minute": None}],
    "audit_events_repeat_key": [{"event": "auth.login_succeeded", "repeat_key": "a key"}],
    "audit_events_metadata_check": [{"metadata": Jsonb("text")}],
    "audit_exports_pkey": [{}],
    "audit_exports_trail_check": [{"trail": "journal_entries"}],
    "audit_exports_position_whole_check": [{"occurred_at": NOW}, {"event_id": NOBODY}],
    "oauth_states_pkey": [{"id": number(27)}],
    "oauth_states_state_hash_key": [{"state_hash": "0" * 64}],
    "oauth_states_user_id_fkey": [{"user_id": NOBODY}],
    "oauth_states_user_bank_login_id_fkey": [{"user_bank_login_id": NOBODY}],
    "oauth_states_state_hash_check": [{"state_hash": "state"}],
    "oauth_states_return_url_length_check": [{"return_url": ""}, {"return_url": "x" * 2049}],
    "oauth_states_confirmation_hash_check": [{**KEPT, "confirmation_hash": "K7M3XW"}],
    "oauth_states_confirmation_tries_check": [{**KEPT, "confirmation_tries": tries} for tries in (-1, 5)],
    "oauth_states_kept_whole_check": [
        {"consumed_at": NOW, "code_encrypted": b"sealed"},
        {"consumed_at": NOW, "confirmation_hash": "0" * 64},
        {"consumed_at": NOW, "confirmation_tries": 1},
    ],
    "oauth_states_kept_consumed_check": [{**KEPT, "consumed_at": None}],
    "webhook_events_pkey": [{"id": number(28)}],
    "webhook_events_provider_event_id_key": [{"event_id": "evt_1"}],
    "webhook_events_provider_check": [{"provider": "Monzo Bank"}],
    "webhook_events_event_id_length_check": [{"event_id": ""}],
    "webhook_events_event_type_length_check": [{"event_type": LONG}],
    "development_mails_pkey": [{"message_id": "a-job"}],
    "development_mails_number_key": [{"number": 1}],
    "development_mails_message_id_length_check": [{"message_id": ""}, {"message_id": LONG}],
}
CONSTRAINTS = """
    SELECT conname, conrelid::regclass::text FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace AND contype IN ('c', 'f', 'p', 'u')
    UNION
    SELECT indexrelid::regclass::text, indrelid::regclass::text FROM pg_index
    WHERE indisunique AND indrelid IN (
        SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
    )
"""


def tables_by_constraint(connection: psycopg.Connection) -> dict[str, str]:
    rows = connection.execute(CONSTRAINTS).fetchall()
    return {name: table for name, table in rows if table != "alembic_version"}


# There is one catalogue, and one audit trail, and the world has them.
@pytest.mark.parametrize("table", [table for table in TABLES if table not in ONE_ROW])
def test_a_valid_row_is_taken(world: psycopg.Connection, table: str) -> None:
    insert(world, table, second_row(table))


def test_no_constraint_goes_untested(schema: psycopg.Connection) -> None:
    assert set(REFUSED) | NEVER_THE_FIRST == set(tables_by_constraint(schema))


@pytest.mark.parametrize("constraint", REFUSED)
def test_every_constraint_refuses_what_it_is_there_for(world: psycopg.Connection, constraint: str) -> None:
    table = tables_by_constraint(world)[constraint]

    for changes in REFUSED[constraint]:
        with pytest.raises(psycopg.IntegrityError) as refusal:
            insert(world, table, second_row(table) | changes)

        assert refusal.value.diag.constraint_name == constraint


def test_only_constraints_that_exist_are_translated(schema: psycopg.Connection) -> None:
    names = set(tables_by_constraint(schema))

    assert set(CONSTRAINT_REASONS) <= names
    assert names >= CONFLICT_CONSTRAINTS
    assert not CONFLICT_CONSTRAINTS & set(CONSTRAINT_REASONS)
