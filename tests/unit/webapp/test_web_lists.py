"""Lists of results: what a query finds, in which order, and page by page."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from vision import Classification, Detections
from webapp.exceptions import QueryError
from webapp.results import NO_CLASSES, NO_DETECTIONS, Result, StageTimes, State, Task
from webapp.storage.originals import random_id
from webapp.storage.query import Cursor, ResultQuery, parse_query
from webapp.storage.store import ResultStore, Speed

NOON = datetime(2026, 3, 9, 12, 0, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ResultStore]:
    store = ResultStore(f"sqlite:///{tmp_path}/results.sqlite3")
    yield store
    store.close()


def objects(scores: Mapping[str, float]) -> Detections:
    return Detections(
        xyxy=np.tile(np.array([[0, 0, 9, 9]], np.float32), (len(scores), 1)),
        class_ids=np.arange(len(scores)),
        scores=np.array(list(scores.values()), np.float32),
        labels=tuple(scores),
    )


def classes(scores: Mapping[str, float]) -> Classification:
    return Classification(
        class_ids=np.arange(len(scores)),
        scores=np.array(list(scores.values()), np.float32),
        labels=tuple(scores),
    )


def done(
    *,
    detections: Detections = NO_DETECTIONS,
    classification: Classification = NO_CLASSES,
    model: str = "toy",
    at: datetime = NOON,
    serve_ms: float = 30.0,
) -> Result:
    return Result(
        id=random_id(),
        created_at=at,
        image_name="dog.jpg",
        original_name=f"{random_id()}.jpg",
        original_bytes=1000,
        original_sha256="0" * 64,
        width=10,
        height=10,
        task=Task.CLASSIFICATION if len(classification) else Task.DETECTION,
        model_name=model,
        model_version=1,
        threshold=0.5,
        score_floor=0.05,
        state=State.DONE,
        failure_kind=None,
        failure_sentence="",
        detections=detections,
        classification=classification,
        times=StageTimes(1.0, 1.0, 1.0, serve_ms, 1.0, 40.0),
    )


def test_empty_list_has_one_empty_page(store: ResultStore) -> None:
    """Without results there is a page, and nothing on it or behind it."""
    page = store.page(ResultQuery())

    assert page.results == ()
    assert page.next is None
    assert store.count(ResultQuery()) == 0
    assert store.counts().results == store.counts().original_bytes == 0
    assert store.labels() == ()


def test_pages_hold_every_result_once_the_newest_first(store: ResultStore) -> None:
    """Page after page brings all results, of equal moments too, and new ones do not disturb."""
    added = [done(at=NOON + timedelta(minutes=number // 3)) for number in range(10)]
    for result in added:
        store.add(result)
    query = ResultQuery(limit=4)

    first = store.page(query)
    store.add(done(at=NOON + timedelta(days=1)))
    assert first.next is not None
    second = store.page(replace(query, after=Cursor.parse(str(first.next))))
    assert second.next is not None
    third = store.page(replace(query, after=second.next))

    seen = [*first.results, *second.results, *third.results]
    assert [len(page.results) for page in (first, second, third)] == [4, 4, 2]
    assert third.next is None
    assert seen == sorted(added, key=lambda each: (each.created_at, each.id), reverse=True)


LABELS = [
    ("dog", ["both"]),
    ("DOG", ["both"]),
    ("retriever", ["class"]),
    ("og", ["both"]),
    ("cat", []),
    ("daisy", []),
    ("100%", ["class"]),
    ("%", ["class"]),
    ("_", []),
    ("straße", ["both"]),
    ("' OR 1=1 --", []),
]


@pytest.mark.parametrize(("label", "names"), LABELS)
def test_results_are_found_by_what_they_show(
    store: ResultStore, label: str, names: list[str]
) -> None:
    """A part of a shown name finds it, in any case; what is below the threshold is not shown."""
    both = done(detections=objects({"Dog": 0.9, "dog": 0.8, "STRASSE": 0.7, "cat": 0.4}))
    of_class = done(classification=classes({"golden retriever 100%": 0.3, "daisy": 0.2}))
    store.add(both)
    store.add(of_class)

    found = store.page(ResultQuery(label=label)).results

    ids = {"both": both.id, "class": of_class.id}
    assert [result.id for result in found] == [ids[name] for name in names]
    assert store.count(ResultQuery(label=label)) == len(names)


def test_answer_that_comes_later_can_be_found(store: ResultStore) -> None:
    """A result is found by its labels from the moment it is answered, and counted once."""
    answered = done(detections=objects({"dog": 0.9}))
    store.add(replace(answered, state=State.PENDING, detections=NO_DETECTIONS, times=None))
    before = store.count(ResultQuery(label="dog"))

    store.update(answered)
    store.update(answered)

    assert before == 0
    assert store.count(ResultQuery(label="dog")) == 1


def test_filters_can_be_put_together(store: ResultStore) -> None:
    """Model, task, days and batch each leave out what they do not mean."""
    old = done(at=NOON - timedelta(days=2))
    other = done(model="other")
    named = done(classification=classes({"daisy": 0.9}))
    in_batch = replace(done(), batch_id="a" * 32)
    for result in (old, other, named, in_batch):
        store.add(result)

    def found(**fields: str) -> set[str]:
        return {result.id for result in store.page(parse_query(fields)).results}

    assert found() == {old.id, other.id, named.id, in_batch.id}
    assert found(model="other") == {other.id}
    assert found(task="classification") == {named.id}
    assert found(batch="a" * 32) == {in_batch.id}
    assert found(to="2026-03-07") == {old.id}
    assert found(**{"from": "2026-03-08"}) == {other.id, named.id, in_batch.id}
    assert found(model="toy", task="detection", **{"from": "2026-03-09"}) == {in_batch.id}
    assert found(to="2026-03-09T12:00:00Z") == {old.id}


BAD_FIELDS = [
    {"task": "guessing"},
    {"from": "yesterday"},
    {"to": "2026-02-30"},
    {"to": "9999-12-31"},
    {"from": "2026-03-09", "to": "2026-03-08"},
    {"batch": "x"},
    {"limit": "0"},
    {"limit": "201"},
    {"limit": "many"},
    {"limit": "²"},
    {"cursor": "x"},
    {"cursor": "999999999999999999-" + "0" * 32},
]


@pytest.mark.parametrize("fields", BAD_FIELDS, ids=str)
def test_query_that_makes_no_sense_is_refused(fields: dict[str, str]) -> None:
    """A field that means nothing is an error in a sentence."""
    with pytest.raises(QueryError, match=r"^The .*\.$"):
        parse_query(fields)


def test_empty_fields_filter_nothing() -> None:
    """A form that is sent as it comes asks for everything."""
    query = parse_query({"label": " ", "model": "", "task": "", "from": "", "cursor": ""})

    assert query == ResultQuery()
    assert not query.is_filtered
    assert parse_query({"label": "x"}).is_filtered
    assert not parse_query({"limit": "5"}).is_filtered


def test_speed_is_the_median_of_the_latest_answers(store: ResultStore) -> None:
    """One slow answer does not make a model slow, and old ones are forgotten."""
    for minute in range(150):
        span_ms = 500.0 if minute < 49 else (1000.0 if minute == 149 else 20.0)
        store.add(done(at=NOON + timedelta(minutes=minute), serve_ms=span_ms))
    store.add(replace(done(model="idle"), state=State.PENDING, times=None))

    assert store.speeds(["toy", "idle", "unknown"]) == {"toy": Speed(20.0, 101)}


def test_counts_count_each_file_once(store: ResultStore) -> None:
    """Two results about one file are two results, and one file."""
    first = done()
    store.add(first)
    store.add_again(replace(first, id=random_id(), model_name="other"))
    store.add(replace(done(), state=State.PENDING))

    counts = store.counts()

    assert counts.by_model == {"toy": 2, "other": 1}
    assert counts.by_state == {State.DONE: 2, State.PENDING: 1}
    assert (counts.results, counts.originals, counts.original_bytes) == (3, 2, 2000)
