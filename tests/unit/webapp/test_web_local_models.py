"""What the web app serves for models that browsers run themselves."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from webapp import Settings
from webapp.models import ModelRepository
from webapp.presentation.formatting import class_colour_hex
from webapp.testing import LABELS, install_browser_form, install_classifier

CONTENT = b"a TFLite model"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def folder(settings: Settings) -> Path:
    """The folder of the model "local", which has a form for browsers."""
    return install_browser_form(settings.model_repository, "local", CONTENT)


@pytest.mark.usefixtures("folder")
def test_browser_learns_what_the_form_wants_and_means(web: FlaskClient, settings: Settings) -> None:
    """Everything there is to know is in one answer: file, canvas, outputs, names and colours."""
    document = web.get("/live/local/local").get_json()

    classes = document.pop("classes")
    assert document == {
        "model": "local",
        "version": 3,
        "file": f"/live/local/local/{SHA256}.tflite",
        "sha256": SHA256,
        "bytes": len(CONTENT),
        "worker": "/live/local/worker.js",
        "width": 300,
        "height": 300,
        "method": "stretch",
        "outputs": {"boxes": "boxes", "scores": "scores", "classes": "classes", "count": "count"},
        "score_floor": settings.score_floor,
    }
    assert classes["18"] == {"label": "dog", "colour": class_colour_hex(18)}
    assert {int(class_id): each["label"] for class_id, each in classes.items()} == LABELS.names


@pytest.mark.usefixtures("folder")
def test_file_is_fetched_once(web: FlaskClient) -> None:
    """A browser keeps the file, whose address has its digest, and is not sent it again."""
    address = f"/live/local/local/{SHA256}.tflite"

    answer = web.get(address)

    assert answer.data == CONTENT
    assert "immutable" in answer.headers["Cache-Control"]
    again = web.get(address, headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    "address",
    [
        "toy",  # has no form for browsers
        "nobody",
        f"toy/{SHA256}.tflite",
        f"local/{'0' * 64}.tflite",
        "local/browser.tflite",
        "local/model.toml",
        "local/..%2flocal%2fmodel.toml",
        "..%2f..%2fetc%2fpasswd",
    ],
)
def test_nothing_else_is_sent(web: FlaskClient, address: str) -> None:
    """Of the repository only files leave that a card declares as forms for browsers."""
    assert web.get(f"/live/local/{address}").status_code == 404


def test_classifiers_are_not_offered(web: FlaskClient, settings: Settings) -> None:
    """The live page draws boxes."""
    install_classifier(settings.model_repository, "sorter")

    assert web.get("/live/local/sorter").status_code == 404


def test_only_the_worker_may_compile(web: FlaskClient) -> None:
    """The script that runs models, and no page, is allowed WebAssembly; text is run nowhere."""
    worker, page = web.get("/live/local/worker.js"), web.get("/live")

    policy = worker.headers["Content-Security-Policy"]
    assert "script-src 'self' 'wasm-unsafe-eval';" in policy
    assert "'unsafe-eval'" not in policy
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    assert worker.mimetype == "text/javascript"


def test_runtime_is_sent_as_what_it_is(web: FlaskClient) -> None:
    """A browser unpacks and compiles the runtime while it arrives."""
    answer = web.get("/static/vendor/litert/litert_wasm_internal.wasm.gz")

    assert answer.mimetype == "application/wasm"
    assert answer.headers["Content-Encoding"] == "gzip"


@pytest.mark.usefixtures("folder")
def test_page_offers_the_browser_where_a_model_has_a_form(web: FlaskClient) -> None:
    """Each model says where its form is described, or that it has none."""
    page = web.get("/live").text

    assert page.count('data-local="/live/local/local"') == 1
    assert page.count('data-local=""') == 1


def _change(file: Path) -> None:
    file.write_bytes(b"another one")


@pytest.mark.parametrize("damage", [_change, Path.unlink], ids=["changed", "missing"])
def test_damaged_form_leaves_the_model_to_the_server(
    settings: Settings,
    folder: Path,
    caplog: pytest.LogCaptureFixture,
    damage: Callable[[Path], None],
) -> None:
    """A file that is not what the card says runs nowhere; the model itself is still offered."""
    damage(folder / "browser.tflite")

    model = ModelRepository(settings.model_repository).choose("local")

    assert model.card.browser is None
    assert "local is offered on the server alone" in caplog.text
