"""What the command line sends, from files and made up."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from serving_client import ServedModel, Signature, SignatureMismatchError, TensorSpec
from serving_client._requests import (
    RequestError,
    examples,
    from_file,
    from_image,
    made_up,
    served_models,
)


def signature(*specs: TensorSpec) -> Signature:
    return Signature("s", "", {each.name: each for each in specs}, {})


@pytest.mark.parametrize(
    ("spec", "batch", "shape"),
    [
        (TensorSpec("x", "float32", ()), 1, ()),
        (TensorSpec("x", "float32", None), 4, ()),
        (TensorSpec("x", "float32", (None, None, 5)), 1, (1, 1, 5)),
        (TensorSpec("x", "uint8", (None, None, None, 3)), 2, (2, 320, 320, 3)),
        (TensorSpec("x", "uint8", (1, None, 40, 3)), 2, (1, 320, 40, 3)),
        (TensorSpec("x", "string", (None,)), 3, (3,)),
    ],
)
def test_made_up_inputs_fit_the_signature(
    spec: TensorSpec, batch: int, shape: tuple[int, ...]
) -> None:
    """Zeros, or empty strings, of sizes that are known or usual."""
    made = made_up(signature(spec), batch)["x"]

    assert made.shape == shape
    assert made.dtype == (object if spec.dtype == "string" else spec.dtype)


def test_input_of_a_type_without_zeros_cannot_be_made_up() -> None:
    """A type that numpy lacks is told by the input's name."""
    with pytest.raises(RequestError, match="'x': cannot make up a resource tensor"):
        made_up(signature(TensorSpec("x", "resource", ())))


def test_json_holds_bytes(tmp_path: Path) -> None:
    """An object with `b64` stands for bytes, however deep in lists."""
    path = tmp_path / "i.json"
    path.write_text('{"x": [[{"b64": "/w=="}], ["a"]], "n": 1}')

    assert from_file(path) == {"x": [[b"\xff"], ["a"]], "n": 1}


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("i.json", b"", "is no JSON"),
        ("i.json", b"[1]", "expected an object of named tensors, not a list"),
        ("i.json", b'{"x": {"b64": "?"}}', "b64 holds no base64"),
        ("i.json", b'{"x": {"b64": 1}}', "b64 holds no base64"),
        ("i.json", b"[" * 100_000, "is no JSON"),
        ("i.npz", b"nothing", "i.npz"),
    ],
    ids=["empty", "list", "no base64", "a number", "deep", "npz"],
)
def test_files_that_hold_something_else_are_refused(
    name: str, content: bytes, said: str, tmp_path: Path
) -> None:
    """The sentence names the file."""
    (tmp_path / name).write_bytes(content)

    with pytest.raises(RequestError, match=said):
        from_file(tmp_path / name)


def test_image_needs_one_input_that_takes_it(tmp_path: Path) -> None:
    """Two inputs, or one of another kind, take no picture; the sentence names what they take."""
    x = TensorSpec("x", "float32", (None, 4))

    with pytest.raises(SignatureMismatchError, match=r"takes x float32.*, y float32"):
        from_image(tmp_path / "a.jpg", signature(x, TensorSpec("y", "float32", ())))
    with pytest.raises(SignatureMismatchError, match="takes x float32"):
        from_image(tmp_path / "a.jpg", signature(x))


def test_image_travels_as_a_file_to_an_input_of_strings(tmp_path: Path) -> None:
    """Where the model decodes, nothing is decoded here."""
    Image.new("RGB", (4, 3)).save(tmp_path / "a.jpg")

    inputs = from_image(tmp_path / "a.jpg", signature(TensorSpec("x", "string", (None,))))

    assert inputs["x"].tolist() == [(tmp_path / "a.jpg").read_bytes()]


def test_image_is_scaled_to_the_size_that_the_signature_prescribes(tmp_path: Path) -> None:
    """A command needs no second one that scales its picture before."""
    Image.new("RGB", (40, 30)).save(tmp_path / "a.png")
    x = TensorSpec("x", "uint8", (None, 8, 6, 3))

    inputs = from_image(tmp_path / "a.png", signature(x))

    assert inputs["x"].shape == (1, 8, 6, 3)


@pytest.mark.parametrize("content", [None, b"", b"no picture"])
def test_file_that_is_no_picture_is_refused(content: bytes | None, tmp_path: Path) -> None:
    """A file that is absent, empty or of another kind is named."""
    if content is not None:
        (tmp_path / "a.jpg").write_bytes(content)

    with pytest.raises(RequestError, match=r"a\.jpg"):
        from_image(tmp_path / "a.jpg", signature(TensorSpec("x", "string", (None,))))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("[]", ([], None)),
        ('[{"a": 1}, {}]', ([{"a": 1}, {}], None)),
        ('{"examples": [{"a": [1.5]}]}', ([{"a": [1.5]}], None)),
        (
            '{"examples": [{"a": {"b64": "/w=="}}], "context": {"c": "d"}}',
            ([{"a": b"\xff"}], {"c": "d"}),
        ),
    ],
)
def test_examples_are_a_list_or_a_request(text: str, found: object, tmp_path: Path) -> None:
    """A plain list of examples, or the body of a REST request, will do."""
    path = tmp_path / "e.json"
    path.write_text(text)

    assert examples(path) == found


@pytest.mark.parametrize("text", ["1", "[1]", "{}", '{"examples": {}}', '[{}, "a"]'])
def test_other_things_are_no_examples(text: str, tmp_path: Path) -> None:
    """Anything else is told by what was expected."""
    path = tmp_path / "e.json"
    path.write_text(text)

    with pytest.raises(RequestError, match="expected a list of examples"):
        examples(path)


def test_context_is_an_object(tmp_path: Path) -> None:
    """What examples share has names, too."""
    path = tmp_path / "e.json"
    path.write_text('{"examples": [], "context": 3}')

    with pytest.raises(RequestError, match="context"):
        examples(path)


@pytest.mark.parametrize(
    "text",
    [
        '[{"name": "b", "base_path": "/m/b", "versions": [1, 2]}]',
        '{"b": "/m/b"}',
    ],
)
def test_models_come_from_words_and_files(text: str, tmp_path: Path) -> None:
    """Pairs of the command line stand before those of the file."""
    path = tmp_path / "m.json"
    path.write_text(text)

    found = served_models([("a", "/m/a")], path)

    assert found[0] == ServedModel("a", "/m/a")
    assert (found[1].name, found[1].base_path) == ("b", "/m/b")
    assert found[1].versions == ((1, 2) if "versions" in text else ())


def test_no_models_must_be_said(tmp_path: Path) -> None:
    """An empty list unloads everything, so it has to stand somewhere."""
    path = tmp_path / "m.json"
    path.write_text("[]")

    assert served_models([], path) == ()
    with pytest.raises(RequestError, match="which models"):
        served_models([])


def test_name_stands_once() -> None:
    """Two folders cannot be one model."""
    with pytest.raises(RequestError, match="'a' is named twice"):
        served_models([("a", "/1"), ("b", "/2"), ("a", "/3")])


@pytest.mark.parametrize(
    "text",
    [
        "3",
        '["a"]',
        '[{"name": "a"}]',
        '{"a": 3}',
        '[{"name": "", "base_path": "/a"}]',
        '[{"name": "a", "base_path": "/a", "versions": ["1"]}]',
        '[{"name": "a", "base_path": "/a", "versions": [true]}]',
    ],
)
def test_other_things_are_no_models(text: str, tmp_path: Path) -> None:
    """Anything else is told by what was expected."""
    path = tmp_path / "m.json"
    path.write_text(text)

    with pytest.raises(RequestError, match="expected a list of objects"):
        served_models([], path)


def test_arrays_of_a_file_keep_their_types(tmp_path: Path) -> None:
    """An .npz file is sent as it is."""
    np.savez(tmp_path / "i.npz", x=np.zeros((2, 3), np.int8))

    inputs = from_file(tmp_path / "i.npz")

    assert isinstance(inputs["x"], np.ndarray)
    assert inputs["x"].dtype == np.int8
