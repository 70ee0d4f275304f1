"""The tables of second factors, and of the challenges to them."""

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from ledgerbank_adapters.postgres.schema.column_kinds import (
    INSTANT,
    metadata,
    reference,
    required,
    timestamps,
)

second_factors = Table(
    "second_factors",
    metadata,
    required("id", Uuid()),
    required("user_id", Uuid()),
    required("secret_encrypted", LargeBinary()),
    Column("confirmed_at", INSTANT),
    Column("last_step", BigInteger()),
    required("wrong_codes", Integer()),
    required("recovery_hashes", ARRAY(Text())),
    *timestamps(),
    PrimaryKeyConstraint("id", name="second_factors_pkey"),
    reference("second_factors", "user_id", "users"),
    Index(
        "second_factors_confirmed_key",
        "user_id",
        unique=True,
        postgresql_where=text("confirmed_at IS NOT NULL"),
    ),
    Index(
        "second_factors_unconfirmed_key",
        "user_id",
        unique=True,
        postgresql_where=text("confirmed_at IS NULL"),
    ),
    Index("second_factors_unconfirmed_age_idx", "inserted_at", postgresql_where=text("confirmed_at IS NULL")),
)

second_factor_challenges = Table(
    "second_factor_challenges",
    metadata,
    required("id", Uuid()),
    required("user_id", Uuid()),
    required("purpose", Text()),
    required("secret_hash", Text()),
    Column("subject", Text()),
    required("tries", Integer()),
    required("expires_at", INSTANT),
    Column("used_at", INSTANT),
    *timestamps(),
    PrimaryKeyConstraint("id", name="second_factor_challenges_pkey"),
    UniqueConstraint("secret_hash", name="second_factor_challenges_secret_hash_key"),
    reference("second_factor_challenges", "user_id", "users"),
    Index("second_factor_challenges_expires_at_idx", "expires_at"),
)
