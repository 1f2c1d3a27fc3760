"""The pages of videos, as a browser without scripts is shown them."""

from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.video_rows import DONE, FRAMES, at_station, before_any_work, keep
from vision.palette import class_colour
from webapp import Settings
from webapp.results import NO_DETECTIONS
from webapp.services import Services, parts_of
from webapp.testing import install_classifier
from webapp.videos.video import AnnotationState, VideoFrame, VideoState

PAGE = f"/videos/{DONE.id}"


@pytest.fixture
def parts(app: Flask) -> Services:
    return parts_of(app)


def test_empty_list_says_what_would_fill_it(web: FlaskClient) -> None:
    """Without videos the page has the form, its limits, and what will be seen below it."""
    page = web.get("/videos").text

    assert "No videos yet" in page
    assert "up to 500 MB and 1 h" in page
    assert 'accept=".mp4,.webm,.mov,' in page
    assert 'enctype="multipart/form-data"' in page


def test_navigation_leads_to_videos(web: FlaskClient) -> None:
    """Videos are in the head of every page, and marked on their own."""
    assert '<a class="nav__link" href="/videos">' in web.get("/").text
    assert '<a class="nav__link" href="/videos" aria-current="page">' in web.get("/videos").text


def test_form_offers_detectors_alone(web: FlaskClient, settings: Settings) -> None:
    """A model that names whole pictures finds no objects, so it is not offered."""
    install_classifier(settings.model_repository, "namer")

    page = web.get("/videos").text

    assert 'value="toy"' in page
    assert 'value="namer"' not in page


def test_form_without_models_says_how_to_get_one(web: FlaskClient, settings: Settings) -> None:
    """Where nothing could look at a video, the page says so, and how that is put right."""
    (settings.model_repository / "toy" / "model.toml").unlink()

    page = web.get("/videos").text

    assert "No model for detection is installed yet" in page
    assert 'name="video"' not in page


def test_list_shows_each_video_with_its_state(web: FlaskClient, parts: Services) -> None:
    """Each video has its name, its state, and how far it is or why it is no further."""
    keep(parts, replace(DONE, id="1" * 32))
    keep(parts, at_station(VideoState.RUNNING, id="2" * 32))
    keep(parts, before_any_work(VideoState.QUEUED, id="3" * 32))
    keep(parts, at_station(VideoState.FAILED, id="4" * 32, failure_sentence="It is damaged."))
    keep(parts, at_station(VideoState.CANCELLED, id="5" * 32))

    page = web.get("/videos").text

    for words in ("Done", "Being looked at", "Waiting", "Failed", "Stopped", "It is damaged."):
        assert words in page
    assert '<progress max="1" value="0.5"' in page
    assert page.count('class="tile ') == 5


def test_name_of_a_video_is_only_text(web: FlaskClient, parts: Services) -> None:
    """Whatever a file is called, no page takes it for markup."""
    keep(parts, replace(DONE, video_name='<b>"x"&.mp4'))

    for path in ("/videos", PAGE, f"{PAGE}/delete"):
        page = web.get(path).text
        assert "<b>&#34;x" not in page
        assert "&lt;b&gt;&#34;x&#34;&amp;.mp4" in page


def test_working_page_says_how_far_it_is(web: FlaskClient, parts: Services) -> None:
    """While it is looked at: per cent, time left, a way to stop, and where news come from."""
    keep(parts, at_station(VideoState.RUNNING))

    page = web.get(PAGE).text

    assert "Looking at" in page
    assert '<progress max="1" value="0.5"' in page
    assert "About 4.0 s left" in page
    assert f'action="{PAGE}/cancel"' in page
    assert f'data-events="{PAGE}/events"' in page


def test_working_page_looks_again_without_scripts(web: FlaskClient, parts: Services) -> None:
    """Where no script runs the page comes again by itself, and only while there is work."""
    again = '<noscript><meta http-equiv="refresh" content="5"></noscript>'
    keep(parts, at_station(VideoState.RUNNING))
    keep(parts, replace(DONE, id="1" * 32))

    assert again in web.get(PAGE).text
    assert again not in web.get(f"/videos/{'1' * 32}").text


def test_waiting_page_says_what_for(web: FlaskClient, parts: Services) -> None:
    """A video that waits for the model server says that."""
    keep(parts, before_any_work(VideoState.QUEUED, message="The model server does not answer."))

    page = web.get(PAGE).text

    assert "Waiting to look at" in page
    assert "The model server does not answer." in page


def test_failed_page_says_what_happened_and_what_was_kept(
    web: FlaskClient, parts: Services
) -> None:
    """A failure has its sentence, what was kept, and a way on; what was found is shown below."""
    sentence = "The file is damaged after 2 s."
    keep(parts, at_station(VideoState.FAILED, failure_sentence=sentence))

    page = web.get(PAGE).text

    assert sentence in page
    assert "so is what was found in 2 moments, up to 0:02.0" in page
    assert f'action="{PAGE}/resume"' in page
    assert "Try again" in page
    assert 'data-lane="dog"' in page
    assert "data-events" not in page


def test_failed_page_without_a_single_moment(web: FlaskClient, parts: Services) -> None:
    """A file that was no video after all has no player, and says that it is kept."""
    keep(parts, before_any_work(VideoState.FAILED, failure_sentence="There is only sound in it."))

    page = web.get(PAGE).text

    assert "There is only sound in it." in page
    assert "Nothing in it was looked at yet." in page
    assert "<video" not in page


def test_stopped_page_offers_to_go_on(web: FlaskClient, parts: Services) -> None:
    """What somebody stopped says where, and goes on from there."""
    keep(parts, at_station(VideoState.CANCELLED))

    page = web.get(PAGE).text

    assert "Stopped at 50 %" in page
    assert "Go on" in page
    assert f'action="{PAGE}/resume"' in page


def test_done_page_has_a_lane_and_a_row_for_each_kind(web: FlaskClient, parts: Services) -> None:
    """Each kind that passes the threshold is drawn, and stands in the table with its times."""
    keep(parts, DONE)

    page = web.get(PAGE).text

    assert "2 kinds of objects found" in page
    assert page.index('data-lane="dog"') < page.index('data-lane="person"')
    assert 'data-lane="cat"' not in page
    assert 'data-moment="1.0">0:01.0</a>' in page
    assert f'href="{PAGE}/file#t=1.0"' in page
    assert 'aria-label="dog: seen for 2.0 s, first at 0:01.0, at most 2 at once"' in page


def test_done_page_listens_to_nothing(web: FlaskClient, parts: Services) -> None:
    """A finished page has nothing that could reload it under its reader's hands."""
    keep(parts, replace(DONE, annotation=AnnotationState.DONE))

    page = web.get(PAGE).text

    assert "data-events" not in page
    assert "data-annotation=" not in page
    assert "http-equiv" not in page


def test_table_has_the_numbers_of_the_chart(web: FlaskClient, parts: Services) -> None:
    """Whoever sees no chart reads from when to when there was how much of what."""
    keep(parts, DONE)

    table = web.get(PAGE).text.partition("How many objects of each kind")[2]
    rows = [" ".join(row.split()) for row in table.partition("</table>")[0].split("<tr>")[2:]]

    cells = [[int(cell.split("<")[0]) for cell in row.split('number">')[1:]] for row in rows]
    assert cells == [[0, 0], [1, 0], [2, 0], [0, 1]]


def test_threshold_and_names_choose_what_is_shown(web: FlaskClient, parts: Services) -> None:
    """The address decides, so the form works without scripts, and an address can be shared."""
    keep(parts, DONE)

    page = web.get(f"{PAGE}?threshold=0.2&label=cat").text

    assert "1 kind of object found" in page
    assert 'data-lane="cat"' in page
    assert 'data-lane="dog"' not in page
    assert 'value="cat" checked' in page
    assert f"{PAGE}/detections.json?threshold=0.2" in page


def test_nothing_above_the_threshold_names_the_best(web: FlaskClient, parts: Services) -> None:
    """Where all is hidden, the page says what would come first."""
    keep(parts, DONE)

    page = web.get(f"{PAGE}?threshold=0.95").text

    assert "Nothing found" in page
    assert "best guess is “dog” with 90 %" in page


def test_video_of_nothing_says_so(web: FlaskClient, parts: Services) -> None:
    """A video in which the model knows nothing has its page, too."""
    nothing = [VideoFrame(each.index, each.moment_s, NO_DETECTIONS) for each in FRAMES]
    keep(parts, DONE, nothing)

    page = web.get(PAGE).text

    assert "Nothing found" in page
    assert "recognises nothing it knows in this video" in page


def test_colours_are_those_of_the_classes(web: FlaskClient, parts: Services) -> None:
    """Boxes over the video have the colours of pictures and tables."""
    keep(parts, DONE)

    page = web.get(PAGE).text

    colour = "#{:02x}{:02x}{:02x}".format(*class_colour(18))
    assert f"&#34;dog&#34;: &#34;{colour}&#34;" in page


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (AnnotationState.NONE, "Make the video with boxes"),
        (AnnotationState.WANTED, "being made…"),
        (AnnotationState.DONE, "3.4 MB"),
        (AnnotationState.FAILED, "Make the video with boxes again"),
    ],
)
def test_copy_with_boxes_says_whether_it_is_there(
    web: FlaskClient, parts: Services, state: AnnotationState, words: str
) -> None:
    """The copy can be had, is being made, or can be asked for."""
    keep(parts, replace(DONE, annotation=state, annotated_bytes=3_400_000))

    page = web.get(PAGE).text

    assert words in page
    assert (f'action="{PAGE}/annotate"' in page) == (words.startswith("Make"))


def test_video_of_unknown_size_and_length_has_its_page(web: FlaskClient, parts: Services) -> None:
    """What a file does not say is left out, and nothing breaks."""
    keep(parts, replace(DONE, width=None, height=None, duration_s=None, times=None))

    page = web.get(PAGE).text

    assert "2 kinds of objects found" in page
    assert "Where the time went" not in page


def test_threshold_that_is_none_is_an_error(web: FlaskClient, parts: Services) -> None:
    """A number that makes no sense gets a sentence."""
    keep(parts, DONE)

    answer = web.get(f"{PAGE}?threshold=much")

    assert answer.status_code == 422
    assert "must be a number from 0 to 1" in answer.text


@pytest.mark.parametrize("video_id", ["0" * 32, "nonsense", "%00"])
@pytest.mark.parametrize("rest", ["", "/delete"])
def test_unknown_video_is_not_found(web: FlaskClient, video_id: str, rest: str) -> None:
    """An address without a video says so."""
    answer = web.get(f"/videos/{video_id}{rest}")

    assert answer.status_code == 404
    assert "There is no video at this address." in answer.text


def test_deletion_is_asked_about_first(web: FlaskClient, parts: Services) -> None:
    """The question says what goes, and how to keep it."""
    keep(parts, DONE)

    page = web.get(f"{PAGE}/delete").text

    assert "Delete this video?" in page
    assert f'action="{PAGE}/delete"' in page
    assert "Keep it" in page


def test_deleted_video_is_said_to_be_gone(web: FlaskClient, parts: Services) -> None:
    """After deleting, the list says so and has it no more."""
    keep(parts, DONE)

    answer = web.post(f"{PAGE}/delete", follow_redirects=True)

    assert "The video is deleted" in answer.text
    assert "No videos yet" in answer.text
