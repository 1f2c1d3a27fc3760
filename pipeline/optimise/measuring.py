"""Measuring the original and its variants on the same pictures."""

import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from pipeline.evaluate.detector import FoundBox
from pipeline.evaluate.score import score
from pipeline.exceptions import OptimiseError
from pipeline.optimise.agreement import same_best_class, same_boxes, top_accuracies
from pipeline.optimise.answers import Answer, read_answer, wanted_outputs
from pipeline.optimise.callers import Caller, SavedModelCaller, TFLiteCaller
from pipeline.optimise.making import TFLITE_FILE, Made
from pipeline.optimise.pictures import PictureSet, TestPicture
from pipeline.optimise.report import Row
from pipeline.optimise.speed import Call, Latency, latencies, throughput
from vision import (
    Classification,
    Detections,
    Labels,
    ModelCard,
    VisionError,
    decode_picture,
)

_LOADS = 3
_TIMED_PICTURES = 20


@dataclass(frozen=True, slots=True, eq=False)
class SentPicture:
    """A picture as the web application would send it.

    Attributes:
        images: uint8 RGB [1, H, W, 3], shrunk as the model's card says.
        size_wh: Width and height of the upright original in pixels.
    """

    images: NDArray[np.uint8]
    size_wh: tuple[int, int]

    @classmethod
    def of(cls, picture: TestPicture, card: ModelCard) -> Self:
        """Decode and shrink a picture.

        Raises:
            OptimiseError: It cannot be decoded.
        """
        try:
            decoded = decode_picture(picture.data, resize=card.input.resize)
        except VisionError as error:
            raise OptimiseError(f"{picture.name} cannot be shown to the model: {error}") from error
        return cls(decoded.image_hwc[None], decoded.original_size_wh)


@dataclass(frozen=True, slots=True, eq=False)
class Measurement:
    """The rows of a report, and the answers behind them.

    Attributes:
        rows: The original first.
        answers: What each model says of every picture, by the name of the variant.
    """

    rows: tuple[Row, ...]
    answers: Mapping[str, Sequence[Answer]]


@dataclass(frozen=True, slots=True, eq=False)
class Examiner:
    """Measures models that take the same pictures and answer in the same form.

    Attributes:
        card: The original's facts.
        labels: The names of its classes.
        pictures: The pictures, and what is in them.
        sent: The same as they are sent.
        calls: How many calls of each model are timed.
        cpus: How many processors there are.
    """

    card: ModelCard
    labels: Labels
    pictures: PictureSet
    sent: Sequence[SentPicture]
    calls: int
    cpus: int

    def measure(
        self, models: Sequence[Made], served: Mapping[str, Latency], show: Callable[[str], object]
    ) -> Measurement:
        """Measure models.

        Args:
            models: The original first.
            served: Latencies through a model server, where they were measured.
            show: Told what is done next.

        Raises:
            OptimiseError: A model does not answer as its card says.
        """
        show("load times")
        self._load_s(models[0])  # what TensorFlow does once, it does for that one
        load_s = {model.name: self._load_s(model) for model in models}
        with ExitStack() as stack:
            callers = {
                model.name: stack.enter_context(closing(self._open(model, self.cpus)))
                for model in models
            }
            show("answers")
            answers = {name: self._answers(caller) for name, caller in callers.items()}
            show("speed")
            speed = latencies(
                {name: self._timed_calls(caller) for name, caller in callers.items()}, self.calls
            )
            per_second = {
                model.name: self._throughput(model, callers[model.name]) for model in models
            }
        rows = [
            Row(
                name=model.name,
                title=model.title,
                what=model.what,
                size=model.size,
                sparsity=model.sparsity,
                needs_flex=model.needs_flex,
                load_s=load_s[model.name],
                latency=speed[model.name],
                per_second=per_second[model.name],
                served=served.get(model.name),
                agreement=self._agreement(answers[models[0].name], answers[model.name]),
                accuracy=self._accuracy(answers[model.name]),
            )
            for model in models
        ]
        return Measurement(tuple(rows), answers)

    def _open(self, model: Made, threads: int) -> Caller:
        spec, outputs = self.card.input, wanted_outputs(self.card)
        if model.form == "tflite":
            file = model.folder / TFLITE_FILE
            return TFLiteCaller(file, spec.signature, spec.tensor, outputs, threads)
        return SavedModelCaller(model.folder, spec.signature, spec.tensor, outputs)

    def _load_s(self, model: Made) -> float:
        seconds = []
        for _ in range(_LOADS):
            started = time.perf_counter()
            with closing(self._open(model, self.cpus)) as caller:
                caller(self.sent[0].images)
                seconds.append(time.perf_counter() - started)
        return statistics.median(seconds)

    def _answers(self, caller: Caller) -> list[Answer]:
        return [self._answer(caller(each.images), each) for each in self.sent]

    def _answer(self, outputs: Mapping[str, NDArray[Any]], sent: SentPicture) -> Answer:
        try:
            return read_answer(outputs, self.card, self.labels, sent.size_wh)
        except VisionError as error:
            raise OptimiseError(f"{self.card.name} answers in another form: {error}") from error

    def _timed_calls(self, caller: Caller) -> list[Call]:
        return [partial(caller, each.images) for each in self.sent[:_TIMED_PICTURES]]

    def _throughput(self, model: Made, caller: Caller) -> float:
        with self._callers(model, caller) as callers:
            calls = [self._timed_calls(each) for each in callers]
            return throughput(calls, max(1, self.calls // self.cpus))

    @contextmanager
    def _callers(self, model: Made, caller: Caller) -> Iterator[list[Caller]]:
        """Lend a caller for each processor: a session serves all, an interpreter one."""
        if model.form == "saved_model":
            yield [caller] * self.cpus
            return
        with ExitStack() as stack:
            yield [
                stack.enter_context(closing(self._open(model, threads=1))) for _ in range(self.cpus)
            ]

    def _agreement(self, original: Sequence[Answer], answers: Sequence[Answer]) -> float | None:
        if self.card.task == "classification":
            return same_best_class(_classes(original), _classes(answers))
        return same_boxes(_boxes(original), _boxes(answers), self.card.threshold)

    def _accuracy(self, answers: Sequence[Answer]) -> Mapping[str, float]:
        if self.card.task == "classification":
            return self._top_accuracies(_classes(answers))
        return self._mean_average_precisions(_boxes(answers))

    def _top_accuracies(self, answers: Sequence[Classification]) -> Mapping[str, float]:
        truths = [picture.classes for picture in self.pictures.pictures]
        known = [(a, truth) for a, truth in zip(answers, truths, strict=True) if truth is not None]
        return top_accuracies([a for a, _ in known], [truth for _, truth in known]) if known else {}

    def _mean_average_precisions(self, answers: Sequence[Detections]) -> Mapping[str, float]:
        dataset = self.pictures.dataset
        if dataset is None:
            return {}
        found = {
            image_id: [FoundBox(box.label, box.score, box.xyxy) for box in boxes]
            for image_id, boxes in zip(dataset.pictures, answers, strict=True)
        }
        scores = score(dataset, found)
        return {"map": scores.map, "map_50": scores.map_50}


def _classes(answers: Sequence[Answer]) -> list[Classification]:
    return [answer for answer in answers if isinstance(answer, Classification)]


def _boxes(answers: Sequence[Answer]) -> list[Detections]:
    return [answer for answer in answers if isinstance(answer, Detections)]
