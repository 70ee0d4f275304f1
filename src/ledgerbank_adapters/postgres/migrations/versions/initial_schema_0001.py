"""The whole schema. Written out in SQL, so that it stays what it was whatever the code becomes.

Needs PostgreSQL 15 and no extension. Every constraint has a name of its own, because a violation is told by
that name. Enumerations are text with a CHECK: a value can be added without rewriting a type. Money is
numeric(17,4): 13 integer and 4 fraction digits.
"""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

IDENTITY = (
    """
    CREATE TABLE users (
        id uuid NOT NULL CONSTRAINT users_pkey PRIMARY KEY,
        email text COLLATE "C" NOT NULL,
        -- What emails are compared by: folded by the program, as no server folds like another.
        email_identity text COLLATE "C" NOT NULL CONSTRAINT users_email_identity_key UNIQUE,
        full_name text COLLATE "C" NOT NULL,
        password_hash text NOT NULL,
        -- What comes before salt and digest: each login asks which of these there are.
        password_parameters text COLLATE "C" NOT NULL,
        role text COLLATE "C" NOT NULL,
        status text COLLATE "C" NOT NULL,
        verified boolean NOT NULL,
        password_check text COLLATE "C" NOT NULL,
        sessions_valid_from timestamptz,
        deleted_at timestamptz,
        erased_at timestamptz,
        inserted_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        CONSTRAINT users_email_length_check CHECK (length(email) <= 255),
        CONSTRAINT users_email_shape_check CHECK (email ~ '^[^\\s@]+@[^\\s@]*\\.[^\\s@]*$'),
        CONSTRAINT users_email_identity_length_check CHECK (length(email_identity) <= 255),
        CONSTRAINT users_email_identity_shape_check CHECK (email_identity ~ '^[^\\s@]+@[^\\s@]*\\.[^\\s@]*$'),
        CONSTRAINT users_full_name_length_check CHECK (length(full_name) BETWEEN 1 AND 255),
        CONSTRAINT users_password_hash_length_check CHECK (length(password_hash) BETWEEN 1 AND 1024),
        CONSTRAINT users_password_parameters_check CHECK (starts_with(password_hash, password_parameters)),
        CONSTRAINT users_role_check CHECK (role IN ('user', 'admin', 'support')),
        CONSTRAINT users_status_check CHECK (status IN ('ACTIVE', 'SUSPENDED', 'DELETED')),
        CONSTRAINT users_password_check_check CHECK (password_check IN ('SETTLED', 'AT_LOGIN', 'TOO_SHORT')),
        CONSTRAINT users_deleted_at_check CHECK ((status = 'DELETED') = (deleted_at IS NOT NULL)),
        CONSTRAINT users_erased_at_check CHECK (erased_at IS NULL OR status = 'DELETED')
    )
    """,
    "CREATE INDEX users_inserted_at_idx ON users (inserted_at, id)",
    "CREATE INDEX users_password_parameters_idx ON users (password_parameters)",
    """
    CREATE INDEX users_to_erase_idx ON users (deleted_at)
        WHERE deleted_at IS NOT NULL AND erased_at IS NULL
    """,
    "CREATE INDEX users_administrators_idx ON users (id) WHERE role = 'admin' AND status = 'ACTIVE'",
    """
    CREATE TABLE refresh_tokens (
        id uuid NOT NULL CONSTRAINT refresh_tokens_pkey PRIMARY KEY,
        user_id uuid NOT NULL
            CONSTRAINT refresh_tokens_user_id_fkey REFERENCES users (id) ON DELETE RESTRICT,
        jti uuid NOT NULL CONSTRAINT refresh_tokens_jti_key UNIQUE,
        session_id uuid NOT NULL,
        session_started_at timestamptz NOT NULL,
        predecessor_id uuid,
        expires_at timestamptz NOT NULL,
        revoked_at timestamptz,
        rotated_at timestamptz,
        ip text,
        user_agent text,
        last_used_at timestamptz NOT NULL,
        inserted_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        CONSTRAINT refresh_tokens_rotated_is_revoked_check
            CHECK (rotated_at IS NULL OR revoked_at IS NOT NULL),
        CONSTRAINT refresh_tokens_ip_length_check CHECK (length(ip) <= 255),
        CONSTRAINT refresh_tokens_user_agent_length_check CHECK (length(user_agent) <= 255)
    )
    """,
    """
    CREATE UNIQUE INDEX refresh_tokens_live_session_key ON refresh_tokens (session_id)
        WHERE revoked_at IS NULL
    """,
    "CREATE INDEX refresh_tokens_live_user_idx ON refresh_tokens (user_id) WHERE revoked_at IS NULL",
    "CREATE INDEX refresh_tokens_user_idx ON refresh_tokens (user_id, id)",
    "CREATE INDEX refresh_tokens_expires_at_idx ON refresh_tokens (expires_at)",
    """
    CREATE TABLE api_keys (
        id uuid NOT NULL CONSTRAINT api_keys_pkey PRIMARY KEY,
        user_id uuid NOT NULL
            CONSTRAINT api_keys_user_id_fkey REFERENCES users (id) ON DELETE RESTRICT,
        name text NOT NULL,
        scopes text NOT NULL,
        allowed_networks text NOT NULL,
        secret_hash text NOT NULL,
        expires_at timestamptz NOT NULL,
        last_used_at timestamptz,
        last_used_ip text,
        revoked_at timestamptz,
        inserted_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        CONSTRAINT api_keys_name_length_check CHECK (length(name) BETWEEN 1 AND 100),
        CONSTRAINT api_keys_scopes_check CHECK (scopes ~ '^[a-z]+:[a-z]+( [a-z]+:[a-z]+)*$'),
        CONSTRAINT api_keys_allowed_networks_length_check CHECK (length(allowed_networks) <= 2000),
        CONSTRAINT api_keys_secret_hash_check CHECK (secret_hash ~ '^[0-9a-f]{64}$'),
        CONSTRAINT api_keys_expires_at_check CHECK (expires_at > inserted_at),
        CONSTRAINT api_keys_last_used_ip_length_check CHECK (length(last_used_ip) <= 255)
    )
    """,
    "CREATE INDEX api_keys_unrevoked_user_idx ON api_keys (user_id) WHERE revoked_at IS NULL",
    "CREATE INDEX api_keys_expires_at_idx ON api_keys (expires_at)",
    """
    CREATE TABLE mail_tokens (
        id uuid NOT NULL CONSTRAINT mail_tokens_pkey PRIMARY KEY,
        user_id uuid NOT NULL
            CONSTRAINT mail_tokens_user_id_fkey REFERENCES users (id) ON DELETE RESTRICT,
        purpose text NOT NULL,
        email text NOT NULL,
        token_hash text NOT NULL CONSTRAINT mail_tokens_token_hash_key UNIQUE,
        -- The token itself, encrypted, until its mail was sent.
        sealed bytea,
        expires_at timestamptz NOT NULL,
        inserted_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        CONSTRAINT mail_tokens_user_id_purpose_key UNIQUE (user_id, purpose),
        CONSTRAINT mail_tokens_purpose_check CHECK (purpose IN ('EMAIL_CONFIRMATION', 'PASSWORD_RESET')),
        CONSTRAINT mail_tokens_email_length_check CHECK (length(email) <= 255),
        CONSTRAINT mail_tokens_token_hash_check CHECK (token_hash ~ '^[0-9a-f]{64}$')
    )
    """,
    "CREATE INDEX mail_tokens_expires_at_idx ON mail_tokens (expires_at)",
    "CREATE INDEX mail_tokens_sealed_idx ON mail_tokens (id) WHERE sealed IS NOT NULL",
    """
    CREATE TABLE login_failures (
        subject text NOT NULL CONSTRAINT login_failures_pkey PRIMARY KEY,
        failed_at timestamptz[] NOT NULL,
        trusted_failed_at timestamptz[] NOT NULL,
        refused_at timestamptz,
        suspected_at timestamptz,
        warned_at timestamptz,
        inserted_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        CONSTRAINT login_failures_subject_check CHECK (subject ~ '^(email_hash|ip):.{1,255}$'),
        CONSTRAINT login_failures_failed_at_check
            CHECK (cardinality(failed_at) <= 200 AND array_position(failed_at, NULL) IS NULL),
        CONSTRAINT login_failures_trusted_failed_at_check CHECK (
            cardinality(trusted_failed_at) <= 200 AND array_position(trusted_failed_at, NULL) IS NULL
        )
    )
    """,
    "CREATE INDEX login_failures_updated_at_idx ON login_failures (updated_at)",
    """
    CREATE TABLE login_clients (
        user_id uuid NOT NULL
            CONSTRAINT login_clients_user_id_fkey REFERENCES users (id) ON DELETE RESTRICT,
        network text NOT NULL,
        device text NOT NULL,
        inserted_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        CONSTRAINT login_clients_pkey PRIMARY KEY (user_id, network, device),
        CONSTRAINT login_clients_network_length_check CHECK (length(network) BETWEEN 1 AND 255),
        CONSTRAINT login_clients_device_length_check CHECK (length(device) BETWEEN 1 AND 255)
    )
    """,
    "CREATE INDEX login_clients_updated_at_idx ON login_clients (updated_at)",
    """
    CREATE TABLE second_factors (
        id uuid NOT NULL CONSTRAINT second_factors_pkey PRIMARY KEY,
        user_id uuid NOT NULL
            CONSTRAINT second_factors_user_id_fkey REFERENCES users (id) ON DELETE RESTRICT,
        secret_encrypted bytea NOT NULL,
        confirmed_at timestamptz,
        -- The latest time step whose code was used.
        last_step bigint,
        wrong_codes integer NOT NULL,
        recovery_hashes text[] NOT NULL,
        inserted_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        CONSTRAINT second_factors_confirmed_by_code_check
            CHECK ((confirmed_at IS NULL) = (last_step IS NULL)),
        CONSTRAINT second_factors_last_step_check CHECK (last_step >= 0),
        CONSTRAINT second_factors_wrong_codes_check CHECK (wrong_codes BETWEEN 0 AND 100),
        CONSTRAINT second_factors_recovery_hashes_check CHECK (
            recovery_hashes = '{}'
            OR array_to_string(recovery_hashes, ' ', '') || ' ' ~ '^([0-9a-f]{64} ){1,10}$'
        ),
        CONSTRAINT second_factors_recovery_confirmed_check
            CHECK (confirmed_at IS NOT NULL OR cardinality(recovery_hashes) = 0)
    )
    """,
    """
    CREATE UNIQUE INDEX second_factors_confirmed_key ON second_factors (user_id)
        WHERE confirmed_at IS NOT NULL
    """,
    """
    CREATE UNIQUE INDEX second_factors_unconfirmed_key ON second_factors (user_id)
        WHERE confirmed_at IS NULL
    """,
    """
    CREATE INDEX second_factors_unconfirmed_age_idx ON second_factors (inserted_at)
        WHERE confirmed_at IS NULL
    """,
    """
    CREATE TABLE second_factor_challenges (
        id uuid NOT NULL CONSTRAINT second_factor_challenges_pkey PRIMARY KEY,
        user_id uuid NOT NULL
            CONSTRAINT second_factor_challenges_user_id_fkey REFERENCES users (id) ON DELETE RESTRICT,
        purpose text NOT NULL,
        secret_hash text NOT NULL CONSTRAINT second_factor_challenges_secret_hash_key UNIQUE,
        -- What a right code is good for, as its purpose writes it down.
        subject text,
        tries integer NOT NULL,
        expires_at timestamptz NOT NULL,
        used_at timestamptz,
        inserted_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        CONSTRAINT second_factor_challenges_purpose_check CHECK (purpose IN ('LOGIN', 'STEP_UP')),
        CONSTRAINT second_factor_challenges_secret_hash_check CHECK (secret_hash ~ '^[0-9a-f]{64}$'),
        CONSTRAINT second_factor_challenges_subject_length_check
            CHECK (length(subject) BETWEEN 1 AND 1024),
        CONSTRAINT second_factor_challenges_tries_check CHECK (tries BETWEEN 0 AND 5)
    )
    """,
    "CREATE INDEX second_factor_challenges_expires_at_idx ON second_factor_challenges (expires_at)",
)

BANKING = (
    """
    CREATE TABLE banks (
        id uuid NOT NULL CONSTRAINT banks_pkey PRIMARY KEY,
        name text COLLATE "C" NOT NULL CONSTRAINT banks_name_key UNIQUE,
        country text COLLATE "C" NOT NULL,
        code text COLLATE "C" NOT NULL CONSTRAINT banks_code_key UNIQUE,
        logo_url text,
        api_endpoint text,
        status text NOT NULL,
        integration_module text,
        feeds_accounts boolean NOT NULL,
        inserted_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        CONSTRAINT banks_name_length_check CHECK (length(name) BETWEEN 2 AND 100),
        CONSTRAINT banks_country_check CHECK (country ~ '^[A-Z]{2,3}$'),
        CONSTRAINT banks_code_check CHECK (code ~ '^[A-Z0-9_]{3,32}$'),
        CONSTRAINT banks_logo_url_check CHECK (logo_url ~* '^https?://.'),
        CONSTRAINT banks_api_endpoint_check CHECK (api_endpoint ~* '^https?://.'),
        CONSTRAINT banks_status_check CHECK (status IN ('ACTIVE', 'INACTIVE')),
        CONSTRAINT banks_integration_module_check CHECK (integration_module ~ '^[a-z][a-z0-9_]{0,63}$'),
        CONSTRAINT banks_feeds_accounts_check CHECK (feeds_accounts = (integration_module IS NOT NULL)),
        CONSTRAINT banks_house_check CHECK (code <> 'HOUSE' OR NOT feeds_accounts),
        CONSTRAINT banks_id_feeds_accounts_key UNIQUE (id, feeds_accounts)
    )
    """,
    """
    CREATE TABLE bank_branches (
        id uuid NOT NULL CONSTRAINT bank_branches_pkey PRIMARY KEY,
        bank_id uuid NOT NULL
            CONSTRAINT bank_branches_bank_id_fkey REFERENCES banks (id) ON DELETE RESTRICT,
        name text COLLATE "C" NOT NULL,
        country text COLLATE "C" NOT NULL,
        iban text CONSTRAINT bank_branches_iban_key UNIQUE,
        routing_number text,
        swift_code text CONSTRAINT bank_branches_swift_code_key UNIQUE,
        inserted_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        CONSTRAINT bank_branches_name_length_check CHECK (length(name) BETWEEN 2 AND 100),
        CONSTRAINT bank_branches_country_check CHECK (country ~ '^[A-Z]{2,3}$'),
        CONSTRAINT bank_branches_iban_check CHECK (iban ~ '^[A-Za-z]{2}[0-9]{2}[A-Za-z0-9]{1,30}$'),
        CONSTRAINT bank_branches_routing_number_check CHECK (routing_number ~ '^[0-9]{9}$'),
        CONSTRAINT bank_branches_swift_code_check
            CHECK (swift_code ~ '^[A-Za-z0-9]{8}([A-Za-z0-9]{3})?$')
    )
    """,
    "CREATE INDEX bank_branches_bank_id_idx ON bank_branches (bank_id, name, id)",
    # Where accounts are opened that no other bank holds; its name is set by HOUSE_BANK_NAME.
    """
    INSERT INTO banks (id, name, country, code, status, feeds_accounts, inserted_at, updated_at)
    VALUES ('4c656467-6572-8261-8e6b-20484f555345', 'LedgerBank', 'GB', 'HOUSE', 'ACTIVE', false,
            now(), now())
    """,
    """
    CREATE TABLE bank_catalogue (
        id smallint NOT NULL CONSTRAINT bank_catalogue_pkey PRIMARY KEY,
        version bigint NOT NULL,
        CONSTRAINT bank_catalogue_one_row_check CHECK (id = 1)
    )
    """,
    """
    CREATE TABLE user_bank_logins (
        id uuid NOT NULL CONSTRAINT user_bank_logins_pkey PRIMARY KEY,
        user_id uuid NOT NULL
            CONSTRAINT user_bank_logins_user_id_fkey REFERENCES users (id) ON DELETE RESTRICT,
        bank_branch_id uuid NOT NULL
            CONSTRAINT user_bank_logins_bank_branch_id_fkey
            REFERENCES bank_branches (id) ON DELETE RESTRICT,
        username text NOT NULL,
        status text NOT NULL,
        sync_frequency integer NOT NULL,
        last_sync_at timestamptz,
        last_attempt_at timestamptz,
        connected_at timestamptz,
        put_off_until timestamptz,
        ending_since timestamptz,
        token_expires_at timestamptz,
        scope text NOT NULL,
        provider_user_id text,
        last_error jsonb,
        warnings jsonb NOT NULL,
        access_token_encrypted bytea,
        refresh_token_encrypted bytea,
        lease_token uuid,
        lease_worker_id uuid,
        lease_expires_at timestamptz,
        inserted_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        CONSTRAINT user_bank_logins_user_branch_username_key UNIQUE (user_id, bank_branch_id, username),
        CONSTRAINT user_bank_logins_username_length_check CHECK (length(username) BETWEEN 3 AND 50),
        CONSTRAINT user_bank_logins_status_check CHECK (status IN ('ACTIVE', 'INACTIVE', 'ERROR')),
        CONSTRAINT user_bank_logins_sync_frequency_check CHECK (sync_frequency BETWEEN 300 AND 86400),
        CONSTRAINT user_bank_logins_last_error_check CHECK (jsonb_typeof(last_error) = 'object'),
        CONSTRAINT user_bank_logins_warnings_check CHECK (jsonb_typeof(warnings) = 'array'),
        CONSTRAINT user_bank_logins_lease_check CHECK (
            (lease_token IS NULL) = (lease_expires_at IS NULL)
            AND (lease_token IS NULL) = (lease_worker_id IS NULL)
        ),
        CONSTRAINT user_bank_logins_tokens_check CHECK (
            access_token_encrypted IS NOT NULL
            OR (refresh_token_encrypted IS NULL AND token_expires_at IS NULL)
        )
    )
    """,
    "CREATE INDEX user_bank_logins_user_id_idx ON user_bank_logins (user_id, inserted_at, id)",
    """
    CREATE INDEX user_bank_logins_connected_idx ON user_bank_logins (id)
        WHERE access_token_encrypted IS NOT NULL
    """,
    """
    CREATE TABLE user_bank_accounts (
        id uuid NOT NULL CONSTRAINT user_bank_accounts_pkey PRIMARY KEY,
        user_id uuid NOT NULL
            CONSTRAINT user_bank_accounts_user_id_fkey REFERENCES users (id) ON DELETE RESTRICT,
        user_bank_login_id uuid
            CONSTRAINT user_bank_accounts_user_bank_login_id_fkey
            REFERENCES user_bank_logins (id) ON DELETE RESTRICT,
        bank_id uuid NOT NULL
            CONSTRAINT user_bank_accounts_bank_id_fkey REFERENCES banks (id) ON DELETE RESTRICT,
        source text NOT NULL,
        told_by_bank boolean
            GENERATED ALWAYS AS (CASE source WHEN 'provider' THEN true WHEN 'none' THEN false END) STORED,
        account_type text NOT NULL,
        account_name text NOT NULL,
        currency text NOT NULL,
        balance numeric(17,4) NOT NULL,
        credit_limit numeric(17,4) NOT NULL,
        day_spent numeric(17,4) NOT NULL,
        status text NOT NULL,
        last_four text,
        external_account_id text,
        number_hash text,
        missing_since timestamptz,
        last_sync_at timestamptz,
        line_count integer NOT NULL,
        last_posted_at timestamptz,
        last_booked_at timestamptz,
        completeness jsonb NOT NULL
            CONSTRAINT user_bank_accounts_completeness_check CHECK (jsonb_typeof(completeness) = 'array'),
        inserted_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        CONSTRAINT user_bank_accounts_account_type_check
            CHECK (account_type IN ('CHECKING', 'SAVINGS', 'CREDIT', 'INVESTMENT')),
        CONSTRAINT user_bank_accounts_account_name_length_check
            CHECK (length(account_name) BETWEEN 1 AND 100),
        CONSTRAINT user_bank_accounts_currency_check CHECK (currency ~ '^[A-Z]{3}$'),
        -- NaN is a numeric too and compares above every number: the floor alone would let it in.
        CONSTRAINT user_bank_accounts_balance_number_check CHECK (balance <> 'NaN'),
        CONSTRAINT user_bank_accounts_credit_limit_check CHECK (credit_limit >= 0),
        CONSTRAINT user_bank_accounts_day_spent_check CHECK (day_spent >= 0 AND day_spent <> 'NaN'),
        CONSTRAINT user_bank_accounts_credit_only_check CHECK (credit_limit = 0 OR account_type = 'CREDIT'),
        CONSTRAINT user_bank_accounts_balance_floor_check
            CHECK (source <> 'none' OR balance >= -credit_limit),
        CONSTRAINT user_bank_accounts_status_check
            CHECK (status IN ('ACTIVE', 'INACTIVE', 'CLOSED', 'FROZEN', 'SUSPENDED')),
        CONSTRAINT user_bank_accounts_last_four_check CHECK (last_four ~ '^[0-9]{4}$'),
        CONSTRAINT user_bank_accounts_external_account_id_check
            CHECK (length(external_account_id) BETWEEN 1 AND 256),
        CONSTRAINT user_bank_accounts_number_hash_check CHECK (length(number_hash) BETWEEN 1 AND 255),
        CONSTRAINT user_bank_accounts_missing_check
            CHECK (missing_since IS NULL OR (source = 'provider' AND status IN ('ACTIVE', 'INACTIVE'))),
        CONSTRAINT user_bank_accounts_line_count_check CHECK (line_count >= 0),
        CONSTRAINT user_bank_accounts_no_lines_no_balance_check
            CHECK (line_count > 0 OR (balance = 0 AND day_spent = 0)),
        CONSTRAINT user_bank_accounts_source_check CHECK (source IN ('provider', 'files', 'none')),
        CONSTRAINT user_bank_accounts_fed_by_login_check
            CHECK (source <> 'provider' OR user_bank_login_id IS NOT NULL),
        -- The house bank has no statements but our own.
        CONSTRAINT user_bank_accounts_house_check
            CHECK (source = 'none' OR bank_id <> '4c656467-6572-8261-8e6b-20484f555345'),
        CONSTRAINT user_bank_accounts_external_account_id_key
            UNIQUE (external_account_id, bank_id, user_id),
        CONSTRAINT user_bank_accounts_fed_by_bank_fkey FOREIGN KEY (bank_id, told_by_bank)
            REFERENCES banks (id, feeds_accounts) ON DELETE RESTRICT
    )
    """,
    "CREATE INDEX user_bank_accounts_user_id_idx ON user_bank_accounts (user_id, inserted_at, id)",
    "CREATE INDEX user_bank_accounts_login_idx ON user_bank_accounts (user_bank_login_id)",
)

LEDGER = (
    """
    CREATE TABLE user_payments (
        id uuid NOT NULL CONSTRAINT user_payments_pkey PRIMARY KEY,
        user_id uuid NOT NULL
            CONSTRAINT user_payments_user_id_fkey REFERENCES users (id) ON DELETE RESTRICT,
        user_bank_account_id uuid NOT NULL
            CONSTRAINT user_payments_user_bank_account_id_fkey
            REFERENCES user_bank_accounts (id) ON DELETE RESTRICT,
        amount numeric(17,4) NOT NULL,
        currency text NOT NULL,
        direction text NOT NULL,
        payment_type text NOT NULL,
        description text NOT NULL,
        status text NOT NULL,
        counterparty_account_id uuid
            CONSTRAINT user_payments_counterparty_account_id_fkey
            REFERENCES user_bank_accounts (id) ON DELETE RESTRICT,
        posted_at timestamptz,
        failure_reason text,
        journal_entry_id uuid,
        reversed_at timestamptz,
        reversal_entry_id uuid,
        external_transaction_id text,
        inserted_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        CONSTRAINT user_payments_amount_check CHECK (amount > 0 AND amount <> 'NaN'),
        CONSTRAINT user_payments_currency_check CHECK (currency ~ '^[A-Z]{3}$'),
        CONSTRAINT user_payments_direction_check CHECK (direction IN ('CREDIT', 'DEBIT')),
        CONSTRAINT user_payments_payment_type_check
            CHECK (payment_type IN ('TRANSFER', 'PAYMENT', 'DEPOSIT', 'WITHDRAWAL')),
        CONSTRAINT user_payments_description_length_check CHECK (length(description) BETWEEN 1 AND 255),
        CONSTRAINT user_payments_status_check
            CHECK (status IN ('PENDING', 'PROCESSING', 'COMPLETED', 'FAILED', 'CANCELLED')),
        CONSTRAINT user_payments_completed_is_posted_check
            CHECK ((status = 'COMPLETED') = (posted_at IS NOT NULL)),
        CONSTRAINT user_payments_completed_has_entry_check
            CHECK ((status = 'COMPLETED') = (journal_entry_id IS NOT NULL)),
        CONSTRAINT user_payments_reversed_has_entry_check
            CHECK ((reversed_at IS NULL) = (reversal_entry_id IS NULL)),
        CONSTRAINT user_payments_reversed_was_completed_check
            CHECK (reversed_at IS NULL OR status = 'COMPLETED'),
        CONSTRAINT user_payments_failed_has_reason_check
            CHECK ((status = 'FAILED') = (failure_reason IS NOT NULL)),
        CONSTRAINT user_payments_failure_reason_check CHECK (failure_reason ~ '^[a-z][a-z_]{1,63}$'),
        CONSTRAINT user_payments_counterparty_check CHECK (
            counterparty_account_id IS NULL
            OR (payment_type = 'TRANSFER' AND direction = 'DEBIT'
                AND counterparty_account_id <> user_bank_account_id)
        )
    )
    """,
    "CREATE INDEX user_payments_user_id_idx ON user_payments (user_id, inserted_at, id)",
    "CREATE INDEX user_payments_pending_idx ON user_payments (user_id, id) WHERE status = 'PENDING'",
    """
    CREATE INDEX user_payments_signature_idx ON user_payments (
        user_bank_account_id, coalesce(counterparty_account_id, user_bank_account_id),
        amount, direction, description, posted_at
    )
        WHERE status = 'COMPLETED' AND reversed_at IS NULL
    """,
    """
    CREATE TABLE payees (
        id uuid NOT NULL CONSTRAINT payees_pkey PRIMARY KEY,
        user_id uuid NOT NULL
            CONSTRAINT payees_user_id_fkey REFERENCES users (id) ON DELETE RESTRICT,
        counterparty_account_id uuid NOT NULL
            CONSTRAINT payees_counterparty_account_id_fkey
            REFERENCES user_bank_accounts (id) ON DELETE RESTRICT,
        name text NOT NULL,
        trusted_at timestamptz NOT NULL,
        inserted_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        CONSTRAINT payees_user_account_key UNIQUE (user_id, counterparty_account_id),
        CONSTRAINT payees_name_length_check CHECK (length(name) BETWEEN 1 AND 100)
    )
    """,
    "CREATE INDEX payees_user_id_idx ON payees (user_id, inserted_at, id)",
    "CREATE INDEX payees_counterparty_account_id_idx ON payees (counterparty_account_id)",
    """
    CREATE TABLE step_up_confirmations (
        id uuid NOT NULL CONSTRAINT step_up_confirmations_pkey PRIMARY KEY,
        user_id uuid NOT NULL
            CONSTRAINT step_up_confirmations_user_id_fkey REFERENCES users (id) ON DELETE RESTRICT,
        -- What it is good for, in the one spelling that such texts have.
        subject text NOT NULL,
        expires_at timestamptz NOT NULL,
        inserted_at timestamptz NOT NULL,
        CONSTRAINT step_up_confirmations_subject_length_check CHECK (length(subject) BETWEEN 1 AND 1024)
    )
    """,
    "CREATE INDEX step_up_confirmations_subject_idx ON step_up_confirmations (user_id, subject)",
    "CREATE INDEX step_up_confirmations_expires_at_idx ON step_up_confirmations (expires_at)",
    """
    CREATE TABLE journal_entries (
        id uuid NOT NULL CONSTRAINT journal_entries_pkey PRIMARY KEY,
        kind text NOT NULL,
        currency text NOT NULL,
        description text NOT NULL,
        posted_at timestamptz NOT NULL,
        payment_id uuid
            CONSTRAINT journal_entries_payment_id_fkey REFERENCES user_payments (id) ON DELETE RESTRICT,
        reverses_entry_id uuid
            CONSTRAINT journal_entries_reverses_entry_id_fkey
            REFERENCES journal_entries (id) ON DELETE RESTRICT,
        inserted_at timestamptz NOT NULL,
        CONSTRAINT journal_entries_kind_check
            CHECK (kind IN ('OPENING', 'PAYMENT', 'TRANSFER', 'IMPORT', 'RECONCILIATION', 'REVERSAL')),
        CONSTRAINT journal_entries_currency_check CHECK (currency ~ '^[A-Z]{3}$'),
        CONSTRAINT journal_entries_description_length_check CHECK (length(description) BETWEEN 1 AND 255),
        CONSTRAINT journal_entries_payment_kind_check
            CHECK (payment_id IS NULL OR kind IN ('PAYMENT', 'TRANSFER')),
        CONSTRAINT journal_entries_reversal_check
            CHECK ((kind = 'REVERSAL') = (reverses_entry_id IS NOT NULL)),
        CONSTRAINT journal_entries_not_itself_check CHECK (reverses_entry_id <> id)
    )
    """,
    """
    CREATE UNIQUE INDEX journal_entries_payment_id_key ON journal_entries (payment_id)
        WHERE payment_id IS NOT NULL
    """,
    """
    CREATE UNIQUE INDEX journal_entries_reverses_entry_id_key ON journal_entries (reverses_entry_id)
        WHERE reverses_entry_id IS NOT NULL
    """,
    # Proved at commit: a payment and its entry name each other, and either may be written first.
    """
    ALTER TABLE user_payments ADD CONSTRAINT user_payments_journal_entry_id_fkey
        FOREIGN KEY (journal_entry_id) REFERENCES journal_entries (id)
        ON DELETE RESTRICT DEFERRABLE INITIALLY DEFERRED
    """,
    """
    ALTER TABLE user_payments ADD CONSTRAINT user_payments_reversal_entry_id_fkey
        FOREIGN KEY (reversal_entry_id) REFERENCES journal_entries (id)
        ON DELETE RESTRICT DEFERRABLE INITIALLY DEFERRED
    """,
    """
    CREATE TABLE transactions (
        id uuid NOT NULL CONSTRAINT transactions_pkey PRIMARY KEY,
        account_id uuid NOT NULL
            CONSTRAINT transactions_account_id_fkey REFERENCES user_bank_accounts (id) ON DELETE RESTRICT,
        user_id uuid NOT NULL
            CONSTRAINT transactions_user_id_fkey REFERENCES users (id) ON DELETE RESTRICT,
        journal_entry_id uuid NOT NULL
            CONSTRAINT transactions_journal_entry_id_fkey
            REFERENCES journal_entries (id) ON DELETE RESTRICT,
        entry_position smallint NOT NULL,
        line_number integer NOT NULL,
        kind text NOT NULL,
        direction text NOT NULL,
        amount numeric(17,4) NOT NULL,
        currency text NOT NULL,
        balance_after numeric(17,4) NOT NULL,
        day_spent numeric(17,4) NOT NULL,
        description text NOT NULL,
        -- What the line is found by: folded by the program, as no server folds like another.
        description_search text NOT NULL,
        posted_at timestamptz NOT NULL,
        payment_id uuid
            CONSTRAINT transactions_payment_id_fkey REFERENCES user_payments (id) ON DELETE RESTRICT,
        external_transaction_id text,
        inserted_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        CONSTRAINT transactions_account_id_line_number_key UNIQUE (account_id, line_number),
        CONSTRAINT transactions_journal_entry_id_account_id_key UNIQUE (journal_entry_id, account_id),
        CONSTRAINT transactions_entry_position_check CHECK (entry_position >= 0),
        CONSTRAINT transactions_line_number_check CHECK (line_number >= 1),
        CONSTRAINT transactions_kind_check
            CHECK (kind IN ('OPENING', 'PAYMENT', 'TRANSFER', 'IMPORT', 'RECONCILIATION', 'REVERSAL')),
        CONSTRAINT transactions_direction_check CHECK (direction IN ('CREDIT', 'DEBIT')),
        CONSTRAINT transactions_amount_check CHECK (amount > 0 AND amount <> 'NaN'),
        CONSTRAINT transactions_currency_check CHECK (currency ~ '^[A-Z]{3}$'),
        CONSTRAINT transactions_balance_after_check CHECK (balance_after <> 'NaN'),
        CONSTRAINT transactions_day_spent_check CHECK (day_spent >= 0 AND day_spent <> 'NaN'),
        CONSTRAINT transactions_first_line_check CHECK (
            line_number > 1
            OR balance_after = CASE direction WHEN 'CREDIT' THEN amount ELSE -amount END
        ),
        CONSTRAINT transactions_description_length_check CHECK (length(description) BETWEEN 1 AND 255),
        CONSTRAINT transactions_external_id_length_check
            CHECK (length(external_transaction_id) BETWEEN 1 AND 255)
    )
    """,
    "CREATE INDEX transactions_account_posted_idx ON transactions (account_id, posted_at, id)",
    "CREATE INDEX transactions_account_amount_idx ON transactions (account_id, amount, id)",
    "CREATE INDEX transactions_user_posted_idx ON transactions (user_id, posted_at, id)",
    "CREATE INDEX transactions_user_amount_idx ON transactions (user_id, amount, id)",
    """
    CREATE UNIQUE INDEX transactions_external_key ON transactions (account_id, external_transaction_id)
        WHERE external_transaction_id IS NOT NULL
    """,
    """
    CREATE INDEX transactions_differences_idx ON transactions (account_id, line_number)
        WHERE kind IN ('OPENING', 'RECONCILIATION')
    """,
    """
    CREATE TABLE clearing_lines (
        id uuid NOT NULL CONSTRAINT clearing_lines_pkey PRIMARY KEY,
        journal_entry_id uuid NOT NULL
            CONSTRAINT clearing_lines_journal_entry_id_fkey
            REFERENCES journal_entries (id) ON DELETE RESTRICT,
        entry_position smallint NOT NULL,
        bank_id uuid NOT NULL
            CONSTRAINT clearing_lines_bank_id_fkey REFERENCES banks (id) ON DELETE RESTRICT,
        direction text NOT NULL,
        amount numeric(17,4) NOT NULL,
        currency text NOT NULL,
        inserted_at timestamptz NOT NULL,
        CONSTRAINT clearing_lines_journal_entry_id_bank_id_key UNIQUE (journal_entry_id, bank_id),
        CONSTRAINT clearing_lines_entry_position_check CHECK (entry_position >= 0),
        CONSTRAINT clearing_lines_direction_check CHECK (direction IN ('CREDIT', 'DEBIT')),
        CONSTRAINT clearing_lines_amount_check CHECK (amount > 0 AND amount <> 'NaN'),
        CONSTRAINT clearing_lines_currency_check CHECK (currency ~ '^[A-Z]{3}$')
    )
    """,
    """
    CREATE TABLE bank_transaction_imports (
        account_id uuid NOT NULL
            CONSTRAINT bank_transaction_imports_account_id_fkey
            REFERENCES user_bank_accounts (id) ON DELETE RESTRICT,
        external_transaction_id text NOT NULL,
        transaction_id uuid
            CONSTRAINT bank_transaction_imports_transaction_id_key UNIQUE
            CONSTRAINT bank_transaction_imports_transaction_id_fkey
            REFERENCES transactions (id) ON DELETE RESTRICT,
        ended text,
        pending boolean NOT NULL,
        in_feed boolean NOT NULL,
        posted_at timestamptz NOT NULL,
        inserted_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        CONSTRAINT bank_transaction_imports_pkey PRIMARY KEY (account_id, external_transaction_id),
        CONSTRAINT bank_transaction_imports_external_id_length_check
            CHECK (length(external_transaction_id) BETWEEN 1 AND 255),
        CONSTRAINT bank_transaction_imports_ended_check
            CHECK (ended IS NULL OR (ended IN ('declined', 'vanished') AND transaction_id IS NULL)),
        CONSTRAINT bank_transaction_imports_pending_check CHECK (NOT pending OR transaction_id IS NOT NULL)
    )
    """,
    """
    CREATE INDEX bank_transaction_imports_pending_idx ON bank_transaction_imports (account_id, posted_at)
        WHERE pending
    """,
    """
    CREATE INDEX bank_transaction_imports_posted_idx ON bank_transaction_imports (account_id, posted_at)
    """,
    """
    CREATE INDEX bank_transaction_imports_feed_idx ON bank_transaction_imports (account_id, posted_at)
        WHERE in_feed
    """,
    """
    CREATE TABLE bank_transaction_names (
        account_id uuid NOT NULL,
        name text NOT NULL,
        external_transaction_id text NOT NULL,
        inserted_at timestamptz NOT NULL,
        CONSTRAINT bank_transaction_names_pkey PRIMARY KEY (account_id, name),
        CONSTRAINT bank_transaction_names_import_fkey FOREIGN KEY (account_id, external_transaction_id)
            REFERENCES bank_transaction_imports (account_id, external_transaction_id) ON DELETE RESTRICT,
        CONSTRAINT bank_transaction_names_name_length_check CHECK (length(name) BETWEEN 1 AND 255),
        CONSTRAINT bank_transaction_names_another_check CHECK (name <> external_transaction_id)
    )
    """,
    """
    CREATE INDEX bank_transaction_names_import_idx
        ON bank_transaction_names (account_id, external_transaction_id)
    """,
    """
    CREATE TABLE kept_pages (
        id uuid NOT NULL CONSTRAINT kept_pages_pkey PRIMARY KEY,
        account_id uuid NOT NULL
            CONSTRAINT kept_pages_account_id_fkey
            REFERENCES user_bank_accounts (id) ON DELETE RESTRICT,
        user_bank_login_id uuid NOT NULL
            CONSTRAINT kept_pages_user_bank_login_id_fkey
            REFERENCES user_bank_logins (id) ON DELETE RESTRICT,
        number integer NOT NULL,
        since timestamptz,
        before timestamptz NOT NULL,
        begun_at timestamptz NOT NULL,
        page jsonb NOT NULL,
        inserted_at timestamptz NOT NULL,
        CONSTRAINT kept_pages_account_number_key UNIQUE (account_id, number),
        CONSTRAINT kept_pages_number_check CHECK (number >= 0),
        CONSTRAINT kept_pages_page_check CHECK (jsonb_typeof(page) = 'object')
    )
    """,
    "CREATE INDEX kept_pages_login_idx ON kept_pages (user_bank_login_id)",
    "CREATE INDEX kept_pages_inserted_at_idx ON kept_pages (inserted_at)",
    """
    CREATE TABLE statement_imports (
        id uuid NOT NULL CONSTRAINT statement_imports_pkey PRIMARY KEY,
        account_id uuid NOT NULL
            CONSTRAINT statement_imports_account_id_fkey
            REFERENCES user_bank_accounts (id) ON DELETE RESTRICT,
        user_id uuid NOT NULL
            CONSTRAINT statement_imports_user_id_fkey REFERENCES users (id) ON DELETE RESTRICT,
        state text NOT NULL,
        format text NOT NULL,
        summary jsonb NOT NULL,
        movements bytea,
        expires_at timestamptz NOT NULL,
        confirmed_at timestamptz,
        inserted_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        CONSTRAINT statement_imports_state_check CHECK (state IN ('PREVIEWED', 'CONFIRMED')),
        CONSTRAINT statement_imports_format_check CHECK (format IN ('camt053', 'csv', 'mt940', 'ofx')),
        CONSTRAINT statement_imports_summary_check CHECK (jsonb_typeof(summary) = 'object'),
        CONSTRAINT statement_imports_confirmed_check CHECK (
            (state = 'CONFIRMED') = (confirmed_at IS NOT NULL)
            AND (state = 'PREVIEWED' OR movements IS NULL)
        )
    )
    """,
    "CREATE INDEX statement_imports_account_idx ON statement_imports (account_id, inserted_at, id)",
    "CREATE INDEX statement_imports_user_idx ON statement_imports (user_id)",
    "CREATE INDEX statement_imports_expiry_idx ON statement_imports (expires_at) WHERE state = 'PREVIEWED'",
)

APPROVAL = (
    """
    CREATE TABLE approvals (
        id uuid NOT NULL CONSTRAINT approvals_pkey PRIMARY KEY,
        act text NOT NULL,
        -- What it is done to: a row of whichever table the act is about.
        target_id uuid,
        subject text NOT NULL,
        arguments jsonb NOT NULL,
        basis jsonb NOT NULL,
        changes jsonb NOT NULL,
        reason text NOT NULL,
        requested_by uuid NOT NULL
            CONSTRAINT approvals_requested_by_fkey REFERENCES users (id) ON DELETE RESTRICT,
        status text NOT NULL,
        expires_at timestamptz NOT NULL,
        decided_by uuid CONSTRAINT approvals_decided_by_fkey REFERENCES users (id) ON DELETE RESTRICT,
        decided_at timestamptz,
        decision_reason text,
        inserted_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        CONSTRAINT approvals_act_check CHECK (act ~ '^[a-z_]{1,32}\\.[a-z_]{1,32}$'),
        CONSTRAINT approvals_subject_length_check CHECK (length(subject) BETWEEN 1 AND 300),
        CONSTRAINT approvals_arguments_check CHECK (jsonb_typeof(arguments) = 'object'),
        CONSTRAINT approvals_basis_check CHECK (jsonb_typeof(basis) = 'object'),
        CONSTRAINT approvals_changes_check CHECK (jsonb_typeof(changes) = 'object'),
        CONSTRAINT approvals_reason_length_check CHECK (length(reason) BETWEEN 1 AND 255),
        CONSTRAINT approvals_decision_reason_length_check
            CHECK (length(decision_reason) BETWEEN 1 AND 255),
        CONSTRAINT approvals_status_check
            CHECK (status IN ('PENDING', 'APPROVED', 'REJECTED', 'WITHDRAWN', 'EXPIRED')),
        CONSTRAINT approvals_decided_check CHECK ((status = 'PENDING') = (decided_at IS NULL)),
        -- The act takes two.
        CONSTRAINT approvals_two_people_check CHECK (
            status NOT IN ('APPROVED', 'REJECTED') OR (decided_by IS NOT NULL AND decided_by <> requested_by)
        )
    )
    """,
    "CREATE UNIQUE INDEX approvals_pending_key ON approvals (act, subject) WHERE status = 'PENDING'",
    "CREATE INDEX approvals_inserted_at_idx ON approvals (inserted_at, id)",
    "CREATE INDEX approvals_waiting_idx ON approvals (expires_at) WHERE status = 'PENDING'",
    "CREATE INDEX approvals_decided_idx ON approvals (decided_at) WHERE decided_at IS NOT NULL",
)

WORK = (
    """
    CREATE TABLE jobs (
        id uuid NOT NULL CONSTRAINT jobs_pkey PRIMARY KEY,
        kind text NOT NULL,
        queue text NOT NULL,
        args jsonb NOT NULL,
        priority smallint NOT NULL,
        state text NOT NULL,
        attempt integer NOT NULL,
        max_attempts integer NOT NULL,
        losses integer NOT NULL,
        run_at timestamptz NOT NULL,
        attempted_at timestamptz,
        completed_at timestamptz,
        errors jsonb NOT NULL,
        unique_key text,
        correlation_id text,
        lease_token uuid,
        lease_owner_id uuid,
        lease_expires_at timestamptz,
        inserted_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        CONSTRAINT jobs_kind_check CHECK (kind IN (
            'payment.process', 'bank.sync', 'bank.disconnect', 'mail.request', 'notification.send',
            'bank.schedule_due', 'maintenance.prune'
        )),
        CONSTRAINT jobs_queue_check CHECK (queue IN ('payments', 'banking', 'notifications', 'default')),
        CONSTRAINT jobs_args_check CHECK (jsonb_typeof(args) = 'object'),
        CONSTRAINT jobs_priority_check CHECK (priority BETWEEN 0 AND 9),
        CONSTRAINT jobs_state_check CHECK (state IN (
            'scheduled', 'available', 'executing', 'completed', 'retryable', 'discarded', 'cancelled'
        )),
        CONSTRAINT jobs_attempt_check CHECK (attempt >= 0),
        CONSTRAINT jobs_max_attempts_check CHECK (max_attempts >= 1),
        CONSTRAINT jobs_losses_check CHECK (losses >= 0),
        CONSTRAINT jobs_errors_check CHECK (jsonb_typeof(errors) = 'array'),
        CONSTRAINT jobs_unique_key_length_check CHECK (length(unique_key) BETWEEN 1 AND 255),
        CONSTRAINT jobs_payment_is_unique_check CHECK (kind <> 'payment.process' OR unique_key IS NOT NULL),
        CONSTRAINT jobs_correlation_id_length_check CHECK (length(correlation_id) <= 255),
        CONSTRAINT jobs_lease_check CHECK (
            (lease_token IS NULL) = (lease_owner_id IS NULL)
            AND (lease_token IS NULL) = (lease_expires_at IS NULL)
            AND (state <> 'executing' OR lease_token IS NOT NULL)
            AND (state IN ('available', 'executing') OR lease_token IS NULL)
        ),
        CONSTRAINT jobs_finished_check
            CHECK ((state IN ('completed', 'cancelled', 'discarded')) = (completed_at IS NOT NULL))
    )
    """,
    """
    CREATE UNIQUE INDEX jobs_unfinished_payment_key ON jobs (unique_key)
        WHERE kind = 'payment.process' AND state IN ('scheduled', 'available', 'executing', 'retryable')
    """,
    """
    CREATE UNIQUE INDEX jobs_once_key ON jobs (unique_key)
        WHERE kind <> 'payment.process'
        AND (state NOT IN ('cancelled', 'discarded') OR kind IN ('bank.schedule_due', 'maintenance.prune'))
    """,
    "CREATE INDEX jobs_unique_key_idx ON jobs (unique_key, inserted_at) WHERE unique_key IS NOT NULL",
    """
    CREATE INDEX jobs_waiting_idx ON jobs (queue, priority, run_at, inserted_at, id, state)
        WHERE state IN ('scheduled', 'available', 'retryable')
    """,
    "CREATE INDEX jobs_executing_idx ON jobs (lease_expires_at) WHERE state = 'executing'",
    "CREATE INDEX jobs_lease_owner_idx ON jobs (lease_owner_id) WHERE lease_owner_id IS NOT NULL",
    """
    CREATE INDEX jobs_unfinished_sync_idx ON jobs ((args ->> 'bank_login_id'))
        WHERE kind = 'bank.sync' AND state IN ('scheduled', 'available', 'executing', 'retryable')
    """,
    """
    CREATE INDEX jobs_finished_idx ON jobs (completed_at)
        WHERE state IN ('completed', 'cancelled', 'discarded')
    """,
    "CREATE INDEX jobs_discarded_idx ON jobs (queue) WHERE state = 'discarded'",
    "CREATE INDEX jobs_inserted_at_idx ON jobs (inserted_at, id)",
    """
    CREATE TABLE job_workers (
        id uuid NOT NULL CONSTRAINT job_workers_pkey PRIMARY KEY,
        alive_until timestamptz NOT NULL
    )
    """,
    """
    CREATE TABLE idempotency_records (
        user_id uuid NOT NULL
            CONSTRAINT idempotency_records_user_id_fkey REFERENCES users (id) ON DELETE RESTRICT,
        key text NOT NULL,
        claim_id uuid NOT NULL,
        fingerprint text NOT NULL,
        blocked_until timestamptz NOT NULL,
        response_status smallint,
        response_headers jsonb,
        response_body bytea,
        expires_at timestamptz NOT NULL,
        inserted_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        CONSTRAINT idempotency_records_pkey PRIMARY KEY (user_id, key),
        CONSTRAINT idempotency_records_key_check CHECK (key ~ '^[\\x20-\\x7e]{1,255}$'),
        CONSTRAINT idempotency_records_fingerprint_check
            CHECK (fingerprint ~ '^[0-9a-f]{64}(:[0-9a-f]{64})?$'),
        CONSTRAINT idempotency_records_response_status_check
            CHECK (response_status BETWEEN 200 AND 299 OR response_status IN (403, 404, 409, 422)),
        CONSTRAINT idempotency_records_response_headers_check
            CHECK (jsonb_typeof(response_headers) = 'object'),
        CONSTRAINT idempotency_records_response_whole_check CHECK (
            (response_status IS NULL) = (response_body IS NULL)
            AND (response_status IS NULL) = (response_headers IS NULL)
        )
    )
    """,
    "CREATE INDEX idempotency_records_expires_at_idx ON idempotency_records (expires_at)",
    """
    CREATE TABLE audit_events (
        id uuid NOT NULL CONSTRAINT audit_events_pkey PRIMARY KEY,
        occurred_at timestamptz NOT NULL,
        event text NOT NULL,
        severity text NOT NULL,
        outcome text NOT NULL,
        reason text,
        actor_user_id uuid,
        actor_role text,
        target_type text,
        target_id uuid,
        ip text,
        user_agent text,
        method text,
        path text,
        status smallint,
        correlation_id text,
        metadata jsonb NOT NULL,
        repeat_key text,
        repeat_minute timestamptz,
        occurrences integer NOT NULL DEFAULT 1,
        CONSTRAINT audit_events_occurrences_check CHECK (occurrences >= 1),
        CONSTRAINT audit_events_repeat_whole_check CHECK ((repeat_key IS NULL) = (repeat_minute IS NULL)),
        CONSTRAINT audit_events_event_check CHECK (event ~ '^[a-z_]{1,64}\\.[a-z_]{1,64}$'),
        CONSTRAINT audit_events_severity_check CHECK (severity IN ('info', 'warning', 'critical')),
        CONSTRAINT audit_events_outcome_check CHECK (outcome IN ('success', 'failure')),
        CONSTRAINT audit_events_actor_role_check CHECK (actor_role IN ('user', 'admin', 'support')),
        CONSTRAINT audit_events_user_agent_length_check CHECK (length(user_agent) <= 255),
        CONSTRAINT audit_events_path_length_check CHECK (length(path) <= 512),
        CONSTRAINT audit_events_method_length_check CHECK (length(method) <= 32),
        CONSTRAINT audit_events_status_check CHECK (status BETWEEN 100 AND 599),
        CONSTRAINT audit_events_metadata_check CHECK (jsonb_typeof(metadata) = 'object')
    )
    """,
    "CREATE INDEX audit_events_occurred_at_idx ON audit_events (occurred_at, id)",
    """
    CREATE UNIQUE INDEX audit_events_repeat_key ON audit_events (event, repeat_key, repeat_minute)
        WHERE repeat_key IS NOT NULL
    """,
    """
    CREATE INDEX audit_events_target_idx ON audit_events (target_id, occurred_at, id)
        WHERE target_id IS NOT NULL
    """,
    """
    CREATE INDEX audit_events_actor_idx ON audit_events (actor_user_id, occurred_at, id)
        WHERE actor_user_id IS NOT NULL
    """,
    "CREATE INDEX audit_events_event_idx ON audit_events (event, occurred_at, id)",
    """
    CREATE TABLE audit_exports (
        trail text NOT NULL CONSTRAINT audit_exports_pkey PRIMARY KEY,
        occurred_at timestamptz,
        event_id uuid,
        CONSTRAINT audit_exports_trail_check CHECK (trail = 'audit_events'),
        CONSTRAINT audit_exports_position_whole_check CHECK ((occurred_at IS NULL) = (event_id IS NULL))
    )
    """,
    """
    CREATE TABLE oauth_states (
        id uuid NOT NULL CONSTRAINT oauth_states_pkey PRIMARY KEY,
        state_hash text NOT NULL CONSTRAINT oauth_states_state_hash_key UNIQUE,
        user_id uuid NOT NULL
            CONSTRAINT oauth_states_user_id_fkey REFERENCES users (id) ON DELETE RESTRICT,
        user_bank_login_id uuid NOT NULL
            CONSTRAINT oauth_states_user_bank_login_id_fkey
            REFERENCES user_bank_logins (id) ON DELETE RESTRICT,
        code_verifier_encrypted bytea,
        return_url text,
        code_encrypted bytea,
        confirmation_hash text,
        confirmation_tries integer NOT NULL,
        expires_at timestamptz NOT NULL,
        consumed_at timestamptz,
        inserted_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        CONSTRAINT oauth_states_state_hash_check CHECK (state_hash ~ '^[0-9a-f]{64}$'),
        CONSTRAINT oauth_states_return_url_length_check CHECK (length(return_url) BETWEEN 1 AND 2048),
        CONSTRAINT oauth_states_confirmation_hash_check CHECK (confirmation_hash ~ '^[0-9a-f]{64}$'),
        CONSTRAINT oauth_states_confirmation_tries_check CHECK (confirmation_tries BETWEEN 0 AND 4),
        CONSTRAINT oauth_states_kept_whole_check CHECK (
            (code_encrypted IS NULL) = (confirmation_hash IS NULL)
            AND (code_encrypted IS NOT NULL OR confirmation_tries = 0)
        ),
        CONSTRAINT oauth_states_kept_consumed_check CHECK (code_encrypted IS NULL OR consumed_at IS NOT NULL)
    )
    """,
    "CREATE INDEX oauth_states_expires_at_idx ON oauth_states (expires_at)",
    "CREATE INDEX oauth_states_login_idx ON oauth_states (user_bank_login_id)",
    """
    CREATE INDEX oauth_states_sealed_idx ON oauth_states (id)
    WHERE code_verifier_encrypted IS NOT NULL OR code_encrypted IS NOT NULL
    """,
    """
    CREATE TABLE webhook_events (
        id uuid NOT NULL CONSTRAINT webhook_events_pkey PRIMARY KEY,
        provider text NOT NULL,
        event_id text NOT NULL,
        event_type text NOT NULL,
        ignored boolean NOT NULL,
        inserted_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        CONSTRAINT webhook_events_provider_event_id_key UNIQUE (provider, event_id),
        CONSTRAINT webhook_events_provider_check CHECK (provider ~ '^[a-z][a-z0-9_]{0,63}$'),
        CONSTRAINT webhook_events_event_id_length_check CHECK (length(event_id) BETWEEN 1 AND 255),
        CONSTRAINT webhook_events_event_type_length_check CHECK (length(event_type) BETWEEN 1 AND 255)
    )
    """,
    "CREATE INDEX webhook_events_inserted_at_idx ON webhook_events (inserted_at)",
    """
    CREATE TABLE development_mails (
        message_id text NOT NULL CONSTRAINT development_mails_pkey PRIMARY KEY,
        number bigint NOT NULL GENERATED BY DEFAULT AS IDENTITY
            CONSTRAINT development_mails_number_key UNIQUE,
        to_address text NOT NULL,
        to_name text NOT NULL,
        subject text NOT NULL,
        text_body text NOT NULL,
        html_body text NOT NULL,
        received_at timestamptz NOT NULL,
        CONSTRAINT development_mails_message_id_length_check CHECK (length(message_id) BETWEEN 1 AND 255)
    )
    """,
)

APPEND_ONLY_TABLES = ("journal_entries", "transactions", "clearing_lines", "audit_events")

REFUSE_CHANGE = """
    CREATE FUNCTION ledgerbank_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP
            USING ERRCODE = 'restrict_violation',
                  CONSTRAINT = TG_NAME,
                  HINT = 'A wrong entry is corrected by a reversal.';
    END
    $$
"""

AUDIT_COLUMNS_BUT_COUNT = (
    "id, occurred_at, event, severity, outcome, reason, actor_user_id, actor_role, target_type, target_id,"
    " ip, user_agent, method, path, status, correlation_id, metadata, repeat_key, repeat_minute"
)

# An event may stand for all that were alike within a minute: their number is all that ever changes of it.
REFUSE_CHANGE_BUT_COUNTING = """
    CREATE FUNCTION ledgerbank_refuse_change_but_counting() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF OLD.repeat_key IS NOT NULL AND NEW.occurrences = OLD.occurrences + 1
            AND to_jsonb(NEW) - 'occurrences' = to_jsonb(OLD) - 'occurrences'
        THEN
            RETURN NEW;
        END IF;
        RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP
            USING ERRCODE = 'restrict_violation',
                  CONSTRAINT = TG_NAME,
                  HINT = 'Of a repeated event the count may grow by one.';
    END
    $$
"""

# What was exported, and not only today, may leave the audit trail: nothing else ever does.
REFUSE_UNEXPORTED = """
    CREATE FUNCTION ledgerbank_refuse_unexported() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (
            SELECT FROM removed
            WHERE removed.occurred_at > now() - interval '1 day'
                OR NOT EXISTS (
                    SELECT FROM audit_exports AS exported
                    WHERE (removed.occurred_at, removed.id) <= (exported.occurred_at, exported.event_id)
                )
        ) THEN
            RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP
                USING ERRCODE = 'restrict_violation',
                      CONSTRAINT = TG_NAME,
                      HINT = 'Only what was exported and is older than a day is ever removed.';
        END IF;
        RETURN NULL;
    END
    $$
"""


def upgrade() -> None:
    for statement in (
        *IDENTITY,
        *BANKING,
        *LEDGER,
        *APPROVAL,
        *WORK,
        REFUSE_CHANGE,
        REFUSE_CHANGE_BUT_COUNTING,
        REFUSE_UNEXPORTED,
    ):
        op.execute(statement)
    for table in APPEND_ONLY_TABLES:
        # Per statement: also one that would touch no row, a MERGE, an ON CONFLICT DO UPDATE.
        refused = "UPDATE OR DELETE OR TRUNCATE"
        if table == "audit_events":
            refused = f"UPDATE OF {AUDIT_COLUMNS_BUT_COUNT} OR TRUNCATE"
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE {refused} ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION ledgerbank_refuse_change()"
        )
    op.execute(
        "CREATE TRIGGER audit_events_counting_append_only BEFORE UPDATE ON audit_events"
        " FOR EACH ROW EXECUTE FUNCTION ledgerbank_refuse_change_but_counting()"
    )
    op.execute(
        "CREATE TRIGGER audit_events_unexported_append_only AFTER DELETE ON audit_events"
        " REFERENCING OLD TABLE AS removed"
        " FOR EACH STATEMENT EXECUTE FUNCTION ledgerbank_refuse_unexported()"
    )


def downgrade() -> None:
    raise RuntimeError("A ledger is never undone: restore a backup instead.")
