"""The shapes of what the API takes and answers."""

from typing import NotRequired

from typing_extensions import TypedDict

from webapp.explanations.explanation_jobs import JobState
from webapp.failures import FailureKind
from webapp.results import State, Task


class ModelName(TypedDict):
    """Which model answered.

    Attributes:
        name: Its name.
        version: Its version; null until it has answered.
    """

    name: str
    version: int | None


class Box(TypedDict):
    """Where an object is, in pixels of the upright picture, to a hundredth.

    Attributes:
        x_min: Left side, from 0.
        y_min: Upper side, from 0.
        x_max: Right side, up to the picture's width.
        y_max: Lower side, up to the picture's height.
    """

    x_min: float
    y_min: float
    x_max: float
    y_max: float


class Found(TypedDict):
    """An object that was found.

    Attributes:
        label: Name of its class.
        class_id: Id of its class.
        score: How sure the model is, 0..1.
        box: Where it is.
    """

    label: str
    class_id: int
    score: float
    box: Box


class Named(TypedDict):
    """A class that the whole picture may belong to.

    Attributes:
        label: Its name.
        class_id: Its id.
        score: How sure the model is, 0..1.
    """

    label: str
    class_id: int
    score: float


class Timings(TypedDict, total=False):
    """Where the time went, in milliseconds; empty where there is no answer.

    Attributes:
        decode: Reading, checking and shrinking the picture.
        store: Writing the original and the row.
        encode: From pixels to request bytes.
        serve: The way to the model server and back, with the model's own work.
        parse: From answer bytes to boxes or classes.
        total: All of it.
    """

    decode: float
    store: float
    encode: float
    serve: float
    parse: float
    total: float


class Glance(TypedDict):
    """What a model said of a picture of which nothing is kept.

    Attributes:
        width: Pixels of the upright picture.
        height: Pixels of the upright picture.
        model: Who answered.
        detections: The objects, the surest first; only a detector answers these.
        classes: The classes, the most probable first; only a classifier answers these.
        timings_ms: Where the time went.
    """

    width: int
    height: int
    model: ModelName
    detections: NotRequired[list[Found]]
    classes: NotRequired[list[Named]]
    timings_ms: Timings


class Answer(TypedDict):
    """What a model said of a picture.

    Attributes:
        id: Of the result: 32 hexadecimal digits.
        image_name: File name of the picture, as it was sent.
        width: Pixels of the upright picture.
        height: Pixels of the upright picture.
        model: Who answered.
        detections: The objects, the surest first; only a detector answers these.
        classes: The classes, the most probable first; only a classifier answers these.
        timings_ms: Where the time went.
    """

    id: str
    image_name: str
    width: int
    height: int
    model: ModelName
    detections: NotRequired[list[Found]]
    classes: NotRequired[list[Named]]
    timings_ms: Timings


class NoAnswer(TypedDict):
    """Why a result has no answer.

    Attributes:
        kind: For programs.
        detail: For people.
    """

    kind: FailureKind
    detail: str


class Links(TypedDict):
    """Where more is to be had of a result.

    Attributes:
        self: This document.
        page: The page for people.
        original: The picture as it was sent.
        annotated: The picture with boxes, where there are any.
    """

    self: str
    page: str
    original: str
    annotated: NotRequired[str]


class KeptResult(Answer):
    """All of a result, answered or not.

    Attributes:
        task: What its model does.
        state: Whether there is an answer.
        failure: Why there is none; null where there is.
        created_at: When the picture was accepted, in ISO 8601.
        bytes: Size of the original.
        sha256: Digest of the original.
        batch: What pictures sent together have in common; null for one sent alone.
        threshold: Score from which detections or classes are shown.
        links: Where more is to be had.
    """

    task: Task
    state: State
    failure: NoAnswer | None
    created_at: str
    bytes: int
    sha256: str
    batch: str | None
    threshold: float
    links: Links


class ResultList(TypedDict):
    """A page of results, the newest first.

    Attributes:
        results: Those of the page.
        next: Address of the next page; null on the last one.
    """

    results: list[KeptResult]
    next: str | None


class Refused(TypedDict):
    """A picture of several that could not be accepted, or has no answer.

    Attributes:
        image_name: Its file name, as it was sent.
        status: The HTTP status that it alone would have been answered with.
        title: What happened, in a few words.
        detail: What happened, in a sentence.
        id: Of the result that was kept; null where nothing was.
    """

    image_name: str
    status: int
    title: str
    detail: str
    id: str | None


class Batch(TypedDict):
    """What became of pictures sent together.

    Attributes:
        id: What their results have in common.
        results: Of those that were answered, in the order they were sent.
        refused: Those that were not, and why.
        links: The list of their results, and the page for people.
    """

    id: str
    results: list[KeptResult]
    refused: list[Refused]
    links: "BatchLinks"


class BatchLinks(TypedDict):
    """Where more is to be had of pictures sent together.

    Attributes:
        results: Their results, as a list.
        page: The page for people.
    """

    results: str
    page: str


class MeasuredSpeed(TypedDict):
    """How fast a model has answered here.

    Attributes:
        median_ms: Of the model server's part, in milliseconds.
        answers: How many of the latest answers that is the median of.
    """

    median_ms: float
    answers: int


class Model(TypedDict):
    """A model that can be asked.

    Attributes:
        name: What it is called in requests.
        title: What it is called for people.
        task: What it does.
        summary: What it is good for.
        licence: SPDX identifier.
        source: Where its archive was published; null where it was made here.
        threshold: Score from which detections or classes are shown unless asked otherwise.
        default: Whether it is asked where no model is named.
        bundled: Whether it came with the program.
        explains: Whether its answers can be explained.
        classes: How many classes it knows.
        speed: How fast it has answered here; null where it never has.
    """

    name: str
    title: str
    task: Task
    summary: str
    licence: str
    source: str | None
    threshold: float
    default: bool
    bundled: bool
    explains: bool
    classes: int
    speed: MeasuredSpeed | None


class ModelList(TypedDict):
    """The models that can be asked, the default one first.

    Attributes:
        models: All of them.
    """

    models: list[Model]


class HeatMap(TypedDict):
    """Where a picture speaks for a class.

    Attributes:
        result: Id of the result.
        class_id: The class.
        label: Its name.
        score: How sure the model is, 0..1.
        heat_map: Address of the map, as a PNG with transparent places.
        overlay: Address of the picture with the map on it, as a JPEG.
    """

    result: str
    class_id: int
    label: str
    score: float
    heat_map: str
    overlay: str


class Explanation(TypedDict):
    """How far the explanation of a detection is.

    Attributes:
        id: 32 hexadecimal digits.
        address: Where to look how far it is.
        result: Id of the result.
        detection: Which of its detections, from 0.
        label: Name of that object.
        state: Where it stands.
        progress: How much of the work is done, 0..1.
        failure_kind: Why there is none, for programs; null unless it failed.
        sentence: Why there is none, for people; empty unless it failed.
        heat_map: Address of the map, as a PNG; null until it is done.
        overlay: Address of the picture with the map on it, as a JPEG; null until it is done.
    """

    id: str
    address: str
    result: str
    detection: int
    label: str
    state: JobState
    progress: float
    failure_kind: FailureKind | None
    sentence: str
    heat_map: str | None
    overlay: str | None


class AskAgain(TypedDict):
    """Which model is to look at the picture of a result.

    Attributes:
        model: Its name; null for the default one.
        threshold: Score from which detections or classes are shown; null for the model's own.
    """

    model: NotRequired[str | None]
    threshold: NotRequired[float | None]


class AskWhy(TypedDict):
    """Which detection is to be explained.

    Attributes:
        detection: Its place among all detections of the result, from 0, the surest first.
    """

    detection: int


class ProblemDocument(TypedDict):
    """What went wrong: a problem document, RFC 9457.

    Attributes:
        type: `about:blank`: the status says what kind of problem it is.
        title: What happened, in a few words.
        status: The HTTP status.
        detail: What happened, in a sentence.
        kept: What became of what was sent; empty where nothing was sent.
        advice: What to do now.
        reference: Id of the request, by which it is found in the log.
        id: Of the result that was kept without an answer.
        retry: Where to POST to ask the model again about it.
    """

    type: str
    title: str
    status: int
    detail: str
    kept: str
    advice: str
    reference: str
    id: NotRequired[str]
    retry: NotRequired[str]
