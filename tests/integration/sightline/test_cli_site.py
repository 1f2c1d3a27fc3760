"""The command line against a running Sightline."""

import json
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from serving_client import InternalError, UnavailableError
from sightline.http import Form, Site
from sightline.patience import Patience
from sightline.stills import PictureFile
from sightline.web import WebRecogniser
from tests.integration.sightline.command import Said, Sightline
from vision import decode_picture
from webapp.testing import Box, FakeModelServer, RunningSite


def without_ids(said: Said) -> list[dict[str, object]]:
    return [
        {name: value for name, value in line.items() if name not in {"id", "timings_ms"}}
        for line in said.lines
    ]


@pytest.mark.parametrize("command", ["detect", "classify"])
def test_both_ways_give_the_same(
    sightline: Sightline, photos: Path, site: RunningSite, command: str
) -> None:
    """A model server and a running Sightline answer in the same form and numbers."""
    words = (command, photos, "--recursive", "--threshold", "0.05", "--format", "jsonl")

    direct = sightline(*words)
    through_site = sightline(*words, "--server", site.url)

    assert direct.status == through_site.status == 1
    assert len(direct.lines) == 4
    assert without_ids(through_site) == without_ids(direct)
    assert all(line["id"] for line in through_site.lines)


def test_models_of_a_site_are_listed(sightline: Sightline, site: RunningSite) -> None:
    """What the site has, in its order."""
    said = sightline("models", "--format", "jsonl", "--server", f"{site.url}/")

    assert [line["name"] for line in said.lines] == ["toy", "namer", "rival"]


def test_the_site_says_why_it_refuses(
    sightline: Sightline, photos: Path, site: RunningSite
) -> None:
    """A damaged picture is listed with the sentence of the site."""
    said = sightline("detect", photos / "damaged.jpg", "--server", site.url, "--json")

    error = json.loads(said.err.splitlines()[0])["error"]
    assert error["kind"] == "no_picture"
    assert error["detail"] == "The picture is cut off after 100 bytes."


def test_a_model_server_that_comes_back_is_asked_again(
    photos: Path, site: RunningSite, fake: FakeModelServer, tmp_path: Path
) -> None:
    """The site keeps the picture, so it is sent once and asked about until there is an answer."""
    pauses_s: list[float] = []

    def pause(seconds: float) -> bool:
        pauses_s.append(seconds)
        fake.failure = None
        return False

    fake.failure = UnavailableError
    patience = Patience(30, pause=pause)
    with closing(
        WebRecogniser(Site(site.url, connections=1, timeout_s=30), patience)
    ) as recogniser:
        picture = PictureFile("a.jpg", (photos / "a.jpg").read_bytes())
        answer = recogniser.recognise(picture, "toy", None)

    assert [each.label for each in answer.objects] == ["dog"]
    assert pauses_s == [10]
    assert len(list((tmp_path / "originals").rglob("*.jpg"))) == 1


def test_a_picture_that_is_sent_again_is_kept_once(
    photos: Path, site: RunningSite, tmp_path: Path
) -> None:
    """As after a connection that broke before the answer had come."""
    form = Form.of({"image": ("a.jpg", (photos / "a.jpg").read_bytes()), "model": "toy"})
    with closing(Site(site.url, connections=1, timeout_s=30)) as connected:
        replies = [connected.call("POST", "api/v1/detections", form=form) for _ in range(2)]

    assert replies[0].json() == replies[1].json()
    assert len(list((tmp_path / "originals").rglob("*.jpg"))) == 1


def test_a_model_that_fails_is_no_reason_to_stop(
    sightline: Sightline, photos: Path, site: RunningSite, fake: FakeModelServer
) -> None:
    """Each picture is listed with the site's sentence."""
    fake.failure = InternalError

    said = sightline("detect", photos / "a.jpg", photos / "c.png", "--server", site.url,
                     "--wait", "0")  # fmt: skip

    assert said.status == 1
    assert said.err.count("do not fit together, or the model failed.") == 2


def test_a_site_that_is_down_is_one_sentence(
    sightline: Sightline, photos: Path, site: RunningSite
) -> None:
    """Before the first picture it is known, so nothing is done."""
    url = site.url
    site.stop()

    said = sightline("detect", photos, "--server", url, "--wait", "0")

    assert said.status == 1
    assert f"{url}/ does not answer" in said.err
    assert len(said.err.splitlines()) == 1


def test_a_class_is_explained_by_the_site(
    sightline: Sightline, photos: Path, site: RunningSite
) -> None:
    """The overlay comes from the site, as the page shows it."""
    said = sightline(
        "explain", photos / "c.png", "--model", "namer", "--server", site.url, "--class", "0",
        "--annotated", "why", "--format", "jsonl",
    )  # fmt: skip

    explained = said.lines[0]["explained"]
    assert (explained["label"], explained["score"]) == ("tabby", 0.3)
    overlay = decode_picture(Path(explained["overlay"]).read_bytes())
    assert overlay.original_size_wh == (80, 60)
    assert np.ptp(overlay.image_hwc) > 50


def test_an_object_is_explained_by_the_site(
    sightline: Sightline, photos: Path, site: RunningSite, fake: FakeModelServer
) -> None:
    """The explanation is asked for, waited for and fetched."""
    fake.look = lambda image_hwc: [Box(18, float(image_hwc[:20, :20].mean()) / 255)]

    said = sightline(
        "explain", photos / "c.png", "--model", "toy", "--server", site.url, "--annotated", "why",
        "--format", "jsonl",
    )  # fmt: skip

    assert said.err == "1 picture: 1 done, none failed.\n"
    assert said.lines[0]["explained"]["label"] == "dog"
    assert Path(said.lines[0]["explained"]["overlay"]).stat().st_size > 0
