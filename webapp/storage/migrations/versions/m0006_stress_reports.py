"""Stress runs, and the one place for a run that goes on."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "stress_report",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("slot", sa.Integer, nullable=True, unique=True),
        sa.Column("is_stop_asked", sa.Boolean, nullable=False),
        sa.Column("document", sa.JSON, nullable=False),
        sa.Column("live", sa.JSON, nullable=True),
    )
    op.create_index("ix_stress_report_created_at", "stress_report", ["created_at"])
