"""The facts about a model that its users need: the contents of ``model.toml``."""

import json
import re
import tomllib
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from types import NoneType
from typing import Any, Self, TypeVar, get_args, get_type_hints

from vision.browser_form import BrowserForm
from vision.exceptions import ModelCardError
from vision.output_names import ClassificationOutputs, DetectionOutputs, Explanation
from vision.resize import Resize

_OUTPUTS_OF_TASK: Mapping[str, type[ClassificationOutputs | DetectionOutputs]] = {
    "classification": ClassificationOutputs,
    "detection": DetectionOutputs,
}
TASKS = frozenset(_OUTPUTS_OF_TASK)
_INPUT_DTYPES = frozenset({"uint8"})
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_URL = re.compile(r"https?://\S+")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class InputSpec:
    """What a model wants to be fed.

    Attributes:
        signature: Name of the signature to call.
        tensor: Name of the input tensor, of shape [1, H, W, 3].
        dtype: Its type; ``"uint8"``.
        resize: How far pictures are shrunk first.
    """

    signature: str
    tensor: str
    dtype: str
    resize: Resize

    def __post_init__(self) -> None:
        _check("signature", self.signature, _is_line, "one line of text")
        _check("tensor", self.tensor, _is_line, "one line of text")
        _check("dtype", self.dtype, _INPUT_DTYPES.__contains__, _one_of(_INPUT_DTYPES))


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    r"""The facts about one model.

    Attributes:
        name: The name it is served under: letters, digits, ``_``, ``.`` and ``-``.
        title: Its name for people.
        task: What it does: ``"classification"`` or ``"detection"``.
        summary: One line on what it is good for.
        licence: SPDX identifier.
        source_url: Where its archive was published, http or https; empty where it was made here.
        archive_sha256: SHA-256 of that archive, 64 lower-case hexadecimal digits; empty where
            there is none.
        rank: The model of lowest rank is the default one.
        threshold: Score from which a detection or a class is shown unless asked otherwise, 0..1.
        input: What it wants to be fed.
        outputs: The names of what it answers, as the task wants them.
        explanation: How a classification model is asked which part of a picture decided; None
            where it cannot be asked.
        browser: The form of a detection model that browsers run themselves; None where there is
            none.
        labels_file: File name, beside ``model.toml``, of the class names.

    Raises:
        ModelCardError: A value is out of range; the message has the key, expected and actual.
    """

    name: str
    title: str
    task: str
    summary: str
    licence: str
    source_url: str = ""
    archive_sha256: str = ""
    rank: int
    threshold: float
    input: InputSpec
    outputs: ClassificationOutputs | DetectionOutputs
    explanation: Explanation | None = None
    browser: BrowserForm | None = None
    labels_file: str = "labels.txt"

    def __post_init__(self) -> None:
        _check("name", self.name, _PLAIN_NAME.fullmatch, "letters, digits and _ . -")
        _check("title", self.title, _is_line, "one line of text")
        _check("task", self.task, TASKS.__contains__, _one_of(TASKS))
        _check("summary", self.summary, _is_line, "one line of text")
        _check("licence", self.licence, _is_line, "one line of text")
        _check("source_url", self.source_url, _is_url_or_none, "an http or https address")
        _check("archive_sha256", self.archive_sha256, _is_sha256_or_none, "64 hexadecimal digits")
        _check("threshold", self.threshold, lambda score: 0 <= score <= 1, "a score from 0 to 1")
        _check("labels_file", self.labels_file, _PLAIN_NAME.fullmatch, "a plain file name")
        kind = _OUTPUTS_OF_TASK[self.task]
        _check("outputs", self.outputs, lambda names: type(names) is kind, f"{kind.__name__}")
        if self.explanation is not None and self.task != "classification":
            raise ModelCardError(f"explanation: expected none for {self.task}, got one")
        if self.browser is not None:
            self._check_browser()

    def _check_browser(self) -> None:
        if self.task != "detection":
            raise ModelCardError(f"browser: expected none for {self.task}, got one")
        if self.input.resize.method == "none":
            raise ModelCardError("browser: expected none where pictures keep their size, got one")

    @property
    def detection_outputs(self) -> DetectionOutputs:
        """The names of what a detection model answers.

        Raises:
            ModelCardError: The model has another task.
        """
        if not isinstance(self.outputs, DetectionOutputs):
            raise ModelCardError(f"{self.name} is for {self.task}; expected a model for detection")
        return self.outputs

    @property
    def is_bundled(self) -> bool:
        """Whether it came with its repository, because there is no archive to fetch it from."""
        return not self.archive_sha256

    @classmethod
    def from_toml(cls, text: str) -> Self:
        """Read the text of a ``model.toml``.

        Raises:
            ModelCardError: The text is no TOML, or a key is unknown, missing, or has a value of
                another type or out of range.
        """
        try:
            table = tomllib.loads(text)
        except ValueError as error:
            raise ModelCardError(f"expected TOML: {error}") from error
        return _from_table(
            cls, table, hints=get_type_hints(cls) | {"outputs": _outputs_kind(table)}
        )

    def to_toml(self) -> str:
        """Return the text that :meth:`from_toml` reads back as an equal card."""
        return "".join(_toml_lines(self))


_PartT = TypeVar("_PartT")


def _outputs_kind(table: Mapping[str, Any]) -> type[ClassificationOutputs | DetectionOutputs]:
    """Return the form of `outputs`, which the task decides."""
    if "task" not in table:
        raise ModelCardError("task: missing")
    task = table["task"]
    _check("task", task, lambda name: isinstance(name, str) and name in TASKS, _one_of(TASKS))
    return _OUTPUTS_OF_TASK[task]


def _from_table(
    part: type[_PartT],
    table: Mapping[str, Any],
    path: str = "",
    hints: Mapping[str, Any] | None = None,
) -> _PartT:
    hints = get_type_hints(part) if hints is None else hints
    for key in table:
        if key not in hints:
            raise ModelCardError(f"{path}{key}: unknown key; expected one of {', '.join(hints)}")
    values = {}
    for field in fields(part):  # type: ignore[arg-type]  # every part is a dataclass
        key = field.name
        if key in table:
            values[key] = _from_value(hints[key], table[key], f"{path}{key}")
        elif field.default is MISSING:
            raise ModelCardError(f"{path}{key}: missing")
    try:
        return part(**values)
    except (ModelCardError, ValueError) as error:
        raise ModelCardError(f"{path}{error}") from error


def _from_value(hint: Any, value: object, key: str) -> object:
    # TOML cannot say None: an optional value is there, or left out.
    hint = next(kind for kind in (*get_args(hint), hint) if kind is not NoneType)
    if isinstance(hint, type) and is_dataclass(hint):
        if not isinstance(value, dict):
            raise ModelCardError(f"{key}: expected a table, got {value!r}")
        return _from_table(hint, value, f"{key}.")
    plain = hint if hint in {int, float} else str
    is_whole_number = plain is float and type(value) is int
    if type(value) is not plain and not is_whole_number:
        raise ModelCardError(f"{key}: expected {plain.__name__}, got {value!r}")
    return value


def _toml_lines(part: Any, path: str = "") -> Iterator[str]:
    values = [(field, getattr(part, field.name)) for field in fields(part)]
    for field, value in values:
        is_left_out = not value and value == field.default
        if not is_dataclass(value) and not is_left_out:
            yield f"{field.name} = {_toml_value(value)}\n"
    for field, value in values:
        if is_dataclass(value):
            yield f"\n[{path}{field.name}]\n"
            yield from _toml_lines(value, f"{path}{field.name}.")


def _toml_value(value: str | float) -> str:
    # TOML writes numbers and strings as JSON does, but wants DEL escaped too.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _check(key: str, actual: object, is_valid: Callable[[Any], object], expected: str) -> None:
    if not is_valid(actual):
        raise ModelCardError(f"{key}: expected {expected}, got {actual!r}")


def _is_url_or_none(text: str) -> bool:
    return not text or _URL.fullmatch(text) is not None


def _is_sha256_or_none(text: str) -> bool:
    return not text or _SHA256.fullmatch(text) is not None


def _is_line(text: str) -> bool:
    return bool(text.strip()) and not any(map(_breaks_line, text))


def _breaks_line(character: str) -> bool:
    # Control characters, halves of surrogate pairs, line and paragraph separators.
    return unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}


def _one_of(values: frozenset[str]) -> str:
    return f"one of {', '.join(sorted(values))}"
