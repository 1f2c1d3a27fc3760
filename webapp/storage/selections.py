"""Conditions and selections on the table of results."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute

from webapp.storage.query import ResultQuery
from webapp.storage.tables import LabelRow, ResultRow


def conditions(query: ResultQuery) -> list[sa.ColumnElement[bool]]:
    """Return what a row must be to belong to a query's page, or to one after it."""
    conditions: list[sa.ColumnElement[bool]] = []
    if query.model:
        conditions.append(ResultRow.model_name == query.model)
    if query.task:
        conditions.append(ResultRow.task == query.task)
    if query.since:
        conditions.append(ResultRow.created_at >= query.since)
    if query.until:
        conditions.append(ResultRow.created_at < query.until)
    if query.batch_id:
        conditions.append(ResultRow.batch_id == query.batch_id)
    if query.label:
        is_it = LabelRow.label.contains(query.label.casefold(), autoescape=True)
        of_it = sa.select(LabelRow.label).where(LabelRow.result_id == ResultRow.id, is_it)
        conditions.append(of_it.exists())
    if query.after:
        place = sa.tuple_(ResultRow.created_at, ResultRow.id)
        conditions.append(place < sa.tuple_(query.after.created_at, query.after.result_id))
    return conditions


def latest_spans(model_name: str, limit: int) -> sa.Select[float | None]:
    """Select the model server's part, in milliseconds, of the latest answers of a model."""
    return (
        sa.select(ResultRow.serve_ms)
        .where(ResultRow.model_name == model_name, ResultRow.serve_ms.is_not(None))
        .order_by(ResultRow.created_at.desc(), ResultRow.id.desc())
        .limit(limit)
    )


def per(column: InstrumentedAttribute[Any]) -> sa.Select[Any, int]:
    """Select each value of a column, and how many rows have it."""
    return sa.select(column, sa.func.count()).group_by(column)


def originals_and_bytes() -> sa.Select[int, int]:
    """Select how many files there are, and what they weigh together."""
    columns = (ResultRow.original_name, ResultRow.original_bytes)
    files = sa.select(*columns).distinct().subquery()
    total = sa.func.coalesce(sa.func.sum(files.c.original_bytes), 0)
    return sa.select(sa.func.count(), total).select_from(files)
