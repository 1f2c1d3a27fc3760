"""The client against REST servers that tests make up: the original's ways, proxies, nonsense."""

import gzip
import json

import numpy as np
import pytest

from serving_client import (
    AnswerError,
    InternalError,
    Limits,
    ModelRef,
    NotFoundError,
    PermissionDeniedError,
    ResourceExhaustedError,
    Retry,
    RpcError,
    UnavailableError,
    UnknownError,
)
from tests.integration.serving_client.http_sites import (
    MODEL,
    OpenSite,
    Page,
    connect,
    json_page,
    metadata_page,
    original,
)

X = {"x": np.array([1.5], np.float32)}


def test_original_is_asked_for_the_version_that_its_metadata_names(open_site: OpenSite) -> None:
    """Without a header to tell it, the version of an answer is still sure; metadata come once."""
    site = open_site(original(3))

    with connect(site) as client:
        results = [client.predict(MODEL, X) for _ in range(3)]

    assert {result.model for result in results} == {ModelRef("half", 3)}
    assert (
        site.asked
        == ["GET /v1/models/half/metadata"] + ["POST /v1/models/half/versions/3:predict"] * 3
    )


def test_version_that_is_gone_is_replaced_by_the_newest(open_site: OpenSite) -> None:
    """When the original has unloaded a version, the call goes to the one that took over."""
    site = open_site(original(3))
    with connect(site) as client:
        client.predict(MODEL, X)
        site.pages = original(4)

        result = client.predict(MODEL, X)

    assert result.model.version == 4
    assert result["y"].tolist() == [4.0]


def test_version_that_was_asked_for_is_never_replaced(open_site: OpenSite) -> None:
    """A version that is gone is an error to who asked for it by its number."""
    site = open_site(original(3))
    with connect(site) as client:
        client.predict(MODEL.at(3), X)
        site.pages = original(4)

        with pytest.raises(NotFoundError):
            client.predict(MODEL.at(3), X)


def test_header_that_names_another_version_brings_its_metadata(open_site: OpenSite) -> None:
    """Where answers tell their version, the dtype of an output is that of this version."""
    predict = "POST /v1/models/half:predict"
    site = open_site(
        {
            "GET /v1/models/half/metadata": metadata_page(1, X_Model_Version="1"),
            "GET /v1/models/half/versions/2/metadata": metadata_page(2, "DT_INT64"),
            predict: json_page({"outputs": [7.0]}, X_Model_Version="1"),
        }
    )
    with connect(site) as client:
        first = client.predict(MODEL, X)
        site.pages[predict] = json_page({"outputs": [7]}, X_Model_Version="2")
        second = client.predict(MODEL, X)
        third = client.predict(MODEL, X)

    assert [(r.model.version, str(r["y"].dtype)) for r in (first, second, third)] == [
        (1, "float32"), (2, "int64"), (2, "int64"),
    ]  # fmt: skip
    assert site.asked.count("GET /v1/models/half/versions/2/metadata") == 1


def test_answer_that_does_not_fit_brings_the_metadata_again(open_site: OpenSite) -> None:
    """A version that was replaced under its own number is understood after another look."""
    site = open_site(original(3))
    with connect(site) as client:
        client.predict(MODEL, X)
        site.pages["GET /v1/models/half/metadata"] = metadata_page(3, "DT_STRING")
        site.pages["POST /v1/models/half/versions/3:predict"] = json_page({"outputs": ["text"]})

        result = client.predict(MODEL, X)

    assert result["y"].tolist() == [b"text"]


def test_body_is_the_column_form(open_site: OpenSite) -> None:
    """A request names its signature, and each input by its name; the headers go along."""
    bodies: list[bytes] = []

    def predict(body: bytes) -> Page:
        bodies.append(body)
        return json_page({"outputs": [1.0]})

    site = open_site(original(1) | {"POST /v1/models/half/versions/1:predict": predict})
    x = np.array([1.5, np.nan], np.float32)

    with connect(site, headers={"Authorization": "Bearer token"}) as client:
        client.predict(MODEL, {"x": x})

    assert bodies == [b'{"signature_name":"serving_default","inputs":{"x":[1.5,NaN]}}']
    assert site.headers[-1]["authorization"] == "Bearer token"
    assert site.headers[-1]["content-type"] == "application/json"


def test_path_of_the_target_goes_in_front(open_site: OpenSite) -> None:
    """A proxy may serve the API below a path of its own."""
    site = open_site(
        {
            "GET /vision/v1/models/half/metadata": metadata_page(1),
            "POST /vision/v1/models/half/versions/1:predict": json_page({"outputs": [1.0]}),
        }
    )

    with connect(site, "/vision/") as client:
        result = client.predict(MODEL, X)

    assert result["y"].tolist() == [1.0]


def test_large_bodies_are_compressed_if_asked(open_site: OpenSite) -> None:
    """From the size that was set on, a body goes out as gzip."""
    sizes: list[int] = []

    def predict(body: bytes) -> Page:
        text = gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body
        sizes.append(len(body))
        return json_page({"outputs": [float(len(json.loads(text)["inputs"]["x"]))]})

    site = open_site(original(1) | {"POST /v1/models/half/versions/1:predict": predict})

    with connect(site, limits=Limits(gzip_bytes_min=1000)) as client:
        counts = [
            client.predict(MODEL, {"x": np.zeros(count, np.float32)})["y"].tolist()
            for count in (2, 5000)
        ]

    assert counts == [[2.0], [5000.0]]
    assert site.headers[-1]["content-encoding"] == "gzip"
    assert "content-encoding" not in site.headers[1]
    assert sizes[1] < 1000


ERRORS: dict[str, tuple[Page, type[RpcError], str]] = {
    "words of the server": (json_page({"error": "no"}, 403), PermissionDeniedError, "no"),
    "several statuses as one": (json_page({"error": "oh"}, 500), InternalError, "oh"),
    "page of a proxy": (
        (502, {"Content-Type": "text/html"}, b"<html><title>502 Bad\n Gateway</title>x</html>"),
        UnavailableError,
        "HTTP 502 Bad Gateway, not from a model server: 502 Bad Gateway",
    ),
    "proxy's limit": (
        (413, {"Content-Type": "text/html"}, b"<h1>413 Request <b>Too</b> Large</h1>"),
        ResourceExhaustedError,
        "HTTP 413 Request Entity Too Large, not from a model server: 413 Request Too Large",
    ),
    "somewhere else": (
        (302, {"Location": "https://login.example/"}, b""),
        UnknownError,
        "HTTP 302 Found, not from a model server; it points to https://login.example/",
    ),
}


@pytest.mark.parametrize("name", ERRORS)
def test_refusals_keep_their_words(open_site: OpenSite, name: str) -> None:
    """The server's own words, or what a proxy says in its place, are the error's detail."""
    page, kind, detail = ERRORS[name]
    site = open_site(original(1) | {"POST /v1/models/half/versions/1:predict": page})

    with connect(site, retry=Retry(attempts_max=1)) as client, pytest.raises(kind) as caught:
        client.predict(MODEL, X)

    assert type(caught.value) is kind
    assert caught.value.detail == detail


def test_retry_after_is_waited_for(open_site: OpenSite) -> None:
    """A server that says when to come back is left alone until then."""
    pauses: list[float] = []
    answers = iter(
        [json_page({"error": "busy"}, 503, Retry_After="7"), json_page({"outputs": [1.0]})]
    )
    predict = "POST /v1/models/half/versions/1:predict"
    site = open_site(original(1) | {predict: lambda _: next(answers)})

    with connect(site, sleep=pauses.append) as client:
        result = client.predict(MODEL, X)

    assert pauses == [7.0]
    assert result.timings.attempts == 2


@pytest.mark.parametrize(
    ("page", "message"),
    [
        ((200, {"Content-Type": "text/html"}, b"<title>Log in</title>"), "it is text/html: Log in"),
        (json_page([1]), "no JSON object, but a list"),
        (json_page({"predictions": [1.0]}), "the answer holds none"),
        (json_page({"outputs": [[1.0], [2.0, 3.0]]}), "'y' is no tensor of float32"),
        (json_page({"outputs": ["a"]}), "'y' is no tensor of float32"),
        ((200, {}, b'{"outputs": [1.0'), "the answer is no JSON"),
        ((200, {}, b"[" * 100_000), "the answer is no JSON"),
    ],
    ids=["login page", "list", "row form", "ragged", "text", "cut off", "deep"],
)
def test_answer_without_meaning_is_an_answer_error(
    open_site: OpenSite, page: Page, message: str
) -> None:
    """What is no answer to the call is said to be none, with a glimpse of it."""
    site = open_site(original(1) | {"POST /v1/models/half/versions/1:predict": page})

    with connect(site) as client, pytest.raises(AnswerError, match=message):
        client.predict(MODEL, X)


def test_limit_on_answers_applies(open_site: OpenSite) -> None:
    """An answer over the limit is RESOURCE_EXHAUSTED, announced or not."""
    content = json.dumps({"outputs": [1.0] * 5000}).encode()
    chunked = b"%x\r\n%b\r\n0\r\n\r\n" % (len(content), content)
    predict = "POST /v1/models/half/versions/1:predict"
    site = open_site(original(1) | {predict: (200, {}, content)})
    with connect(site, limits=Limits(message_bytes_max=4000)) as client:
        with pytest.raises(ResourceExhaustedError, match="message_bytes_max, 4000"):
            client.predict(MODEL, X)

        headers = {"Transfer-Encoding": "chunked", "Connection": "close"}
        site.pages[predict] = (200, headers, chunked)
        with pytest.raises(ResourceExhaustedError, match="message_bytes_max, 4000"):
            client.predict(MODEL, X)


def test_limit_on_requests_applies(open_site: OpenSite) -> None:
    """A request over the limit is RESOURCE_EXHAUSTED, and not sent."""
    site = open_site(original(1))

    with (
        connect(site, limits=Limits(message_bytes_max=2000)) as client,
        pytest.raises(ResourceExhaustedError, match="message_bytes_max, 2000"),
    ):
        client.predict(MODEL, {"x": np.zeros(5000, np.float32)})

    assert site.asked == ["GET /v1/models/half/metadata"]
