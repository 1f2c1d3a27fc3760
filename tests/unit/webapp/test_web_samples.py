"""Sample pictures: one click in place of a file of one's own."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from PIL import Image

from serving_client import UnavailableError
from webapp import Settings
from webapp.testing import FakeModelServer, install_model, install_samples

TITLES = {"label": "Parcel label", "ticket": "Train & tram ticket"}


@pytest.fixture
def samples_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two samples, which a model knows best that is not installed."""
    return install_samples(tmp_path_factory.mktemp("samples"), TITLES, model="expert")


def test_form_offers_the_samples_in_their_order(web: FlaskClient) -> None:
    """Each is a button of the form, behind its own one, with a picture, its text and a title."""
    page = web.get("/").text

    form = page[page.index("<form") : page.index("</form>")]
    places = [
        form.index(text)
        for text in (
            "Find objects", 'formaction="/samples/label"', "Parcel label</span>",
            'formaction="/samples/ticket"', "Train &amp; tram ticket</span>",
        )
    ]  # fmt: skip
    assert places == sorted(places)
    assert form.count("formnovalidate") == form.count('alt="Plain grey"') == 2
    assert 'href="#samples"' in page


def test_samples_are_not_offered_while_no_model_can_look_at_them(
    web: FlaskClient, settings: Settings
) -> None:
    """Without a model there is no section; a click from an older page is told why."""
    (settings.model_repository / "toy" / "model.toml").unlink()

    page, answer = web.get("/"), web.post("/samples/label")

    assert "sample" not in page.text
    assert answer.status_code == 503
    assert "make models" in answer.text


def test_sample_is_kept_and_answered_like_an_upload(
    web: FlaskClient, samples_folder: Path, files: Callable[[], list[Path]]
) -> None:
    """A click leads to a result with an address of its own, whose original is the sample."""
    answer = web.post("/samples/label")

    page = web.get(answer.headers["Location"])
    sample = (samples_folder / "label.jpg").read_bytes()
    assert answer.status_code == 303
    assert "<h1>2 objects found" in page.text
    assert "label.jpg" in page.text
    assert [path.read_bytes() for path in files()] == [sample]
    assert web.get(f"{answer.headers['Location']}/original").data == sample


def test_every_click_is_a_result_of_its_own(web: FlaskClient) -> None:
    """The same sample twice gives two addresses."""
    addresses = {web.post("/samples/label").headers["Location"] for _ in range(2)}

    assert len(addresses) == 2


@pytest.mark.parametrize(
    "content_type", ["application/x-www-form-urlencoded", "multipart/form-data"]
)
def test_choices_of_the_form_count(web: FlaskClient, settings: Settings, content_type: str) -> None:
    """The picked model answers, from the picked threshold up; a file that was picked does not."""
    install_model(settings.model_repository, "careful", rank=99, threshold=0.8)
    fields: dict[str, object] = {"model": "careful", "threshold": "0.2", "image": "mine.png"}
    if content_type == "multipart/form-data":
        fields["image"] = (BytesIO(b"mine"), "mine.png")

    answer = web.post("/samples/ticket", data=fields, content_type=content_type)

    page = web.get(answer.headers["Location"]).text
    assert "careful</dd>" in page
    assert "3 objects found" in page
    assert "ticket.jpg" in page


def test_samples_go_to_the_model_that_knows_them(web: FlaskClient, settings: Settings) -> None:
    """Where it is installed it looks, with its own threshold, and the form says so."""
    install_model(settings.model_repository, "expert", rank=99, threshold=0.8)

    form = web.get("/").text
    answer = web.post("/samples/ticket", data={"model": "toy", "threshold": "0.2"})

    page = web.get(answer.headers["Location"]).text
    assert "expert</dd>" in page
    assert "1 object found" in page
    assert "looks at these" in form


def test_threshold_counts_for_the_model_that_knows_the_sample(
    web: FlaskClient, settings: Settings
) -> None:
    """With that model chosen, the form's threshold is meant for it."""
    install_model(settings.model_repository, "expert", rank=99, threshold=0.8)

    answer = web.post("/samples/ticket", data={"model": "expert", "threshold": "0.2"})

    assert "3 objects found" in web.get(answer.headers["Location"]).text


@pytest.mark.parametrize("name", ["none", "label.jpg", "..%2flabel", "%00", "é" * 40])
def test_unknown_sample_is_not_found(
    web: FlaskClient, files: Callable[[], list[Path]], name: str
) -> None:
    """A name that none has is a page that says so, and nothing is kept."""
    answer = web.post(f"/samples/{name}")

    assert (answer.status_code, web.get(f"/samples/{name}/thumbnail.jpg").status_code) == (404, 404)
    assert "<h1>" in answer.text
    assert files() == []


def test_unknown_sample_is_named_as_such(web: FlaskClient) -> None:
    """The page tells a missing sample from a missing page."""
    assert "<h1>No such sample</h1>" in web.post("/samples/none").text


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [({"model": "none"}, "no model called"), ({"threshold": "many"}, "number from 0 to 1")],
)
def test_bad_field_beside_a_sample_is_refused(
    web: FlaskClient, files: Callable[[], list[Path]], fields: dict[str, str], sentence: str
) -> None:
    """A value that makes no sense is a page with a sentence, and nothing is kept."""
    answer = web.post("/samples/label", data=fields)

    assert answer.status_code == 422
    assert sentence in answer.text
    assert files() == []


def test_sample_is_not_taken_from_another_site(
    web: FlaskClient, files: Callable[[], list[Path]]
) -> None:
    """A page of somebody else cannot make a visitor's browser press the button."""
    answer = web.post("/samples/label", headers={"Sec-Fetch-Site": "cross-site"})

    assert answer.status_code == 403
    assert files() == []


def test_address_of_a_sample_alone_is_no_page(web: FlaskClient) -> None:
    """Looking is asked for by a button; opening the address asks for nothing."""
    answer = web.get("/samples/label")

    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]


def test_sample_without_an_answer_can_be_asked_about_again(
    web: FlaskClient, model_server: FakeModelServer
) -> None:
    """With the model server away the sample is kept, and a retry answers it."""
    model_server.failure = UnavailableError
    address = web.post("/samples/label").headers["Location"]

    failed = web.get(address)
    model_server.failure = None
    web.post(f"{address}/retry")

    assert failed.status_code == 503
    assert "2 objects found" in web.get(address).text


def test_thumbnail_is_the_sample_in_small(web: FlaskClient) -> None:
    """It has the sample's shape, few bytes, and is not asked for at every visit."""
    answer = web.get("/samples/label/thumbnail.jpg")

    assert answer.mimetype == "image/jpeg"
    assert Image.open(BytesIO(answer.data)).size == (480, 360)
    assert "max-age=3600" in answer.headers["Cache-Control"]
