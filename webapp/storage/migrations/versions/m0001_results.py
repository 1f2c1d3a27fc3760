"""The table of results, as version 0.1.0 made it."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the table, unless version 0.1.0, which knew no steps, has made it."""
    if sa.inspect(op.get_bind()).has_table("result"):
        return
    op.create_table(
        "result",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("image_name", sa.Text, nullable=False),
        sa.Column("original_name", sa.String(40), nullable=False),
        sa.Column("original_bytes", sa.BigInteger, nullable=False),
        sa.Column("original_sha256", sa.String(64), nullable=False),
        sa.Column("width", sa.Integer, nullable=False),
        sa.Column("height", sa.Integer, nullable=False),
        sa.Column("model_name", sa.Text, nullable=False),
        sa.Column("model_version", sa.BigInteger),
        sa.Column("threshold", sa.Double, nullable=False),
        sa.Column("score_floor", sa.Double, nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("failure_kind", sa.String(32)),
        sa.Column("failure_sentence", sa.Text, nullable=False),
        sa.Column("detections", sa.JSON, nullable=False),
        sa.Column("times", sa.JSON),
    )
    op.create_index("ix_result_created_at", "result", ["created_at"])
