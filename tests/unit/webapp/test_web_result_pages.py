"""The pages of results: boxes, classes, other models, files to take home."""

import csv
import io
import json
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from pycocotools.coco import COCO
from werkzeug.test import TestResponse

from serving_client import UnavailableError
from webapp import Settings
from webapp.testing import Box, FakeModelServer, install_classifier, install_model

Send = Callable[..., TestResponse]


def test_boxes_lie_over_the_picture_in_percent(send: Send, web: FlaskClient) -> None:
    """Every object that is shown has a box in shares of the picture, and a row that leads to it."""
    page = web.get(send().headers["Location"]).text

    assert 'x="0.0%" y="10.0%" width="50.0%" height="80.0%"' in page
    assert 'href="#box-0"' in page
    assert 'id="box-0"' in page


def test_what_is_hidden_waits_outside_of_the_table(send: Send, web: FlaskClient) -> None:
    """Less certain objects are in the page for the script, and in no table."""
    page = web.get(send().headers["Location"]).text

    table, _, rest = page.partition("</tbody>")
    assert 'data-label="cat"' not in table
    assert rest.count('<tr data-finding="2"') == 1


def test_names_filter_without_a_script(send: Send, web: FlaskClient) -> None:
    """Chosen names alone are shown; how many there are of the others is still said."""
    address = send().headers["Location"]

    page = web.get(address, query_string={"label": "person"})

    assert "<h1>1 object found" in page.text
    assert 'value="person" checked' in page.text
    assert 'data-count="dog">1<' in page.text


def test_page_of_a_model_that_is_gone_still_shows_its_result(
    send: Send, web: FlaskClient, settings: Settings
) -> None:
    """A result needs no card: without it the model goes by its name."""
    address = send().headers["Location"]
    (settings.model_repository / "toy" / "model.toml").unlink()

    page = web.get(address)

    assert page.status_code == 200
    assert "No other model is installed" in page.text


@pytest.mark.parametrize(
    ("then", "place"), [("show", "/results/"), ("compare", "/compare?result=")]
)
def test_another_model_looks_at_the_same_picture(
    send: Send, web: FlaskClient, settings: Settings, then: str, place: str
) -> None:
    """The picture is not sent again; the new result is shown by itself or beside the first."""
    install_model(settings.model_repository, "other", rank=99)
    address = send().headers["Location"]

    answer = web.post(f"{address}/again", data={"model": "other", "then": then})
    page = web.get(answer.headers["Location"])

    assert answer.status_code == 303
    assert answer.headers["Location"].startswith(place)
    assert page.status_code == 200
    assert "Other, 300 px" in page.text


@pytest.fixture
def classes(send: Send, settings: Settings) -> str:
    """The address of a result of a classifier."""
    install_classifier(settings.model_repository, "namer")
    return send(model="namer").headers["Location"]


def test_classes_are_a_table_with_the_best_in_the_heading(web: FlaskClient, classes: str) -> None:
    """A classifier's result names its best class, and has a row for each above the threshold."""
    page = web.get(classes).text

    assert "<h1>Tabby, 62 % <span" in page
    assert page.count("<tr") == 1 + 3
    assert "2 classes are below 5 %." in page


def test_best_class_is_shown_whatever_the_threshold(web: FlaskClient, classes: str) -> None:
    """Above every score there is still one class."""
    page = web.get(classes, query_string={"threshold": "1"}).text

    assert "<h1>Tabby, 62 % <span" in page
    assert page.count("<tr") == 1 + 1


@pytest.mark.parametrize(
    ("asked", "explained"),
    [(None, 0), ("4", 4), ("77", 0), ("-1", 0), ("word", 0)],
)
def test_heat_map_of_a_class_needs_no_script(
    web: FlaskClient, classes: str, asked: str | None, explained: int
) -> None:
    """A link chooses the class that is explained; nonsense means the best one."""
    query = {} if asked is None else {"class_id": asked}

    page = web.get(classes, query_string=query).text

    layer = f"{classes}/heat_map.png?class_id={explained}"
    assert f'src="{layer}"' in page
    assert web.get(layer).mimetype == "image/png"
    assert web.get(f"{classes}/overlay.jpg?class_id={explained}&opacity=0.6").status_code == 200


def test_model_without_explanations_has_no_heat_map(
    send: Send, web: FlaskClient, settings: Settings
) -> None:
    """Where the model explains nothing the page shows the picture and the classes."""
    install_classifier(settings.model_repository, "mute", explains=False)

    page = web.get(send(model="mute").headers["Location"]).text

    assert "heat_map" not in page
    assert "as it was sent" in page


def test_picture_of_a_page_is_small_and_kept(send: Send, web: FlaskClient) -> None:
    """Pages show JPEGs that fit, and a browser that has one is not sent it again."""
    address = send().headers["Location"]

    for name, width in (("picture", 640), ("thumbnail", 480)):
        answer = web.get(f"{address}/{name}.jpg")
        again = web.get(f"{address}/{name}.jpg", headers={"If-None-Match": answer.headers["ETag"]})

        assert (answer.status_code, answer.mimetype) == (200, "image/jpeg")
        assert f"width={width}" in f"width={_jpeg_width(answer.data)}"
        assert (again.status_code, again.data) == (304, b"")


def _jpeg_width(data: bytes) -> int:
    at = data.index(b"\xff\xc0")
    return int.from_bytes(data[at + 7 : at + 9], "big")


def test_table_is_taken_home_as_csv(send: Send, web: FlaskClient) -> None:
    """The CSV file has what the page shows, with boxes in pixels of the original."""
    address = send(name="a dog.jpg").headers["Location"]

    answer = web.get(f"{address}/table.csv?threshold=0.25")
    rows = list(csv.DictReader(io.StringIO(answer.text)))

    assert 'filename="a dog.csv"' in answer.headers["Content-Disposition"]
    assert [row["label"] for row in rows] == ["dog", "person", "cat"]
    assert rows[0] == {
        "image_name": "a dog.jpg", "label": "dog", "score": "0.9",
        "x_min": "0.0", "y_min": "48.0", "x_max": "320.0", "y_max": "432.0",
    }  # fmt: skip


def test_spreadsheet_takes_no_name_for_a_formula(send: Send, web: FlaskClient) -> None:
    """A file name that starts like a formula is written as text."""
    address = send(name="=cmd('x').jpg").headers["Location"]

    rows = list(csv.reader(io.StringIO(web.get(f"{address}/table.csv").text)))

    assert rows[1][0] == "'=cmd('x').jpg"


def test_classes_have_no_boxes_in_csv_and_no_coco(web: FlaskClient, classes: str) -> None:
    """A classifier's table leaves the box empty; COCO has no place for it."""
    table = list(csv.DictReader(io.StringIO(web.get(f"{classes}/table.csv").text)))

    refused = web.get(f"{classes}/coco.json")

    assert (table[0]["label"], table[0]["x_min"]) == ("tabby", "")
    assert refused.status_code == 409
    assert "classes instead" in refused.text


def test_coco_tools_read_the_dataset(
    send: Send, web: FlaskClient, capsys: pytest.CaptureFixture[str]
) -> None:
    """COCO's own library loads the dataset, and takes its annotations for results, too."""
    address = send(threshold="0.2").headers["Location"]
    dataset = json.loads(web.get(f"{address}/coco.json").text)

    coco = COCO()
    coco.dataset = dataset
    coco.createIndex()
    results = coco.loadRes(dataset["annotations"])
    capsys.readouterr()

    assert {each["name"] for each in coco.loadCats(coco.getCatIds())} == {"dog", "person", "cat"}
    assert coco.loadImgs([1])[0]["width"] == 640
    assert len(results.getAnnIds()) == 3
    assert dataset["annotations"][0]["bbox"] == [0.0, 48.0, 320.0, 384.0]


def test_nothing_found_is_an_empty_table_and_an_empty_dataset(
    send: Send, web: FlaskClient, model_server: FakeModelServer
) -> None:
    """Without objects the files are whole, and have no rows."""
    model_server.answer_with([])
    address = send().headers["Location"]

    assert web.get(f"{address}/table.csv").text.count("\n") == 1
    assert json.loads(web.get(f"{address}/coco.json").text)["annotations"] == []


def test_files_of_a_result_without_an_answer_are_the_same_problem(
    send: Send, web: FlaskClient, model_server: FakeModelServer
) -> None:
    """What is not answered yet cannot be taken home, and the page says why."""
    model_server.failure = UnavailableError
    address = send().headers["Location"]

    statuses = {web.get(f"{address}/{name}").status_code for name in ("table.csv", "coco.json")}

    assert statuses == {503}
    assert web.get(f"{address}/thumbnail.jpg").status_code == 200


def test_columns_say_who_found_what(
    send: Send, web: FlaskClient, settings: Settings, model_server: FakeModelServer
) -> None:
    """Side by side, names that both found come first, and a miss is said."""
    first = send().headers["Location"]
    install_model(settings.model_repository, "other", rank=99)
    model_server.answer_with([Box(18, 0.8), Box(18, 0.7)])

    page = web.get(
        web.post(f"{first}/again", data={"model": "other", "then": "compare"}).headers["Location"]
    ).text

    assert "<h1>2 results side by side" in page
    assert "The same picture" in page
    table = page[page.index("Who found what") :]
    assert table.index("dog") < table.index("person")
    assert "\N{MULTIPLICATION SIGN} 2" in table
    assert table.count("not found") == 1


@pytest.mark.parametrize("count", [0, 1, 4])
def test_two_or_three_are_compared(send: Send, web: FlaskClient, count: int) -> None:
    """Another number of results is refused with a sentence."""
    ids = [send().headers["Location"].rpartition("/")[2] for _ in range(count)]

    answer = web.get("/compare", query_string={"result": ids})

    assert answer.status_code == 422
    assert f"Choose 2 or 3 results to compare, not {count}." in answer.text


def test_comparing_different_pictures_says_so(send: Send, web: FlaskClient, photo: bytes) -> None:
    """Results about several pictures may stand side by side, and the page names that."""
    ids = [send(data).headers["Location"].rpartition("/")[2] for data in (photo, photo + b"\0")]

    page = web.get("/compare", query_string={"result": ids})

    assert "These are different pictures." in page.text
