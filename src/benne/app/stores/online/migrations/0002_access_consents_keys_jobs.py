"""Organisations and clients, consents, idempotency keys, who asked, jobs and webhooks."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _asks()
    _consents()
    _idempotency_keys()
    _jobs()
    _organisations()
    _webhook_endpoints()
    _clients()
    _consent_events()
    _consent_holds()
    _job_items()
    _webhook_messages()
    _webhook_secrets()
    _client_secrets()


def downgrade() -> None:
    op.drop_table("client_secrets")
    op.drop_table("webhook_secrets")
    op.drop_table("webhook_messages")
    op.drop_table("job_items")
    op.drop_table("consent_holds")
    op.drop_table("consent_events")
    op.drop_table("clients")
    op.drop_table("webhook_endpoints")
    op.drop_table("organisations")
    op.drop_table("jobs")
    op.drop_table("idempotency_keys")
    op.drop_table("consents")
    op.drop_table("asks")


def _asks() -> None:
    op.create_table(
        "asks",
        sa.Column("answer", sa.String(), nullable=False),
        sa.Column("organisation", sa.String(), nullable=False),
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("subject", sa.String()),
        sa.Column("consent", sa.String()),
        sa.Column("asked", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("threshold", sa.Integer()),
        sa.Column("charged", sa.Boolean(), nullable=False),
        sa.Column("at", Number, nullable=False),
        sa.PrimaryKeyConstraint("answer", name="pk_asks"),
    )
    op.create_index("asks_about_subject", "asks", ["subject", "at"], unique=False)
    op.create_index("asks_of_organisation", "asks", ["organisation", "at"], unique=False)
    op.create_index("asks_under_consent", "asks", ["consent", "at"], unique=False)


def _consents() -> None:
    op.create_table(
        "consents",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("merchant", sa.String(), nullable=False),
        sa.Column("known_as", sa.String(), nullable=False),
        sa.Column("canonical", sa.Text(), nullable=False),
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("given_at", Number, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_consents"),
    )
    op.create_index(
        "consents_of_person_at_merchant", "consents", ["merchant", "known_as"], unique=False
    )
    op.create_index("ix_consents_subject", "consents", ["subject"], unique=False)


def _idempotency_keys() -> None:
    op.create_table(
        "idempotency_keys",
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("request", sa.String(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("subject", sa.String()),
        sa.Column("answered_at", Number, nullable=False),
        sa.PrimaryKeyConstraint("client", "key", name="pk_idempotency_keys"),
    )
    op.create_index(
        "ix_idempotency_keys_answered_at", "idempotency_keys", ["answered_at"], unique=False
    )
    op.create_index("ix_idempotency_keys_subject", "idempotency_keys", ["subject"], unique=False)


def _jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("organisation", sa.String(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("created_at", Number, nullable=False),
        sa.Column("finished_at", Number),
        sa.Column("worker", sa.String()),
        sa.Column("lease_until", Number, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
    )
    op.create_index(
        "ix_jobs_organisation_created_at", "jobs", ["organisation", "created_at"], unique=False
    )
    op.create_index("ix_jobs_state_lease_until", "jobs", ["state", "lease_until"], unique=False)


def _organisations() -> None:
    op.create_table(
        "organisations",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("created_at", Number, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_organisations"),
    )


def _webhook_endpoints() -> None:
    op.create_table(
        "webhook_endpoints",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("organisation", sa.String(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("events", sa.Text(), nullable=False),
        sa.Column("created_at", Number, nullable=False),
        sa.Column("closed_at", Number),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_endpoints"),
    )
    op.create_index(
        "ix_webhook_endpoints_organisation", "webhook_endpoints", ["organisation"], unique=False
    )


def _clients() -> None:
    op.create_table(
        "clients",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("organisation", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("scopes", sa.String(), nullable=False),
        sa.Column("purposes", sa.String(), nullable=False),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("created_at", Number, nullable=False),
        sa.Column("closed_at", Number),
        sa.ForeignKeyConstraint(
            ["organisation"], ["organisations.id"], name="fk_clients_organisation"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_clients"),
    )
    op.create_index("ix_clients_organisation", "clients", ["organisation"], unique=False)


def _consent_events() -> None:
    op.create_table(
        "consent_events",
        sa.Column("consent", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("at", Number, nullable=False),
        sa.ForeignKeyConstraint(["consent"], ["consents.id"], name="fk_consent_events_consent"),
        sa.PrimaryKeyConstraint("consent", "number", name="pk_consent_events"),
    )


def _consent_holds() -> None:
    op.create_table(
        "consent_holds",
        sa.Column("consent", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("business", sa.String(), nullable=False),
        sa.Column("starts_at", Number, nullable=False),
        sa.Column("ends_at", Number, nullable=False),
        sa.ForeignKeyConstraint(["consent"], ["consents.id"], name="fk_consent_holds_consent"),
        sa.PrimaryKeyConstraint("consent", "number", name="pk_consent_holds"),
    )


def _job_items() -> None:
    op.create_table(
        "job_items",
        sa.Column("job", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("subject", sa.String()),
        sa.Column("body", sa.LargeBinary()),
        sa.ForeignKeyConstraint(["job"], ["jobs.id"], name="fk_job_items_job"),
        sa.PrimaryKeyConstraint("job", "number", name="pk_job_items"),
    )
    op.create_index("ix_job_items_subject", "job_items", ["subject"], unique=False)


def _webhook_messages() -> None:
    op.create_table(
        "webhook_messages",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("endpoint", sa.String(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", Number, nullable=False),
        sa.Column("next_at", Number, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("delivered_at", Number),
        sa.Column("given_up", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["endpoint"], ["webhook_endpoints.id"], name="fk_webhook_messages_endpoint"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_messages"),
    )
    op.create_index(
        "ix_webhook_messages_given_up_delivered_at_next_at",
        "webhook_messages",
        ["given_up", "delivered_at", "next_at"],
        unique=False,
    )


def _webhook_secrets() -> None:
    op.create_table(
        "webhook_secrets",
        sa.Column("endpoint", sa.String(), nullable=False),
        sa.Column("created_at", Number, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", Number),
        sa.ForeignKeyConstraint(
            ["endpoint"], ["webhook_endpoints.id"], name="fk_webhook_secrets_endpoint"
        ),
        sa.PrimaryKeyConstraint("endpoint", "created_at", name="pk_webhook_secrets"),
    )


def _client_secrets() -> None:
    op.create_table(
        "client_secrets",
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("created_at", Number, nullable=False),
        sa.Column("expires_at", Number),
        sa.ForeignKeyConstraint(["client"], ["clients.id"], name="fk_client_secrets_client"),
        sa.PrimaryKeyConstraint("client", "digest", name="pk_client_secrets"),
    )
