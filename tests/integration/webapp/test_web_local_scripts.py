"""Models in the browser: where pictures go, how answers are read, and what can go wrong."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route

from webapp import Settings
from webapp.testing import FakeModelServer, RunningSite

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[3]
Run = Callable[[str, str], Any]
DESCRIPTION = """{
    width: 300, height: 300, method: "fit",
    outputs: { boxes: "b", scores: "s", classes: "c", count: "n" },
    classes: { 1: { label: "person", colour: "#57c0ff" }, 18: { label: "dog", colour: "#e28500" } },
}"""
LOOK = """
const detector = new m.LocalDetector();
try {
  await detector.prepare({ local: "/live/local/codes" });
  const picture = await fetch("/samples/parcel/thumbnail.jpg");
  const image = await createImageBitmap(await picture.blob());
  const canvas = Object.assign(document.createElement("canvas"), { width: 320, height: 240 });
  canvas.getContext("2d").drawImage(image, 0, 0, 320, 240);
  return await detector.detect({ canvas, sequence: 1 }, { threshold: 0.5 });
} catch (error) {
  return [error.name, error.reason, error.message];
} finally {
  detector.close();
}
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    """The site with the bundled model, and no model server that would know it."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copytree(ROOT / "model_repository" / "codes", folder / "models" / "codes")
    settings = Settings(
        model_repository=folder / "models",
        originals=folder / "originals",
        database_url=f"sqlite:///{folder}/results.sqlite3",
        requests_per_minute=10_000,
    )
    with RunningSite(settings, FakeModelServer([])) as site:
        yield site


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A page that may complain of what a test takes away, but neither breaks nor breaks rules."""
    context = chromium.new_context()
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda line: errors.append(line.text) if "Policy" in line.text else None)
    yield page
    context.close()
    assert errors == []


@pytest.fixture
def run(site: RunningSite, page: Page) -> Run:
    """A function that runs a script with a module of the local detector as ``m``."""
    page.goto(f"{site.url}/healthz")  # any page of ours

    def evaluate(module: str, script: str) -> Any:
        return page.evaluate(
            f"async () => {{ const m = await import('/static/js/local/{module}.js'); {script} }}"
        )

    return evaluate


@pytest.mark.parametrize(
    ("picture", "method", "covered"),
    [
        ((300, 300), "fit", (300, 300)),
        ((640, 480), "fit", (300, 225)),
        ((480, 640), "fit", (225, 300)),
        ((30, 10), "fit", (300, 100)),  # small ones are enlarged, as the server's graph does
        ((640, 480), "stretch", (300, 300)),
    ],
)
def test_picture_lies_where_the_model_expects_it(
    run: Run, picture: tuple[int, int], method: str, covered: tuple[int, int]
) -> None:
    """It keeps its aspect and fills one side, or is stretched over all of the canvas."""
    width, height = picture

    extent = run(
        "placement",
        f"""return m.extent({{ width: {width}, height: {height} }},
                            {{ width: 300, height: 300, method: "{method}" }});""",
    )

    assert (extent["width"], extent["height"]) == pytest.approx(covered)


def test_answers_are_read_as_on_the_server(run: Run) -> None:
    """Sorted, in fractions of the picture, cut off; no threshold, number or area is overlooked."""
    found = run(
        "reading",
        f"""
        const rows = [
          [0.0, 0.25, 0.375, 0.5, 0.6, 18],      // counts: 0.6 in float32 is the threshold
          [-0.5, -0.5, 0.375, 2.0, 0.9, 1],      // is cut off
          [0.1, 0.1, 0.2, 0.2, 0.59, 1],         // below the threshold
          [NaN, 0.1, 0.2, 0.2, 0.8, 1],          // no box
          [0.1, 0.3, 0.2, 0.3, 0.8, 1],          // no area
          [0.1, 0.1, 0.2, 0.2, 0.7, 99],         // a class without a name
          [0.1, 0.1, 0.2, 0.2, 0.95, 1],         // beyond the count
        ];
        const column = (first, last) =>
          Float32Array.from(rows.flatMap((row) => row.slice(first, last)));
        const outputs = {{ b: column(0, 4), s: column(4, 5), c: column(5, 6), n: [6] }};
        const covered = {{ width: 300, height: 225 }};
        return [m.readDetections(outputs, {DESCRIPTION}, covered, 0.6),
                m.readDetections({{ b: [], s: [], c: [], n: [0] }}, {DESCRIPTION}, covered, 0)];
        """,
    )

    (person, strange, dog), nothing = found
    assert nothing == []
    assert (person["label"], person["colour"]) == ("person", "#57c0ff")
    assert person["box"] == [0, 0, 1, 0.5]
    assert (strange["label"], strange["class_id"]) == ("class 99", 99)
    assert dog["label"] == "dog"
    assert dog["box"] == pytest.approx([0.25, 0, 0.5, 0.5])


def test_model_without_a_count_means_all_its_rows(run: Run) -> None:
    """Not every model says how many of its rows it means."""
    found = run(
        "reading",
        f"""
        const description = {DESCRIPTION};
        description.outputs.count = null;
        const outputs = {{ b: [0, 0, 1, 1, 0, 0, 1, 0.5], s: [0.5, 0.7], c: [1, 18] }};
        return m.readDetections(outputs, description, {{ width: 300, height: 300 }}, 0.2);
        """,
    )

    assert [each["label"] for each in found] == ["dog", "person"]


def test_browser_finds_objects_by_itself(run: Run) -> None:
    """The bundled model runs in a worker under our policy, and says how long each part took."""
    answer = run("local_detector", LOOK)

    assert (answer["model"], answer["version"]) == ("codes", 1)
    assert answer["detections"][0]["label"] == "qr_code"
    assert list(answer["timings"]) == [
        "Frame to pixels", "Model in this browser", "Reading its answer", "To its thread and back",
    ]  # fmt: skip


def test_browser_without_relaxed_simd_finds_the_same(run: Run, page: Page) -> None:
    """The other form of the runtime, for browsers that know less, answers alike."""
    page.route("**/litert/index.js", _without_relaxed_simd)

    with page.expect_request("**/litert_wasm_compat_internal.wasm.gz"):
        answer = run("local_detector", LOOK)

    assert answer["detections"][0]["label"] == "qr_code"


def _without_relaxed_simd(route: Route) -> None:
    response = route.fetch()
    module = response.text().replace('await supportsFeature("relaxedSimd")', "false", 1)
    assert module != response.text()
    route.fulfill(response=response, body=module)


def _is(body: bytes, status: int = 200) -> Callable[[Route], None]:
    return lambda route: route.fulfill(status=status, body=body)


_NO_RUNTIME = "The runtime for models cannot be loaded, or does not run in this browser."
_NOT_FETCHED = "The model could not be fetched."


@pytest.mark.parametrize(
    ("pattern", "answer", "sentence"),
    [
        ("**/live/local/codes", None, "The server, which has the model, cannot be reached."),
        ("**/live/local/codes", _is(b"", 404), "The server has no form of this model"),
        ("**/*.tflite", None, _NOT_FETCHED),
        ("**/*.tflite", _is(b"", 404), "The model cannot be fetched: the server says 404."),
        ("**/*.tflite", _is(b"x" * 4_000_000), _NOT_FETCHED),
        ("**/*.tflite", _is(b"x" * 1000), "The model arrived damaged."),
        ("**/*.wasm.gz", None, _NO_RUNTIME),
        ("**/*.wasm.gz", _is(b"not WebAssembly"), _NO_RUNTIME),
        ("**/litert_wasm*.js", None, _NO_RUNTIME),
        ("**/local/worker.js", None, _NO_RUNTIME),
        ("**/local/serve.js", None, _NO_RUNTIME),
    ],
    ids=[
        "no description", "no form", "model lost", "model gone", "model too long",
        "model damaged", "runtime lost", "runtime damaged", "glue lost", "worker lost",
        "module lost",
    ],
)  # fmt: skip
def test_fault_is_a_sentence(
    run: Run, page: Page, pattern: str, answer: Callable[[Route], None] | None, sentence: str
) -> None:
    """Whatever is missing, the page is told why, so that it can go on with the server."""
    page.route(pattern, answer or (lambda route: route.abort()))

    name, reason, message = run("local_detector", LOOK)

    assert (name, reason) == ("DetectorError", "local")
    assert message.startswith(sentence)


def test_want_of_memory_is_called_so(run: Run) -> None:
    """People can close other pages, where that is the reason."""
    sentences = run(
        "faults",
        """return [new RangeError("WebAssembly.Memory(): could not allocate memory"),
                   new RangeError("Array buffer allocation failed"),
                   new Error("segment")].map(m.sentenceOf);""",
    )

    assert ["memory" in sentence for sentence in sentences] == [True, True, False]


def test_detector_can_be_given_up_and_used_again(run: Run) -> None:
    """A frame that nobody waits for, or a model that is on its way, blocks nothing."""
    outcomes = run(
        "local_detector",
        """
        const outcome = (promise) => promise.then(() => "done", (error) => error.reason);
        const canvas = Object.assign(document.createElement("canvas"), { width: 8, height: 8 });
        const model = { local: "/live/local/codes" };
        const detector = new m.LocalDetector();
        const unready = await outcome(detector.detect({ canvas }, { threshold: 0.5 }));
        const closing = outcome(detector.prepare(model));
        detector.close();
        const closed = await closing;
        const [former, again] = await Promise.all(
          [detector.prepare(model), detector.prepare(model)].map(outcome));
        const controller = new AbortController();
        const { signal } = controller;
        const givenUp = outcome(detector.detect({ canvas }, { threshold: 0.5, signal }));
        controller.abort();
        const late = outcome(detector.detect({ canvas }, { threshold: 0.5, signal }));
        const next = outcome(detector.detect({ canvas }, { threshold: 0.5 }));
        const all = [unready, closed, former, again, await givenUp, await late, await next];
        detector.close();
        return all;
        """,
    )

    assert outcomes == ["local", "local", "local", "done", "stopped", "stopped", "done"]
