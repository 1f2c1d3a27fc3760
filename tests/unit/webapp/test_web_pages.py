"""The pages: sending a picture, and seeing what is in it."""

import re
from collections.abc import Callable
from html import escape, unescape
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from serving_client import (
    DeadlineExceededError,
    InternalError,
    NotFoundError,
    ResourceExhaustedError,
    RpcError,
    UnavailableError,
)
from webapp import Settings, create_app
from webapp.services import EXTENSION
from webapp.testing import Box, FakeModelServer, install_model

Send = Callable[..., TestResponse]


def test_upload_leads_to_a_page_of_its_own(send: Send, web: FlaskClient) -> None:
    """A sent picture gets an address, and the page there has picture, original and table."""
    answer = send()

    page = web.get(answer.headers["Location"])

    assert answer.status_code == 303
    assert page.status_code == 200
    assert "<h1>2 objects found" in page.text
    assert re.findall(r'<tr data-finding="\d" .* data-label="(\w+)"', page.text) == [
        "dog", "person", "cat",
    ]  # fmt: skip
    assert "90 %" in page.text
    assert f"{answer.headers['Location']}/annotated.jpg" in page.text
    assert f'{answer.headers["Location"]}/original"' in page.text


def test_result_outlives_the_process(
    send: Send, settings: Settings, model_server: FakeModelServer
) -> None:
    """A result is rebuilt from what was stored, by a new process without a model server."""
    address = send().headers["Location"]
    model_server.failure = UnavailableError

    again = create_app(settings, client=model_server.client())
    page = again.test_client().get(address)
    again.extensions[EXTENSION].close()

    assert page.status_code == 200
    assert "2 objects found" in page.text


@pytest.mark.parametrize(
    ("threshold", "heading"),
    [("1", "Nothing found"), ("0.95", "Nothing found"), ("0.61", "1 object"), ("0", "3 objects")],
)
def test_threshold_filters_what_was_stored(
    send: Send, web: FlaskClient, threshold: str, heading: str
) -> None:
    """Another threshold shows more or less of the same answer, down to what was kept."""
    address = send().headers["Location"]

    page = web.get(address, query_string={"threshold": threshold})

    assert f"<h1>{heading}" in page.text
    assert f"annotated.jpg?threshold={float(threshold)}" in page.text


def test_nothing_found_says_what_to_do(send: Send, web: FlaskClient) -> None:
    """A page without objects names the best guess and the way to see it."""
    page = web.get(send(threshold="0.99").headers["Location"])

    assert "Nothing above 99 %" in page.text
    assert "the best is “dog” with 90 %" in page.text
    assert "Lower the threshold" in page.text


def test_nothing_recognised_at_all(
    send: Send, web: FlaskClient, model_server: FakeModelServer
) -> None:
    """A page of a picture without any guess suggests another model."""
    model_server.answer_with([])

    page = web.get(send().headers["Location"])

    assert "recognises nothing it knows" in page.text


def test_model_and_threshold_are_those_of_the_form(
    send: Send, web: FlaskClient, settings: Settings
) -> None:
    """The model that was picked answers, not the default one."""
    install_model(settings.model_repository, "careful", rank=99, threshold=0.8)

    chosen = web.get(send(model="careful").headers["Location"])
    default = web.get(send(threshold="0.7").headers["Location"])

    assert "careful</dd>" in chosen.text
    assert "1 object found" in chosen.text
    assert "toy</dd>" in default.text
    assert 'value="0.7"' in default.text


def test_index_without_models_says_what_installs_one(
    web: FlaskClient, send: Send, settings: Settings
) -> None:
    """Without a model there is no form, and the command that installs one."""
    (settings.model_repository / "toy" / "model.toml").unlink()

    page, answer = web.get("/"), send()

    assert page.status_code == 200
    assert "make models" in page.text
    assert "<form" not in page.text
    assert answer.status_code == 503
    assert "make models" in answer.text


def test_index_lists_models_with_the_default_one_picked(
    web: FlaskClient, settings: Settings
) -> None:
    """The model of lowest rank comes first and is picked, with its own threshold set."""
    install_model(settings.model_repository, "better", rank=1, threshold=0.35)

    page = web.get("/").text

    assert page.index("Better, 300 px") < page.index("Toy, 300 px")
    assert 'value="better" data-threshold-default="0.35" checked>' in page
    assert ">35 %</output>" in page


def test_index_without_samples_says_nothing_of_them(web: FlaskClient) -> None:
    """Where no sample pictures are installed, the form has no section for them."""
    assert "sample" not in web.get("/").text


def test_index_says_how_to_add_models_while_all_are_bundled(
    web: FlaskClient, settings: Settings
) -> None:
    """Where models are chosen, the way to more is shown until the first one was fetched."""
    (settings.model_repository / "toy" / "model.toml").unlink()
    install_model(settings.model_repository, "codes", rank=90, bundled=True)
    hint = "<code>make models</code>"

    alone = web.get("/").text
    install_model(settings.model_repository, "toy")
    together = web.get("/").text

    assert alone.count(hint) == 1
    assert alone.index("<fieldset") < alone.index(hint) < alone.index("</fieldset>")
    assert hint not in together


BAD_FILES = [
    pytest.param(b"", "dog.jpg", 400, "The file is empty.", id="no bytes"),
    pytest.param(b"", "", 400, "No picture was chosen.", id="nothing picked"),
    pytest.param(b"GIF89a", "dog.gif", 415, "“dog.gif” is not a .jpg", id="gif"),
    pytest.param(None, "dog.jpg.exe", 415, "“dog.jpg.exe” is not", id="two extensions"),
    pytest.param(None, "dog", 415, "“dog” is not", id="no extension"),
    pytest.param(None, "../.jpg/", 415, "is not a .jpg", id="extension of a folder"),
    pytest.param(b"plain text", "dog.jpg", 415, "neither a JPEG nor a PNG", id="renamed text"),
    pytest.param(b"<svg/>", "dog.png", 415, "neither a JPEG nor a PNG", id="renamed svg"),
    pytest.param(b"\xff\xd8\xff", "dog.jpg", 422, "cut off", id="start only"),
]


@pytest.mark.parametrize(("data", "name", "status", "sentence"), BAD_FILES)
def test_bad_file_is_refused_on_the_form(
    send: Send,
    photo: bytes,
    files: Callable[[], list[Path]],
    *,
    data: bytes | None,
    name: str,
    status: int,
    sentence: str,
) -> None:
    """What is no picture is refused with a sentence above the form, and nothing is kept."""
    answer = send(photo if data is None else data, name, model="toy")

    assert answer.status_code == status
    assert escape(sentence) in answer.text
    assert 'name="image"' in answer.text
    assert files() == []


@pytest.mark.parametrize("cut_at", [3, 100, 700, 2_000])
def test_truncated_picture_is_refused(
    send: Send, photo: bytes, files: Callable[[], list[Path]], cut_at: int
) -> None:
    """A picture that ends early is refused, wherever it ends."""
    answer = send(photo[:cut_at])

    assert answer.status_code == 422
    assert "cut off" in answer.text
    assert files() == []


def test_picture_bomb_is_refused(
    send: Send, png: Callable[[int, int], bytes], files: Callable[[], list[Path]]
) -> None:
    """A hundred megapixels in a few kilobytes are refused before they are unpacked."""
    answer = send(png(10_000, 10_000), "bomb.png")

    assert answer.status_code == 422
    assert "pixels" in answer.text
    assert files() == []


def test_file_over_the_limit_is_refused(
    send: Send, photo: bytes, files: Callable[[], list[Path]]
) -> None:
    """One byte too many, and very many too many, are refused on the form."""
    just_over = send(photo.ljust(300_001, b"\0"))
    far_over = send(photo.ljust(400_000, b"\0"))

    assert just_over.status_code == far_over.status_code == 413
    assert "The file is larger than 300 kB." in just_over.text
    assert 'name="image"' in far_over.text
    assert files() == []


BAD_FIELDS = [
    pytest.param({"threshold": "nan"}, "number from 0 to 1", id="not a number"),
    pytest.param({"threshold": "inf"}, "number from 0 to 1", id="infinite"),
    pytest.param({"threshold": "-0.1"}, "number from 0 to 1", id="negative"),
    pytest.param({"threshold": "1.01"}, "number from 0 to 1", id="above one"),
    pytest.param({"threshold": "half"}, "number from 0 to 1", id="a word"),
    pytest.param({"model": "none-such"}, "no model called 'none-such'", id="unknown model"),
    pytest.param({"model": "../toy"}, "no model called '../toy'", id="path of a model"),
    pytest.param({"model": "a\x00\u202eb"}, "Installed: toy", id="control characters"),
]


@pytest.mark.parametrize(("fields", "sentence"), BAD_FIELDS)
def test_bad_field_is_refused_on_the_form(
    send: Send, files: Callable[[], list[Path]], fields: dict[str, str], sentence: str
) -> None:
    """A value that makes no sense is refused with a sentence, and nothing is kept."""
    answer = send(**fields)

    assert answer.status_code == 422
    assert sentence in unescape(answer.text)
    assert files() == []


def test_refused_form_keeps_its_choices(send: Send, settings: Settings) -> None:
    """After a bad file the model and the threshold are still those that were picked."""
    install_model(settings.model_repository, "other", rank=99)

    page = send(b"text", model="other", threshold="0.7").text

    assert 'value="other" data-threshold-default="0.5" checked>' in page
    assert ">70 %</output>" in page


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"", "", 415),
        (b"image=dog", "application/x-www-form-urlencoded", 415),
        (b"{}", "application/json", 415),
        (b"", "multipart/form-data", 400),
        (b"garbage", "multipart/form-data; boundary=x", 400),
        (b"--x\r\nContent-Disposition: form-data", "multipart/form-data; boundary=x", 400),
        (
            b'--x\r\nContent-Disposition: form-data; name="image"\r\n\r\nno file\r\n--x--\r\n',
            "multipart/form-data; boundary=x",
            400,
        ),
    ],
)
def test_malformed_form_is_refused(
    web: FlaskClient, body: bytes, content_type: str, status: int
) -> None:
    """A form that is none, or has no file in it, is refused with a sentence."""
    answer = web.post("/", data=body, content_type=content_type)

    assert answer.status_code == status
    assert "notice__title" in answer.text


HOSTILE_NAMES = [
    ("../../etc/passwd.jpg", "passwd.jpg"),
    ("..\\..\\boot.jpg", "boot.jpg"),
    ("/absolute/dog.PNG", "dog.PNG"),
    ("nul\x00l.jpg", "null.jpg"),
    ("\u202egpj.exe\u200f.jpg", "gpj.exe.jpg"),
    ("<script>alert(1)<b>.jpg", "<script>alert(1)<b>.jpg"),
    ("x" * 400 + ".jpeg", "x" * 49 + "…" + "x" * 45 + ".jpeg"),
]


@pytest.mark.parametrize(("name", "shown"), HOSTILE_NAMES)
def test_hostile_name_is_only_text(
    send: Send, web: FlaskClient, settings: Settings, name: str, shown: str
) -> None:
    """A file name is shown without its tricks, and decides nothing about where the file lies."""
    page = web.get(send(name=name).headers["Location"])

    assert f"<bdi>{escape(shown)}</bdi>" in page.text
    everything = [path for path in settings.originals.parent.rglob("*.j*g") if path.is_file()]
    assert [path.parent.parent for path in everything] == [settings.originals]


def test_jpeg_called_png_is_taken_for_what_it_is(
    send: Send, files: Callable[[], list[Path]]
) -> None:
    """Content decides the type, so a JPEG under a PNG's name is kept as a JPEG."""
    answer = send(name="dog.png")

    assert answer.status_code == 303
    assert [path.suffix for path in files()] == [".jpg"]


FAILURES = [
    (UnavailableError, 503, "cannot be reached", "10"),
    (DeadlineExceededError, 504, "did not answer in time", None),
    (NotFoundError, 503, "does not have the model toy", "30"),
    (ResourceExhaustedError, 503, "more to do than it can hold", "5"),
    (InternalError, 502, "the model failed", None),
]


@pytest.mark.parametrize(("error", "status", "sentence", "retry_after_s"), FAILURES)
def test_failing_model_server_is_a_page_with_a_retry(
    web: FlaskClient,
    send: Send,
    photo: bytes,
    files: Callable[[], list[Path]],
    model_server: FakeModelServer,
    *,
    error: type[RpcError],
    status: int,
    sentence: str,
    retry_after_s: str | None,
) -> None:
    """A picture without an answer is kept; its page says why and asks again on demand."""
    model_server.failure = error
    address = send().headers["Location"]

    failed = web.get(address)
    model_server.failure = None
    retried = web.post(f"{address}/retry")
    page = web.get(retried.headers["Location"])

    assert failed.status_code == status
    assert sentence in failed.text
    assert failed.headers.get("Retry-After") == retry_after_s
    assert failed.headers["X-Request-Id"] in failed.text
    assert f'action="{address}/retry"' in failed.text
    assert [path.read_bytes() for path in files()] == [photo]
    assert (retried.status_code, retried.headers["Location"]) == (303, address)
    assert "2 objects found" in page.text


def test_answer_that_does_not_fit_is_a_bad_gateway(
    web: FlaskClient, send: Send, model_server: FakeModelServer
) -> None:
    """A model whose outputs are not those of its card is named, and the picture kept."""
    del model_server.outputs["scores"]

    page = web.get(send().headers["Location"])

    assert page.status_code == 502
    assert "The model toy and its description do not fit together" in page.text


def test_retry_of_a_finished_result_changes_nothing(
    web: FlaskClient, send: Send, model_server: FakeModelServer
) -> None:
    """A result that is done is not asked for again."""
    address = send().headers["Location"]
    model_server.answer_with([Box(17, 0.99)])

    web.post(f"{address}/retry")

    assert "2 objects found" in web.get(address).text


@pytest.mark.parametrize("path", ["nothing", "0" * 31, "0" * 32, "%00", "..%2f..", "é" * 40])
def test_unknown_result_is_not_found(web: FlaskClient, path: str) -> None:
    """An address without a result is a page that says so, for reading and for retrying."""
    statuses = {
        web.get(f"/results/{path}").status_code,
        web.post(f"/results/{path}/retry").status_code,
        web.get(f"/results/{path}/original").status_code,
        web.get(f"/results/{path}/annotated.jpg").status_code,
        web.get(f"/api/v1/detections/{path}").status_code,
    }

    assert statuses == {404}


def test_wrong_method_names_the_right_ones(web: FlaskClient) -> None:
    """A method that an address does not take is refused, with those it takes."""
    answer = web.delete("/")

    assert answer.status_code == 405
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}


def test_unexpected_error_has_a_reference_and_no_details(
    send: Send, model_server: FakeModelServer, caplog: pytest.LogCaptureFixture
) -> None:
    """A bug becomes a page with a reference; what it was stands in the log alone."""
    model_server.outputs = None  # type: ignore[assignment]  # a bug, on purpose

    answer = send()

    assert answer.status_code == 500
    assert answer.headers["X-Request-Id"] in answer.text
    assert "NoneType" not in answer.text
    assert "NoneType" in caplog.text
