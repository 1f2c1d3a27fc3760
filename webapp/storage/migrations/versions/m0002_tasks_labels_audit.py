"""Classifications, batches, searching by label and speed, and deletions with their record."""

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_RESULT = sa.table(
    "result",
    sa.column("id", sa.String),
    sa.column("threshold", sa.Double),
    sa.column("detections", sa.JSON),
    sa.column("times", sa.JSON),
    sa.column("serve_ms", sa.Double),
)
_LABEL = sa.table("result_label", sa.column("result_id"), sa.column("label"))
_SPAN = (
    sa.update(_RESULT)
    .where(_RESULT.c.id == sa.bindparam("result_id"))
    .values(serve_ms=sa.bindparam("span_ms"))
)
_ROWS_AT_ONCE = 500


def upgrade() -> None:
    """Add what is new, and fill it from the rows that are there."""
    _extend_results()
    _make_tables()
    _fill()


def _extend_results() -> None:
    op.add_column("result", sa.Column("batch_id", sa.String(32)))
    op.add_column(
        "result", sa.Column("task", sa.String(32), nullable=False, server_default="detection")
    )
    op.add_column(
        "result", sa.Column("classification", sa.JSON, nullable=False, server_default="[]")
    )
    op.add_column("result", sa.Column("serve_ms", sa.Double))
    op.drop_index("ix_result_created_at", "result")
    op.create_index("ix_result_newest", "result", ["created_at", "id"])
    op.create_index("ix_result_newest_of_model", "result", ["model_name", "created_at", "id"])
    op.create_index("ix_result_batch_id", "result", ["batch_id"])
    op.create_index("ix_result_original_name", "result", ["original_name"])


def _make_tables() -> None:
    op.create_table(
        "result_label",
        sa.Column(
            "result_id",
            sa.String(32),
            sa.ForeignKey("result.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("label", sa.Text, primary_key=True),
    )
    op.create_table("doomed_original", sa.Column("name", sa.String(40), primary_key=True))
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("action", sa.String(32), nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("result_id", sa.String(32), nullable=False),
        sa.Column("original_name", sa.String(40), nullable=False),
        sa.Column("original_sha256", sa.String(64), nullable=False),
        sa.Column("is_original_removed", sa.Boolean, nullable=False),
    )
    op.create_index("ix_audit_at", "audit", ["at"])


def _fill() -> None:
    """Write what can be searched for, some rows at a time."""
    last_id = ""
    while rows := _rows_after(last_id):
        spans = [
            {"result_id": row["id"], "span_ms": row["times"]["serve"]}
            for row in rows
            if row["times"]
        ]
        _write(_SPAN, spans)
        _write(sa.insert(_LABEL), [label for row in rows for label in _labels(row)])
        last_id = rows[-1]["id"]


def _rows_after(result_id: str) -> Sequence[sa.RowMapping]:
    columns = (_RESULT.c.id, _RESULT.c.threshold, _RESULT.c.detections, _RESULT.c.times)
    query = sa.select(*columns).where(_RESULT.c.id > result_id).order_by(_RESULT.c.id)
    return op.get_bind().execute(query.limit(_ROWS_AT_ONCE)).mappings().all()


def _write(statement: sa.Executable, rows: list[dict[str, Any]]) -> None:
    if rows:
        op.get_bind().execute(statement, rows)


def _labels(row: sa.RowMapping) -> Iterator[dict[str, Any]]:
    shown = {
        each["label"].casefold() for each in row["detections"] if each["score"] >= row["threshold"]
    }
    for label in sorted(shown):
        yield {"result_id": row["id"], "label": label}
