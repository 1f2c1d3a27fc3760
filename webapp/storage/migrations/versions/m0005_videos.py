"""Videos, what was found in them, and who looks at them."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the three tables."""
    op.create_table(
        "video",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("video_name", sa.Text, nullable=False),
        sa.Column("original_name", sa.String(40), nullable=False),
        sa.Column("original_bytes", sa.BigInteger, nullable=False),
        sa.Column("original_sha256", sa.String(64), nullable=False),
        sa.Column("width", sa.Integer, nullable=True),
        sa.Column("height", sa.Integer, nullable=True),
        sa.Column("duration_s", sa.Double, nullable=True),
        sa.Column("frame_rate", sa.Double, nullable=True),
        sa.Column("model_name", sa.Text, nullable=False),
        sa.Column("model_version", sa.BigInteger, nullable=True),
        sa.Column("threshold", sa.Double, nullable=False),
        sa.Column("score_floor", sa.Double, nullable=False),
        sa.Column("samples_per_s", sa.Double, nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("failure_sentence", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("position_s", sa.Double, nullable=False),
        sa.Column("frames_done", sa.Integer, nullable=False),
        sa.Column("work_s", sa.Double, nullable=False),
        sa.Column("times", sa.JSON, nullable=True),
        sa.Column("annotation", sa.String(32), nullable=False),
        sa.Column("annotated_bytes", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("lease_owner", sa.String(64), nullable=True),
        sa.Column("lease_ends_at", sa.DateTime(timezone=True), nullable=True),
    )
    op.create_index("ix_video_newest", "video", ["created_at", "id"])
    op.create_index("ix_video_state", "video", ["state"])
    op.create_index("ix_video_original_name", "video", ["original_name"])
    op.create_table(
        "video_frame",
        sa.Column(
            "video_id",
            sa.String(32),
            sa.ForeignKey("video.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("frame_index", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("moment_s", sa.Double, nullable=False),
        sa.Column("detections", sa.JSON, nullable=False),
    )
    op.create_table(
        "video_worker",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
    )
