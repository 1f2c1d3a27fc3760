"""What becomes of a process that cannot export."""

from pathlib import Path

import pytest

from pipeline.applications.application import Application
from pipeline.applications.process import download_in_process, export_in_process
from pipeline.exceptions import DownloadError, ExportError

MOBILENET = Application("MobileNet", 32, {"alpha": 0.25})


@pytest.fixture
def tensorflow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that other processes find where they look for TensorFlow."""
    folder = tmp_path / "packages"
    folder.mkdir()
    monkeypatch.setenv("PYTHONPATH", str(folder))
    return folder / "tensorflow.py"


def test_without_tensorflow_it_is_said_what_to_install(tensorflow: Path, tmp_path: Path) -> None:
    """Who has installed the rest alone learns what is missing."""
    tensorflow.write_text("raise ImportError('No module named tensorflow')")

    with pytest.raises(ExportError) as caught:
        export_in_process(MOBILENET, tmp_path / "weights.h5", ["cat"], tmp_path / "1")

    assert str(caught.value) == (
        "Exporting MobileNet needs TensorFlow and Keras: No module named tensorflow. Install them "
        "with `pip install 'sightline[pipeline]'`."
    )


@pytest.mark.parametrize(
    ("code", "complaint"),
    [
        ("import os; os.kill(os.getpid(), 9)", "ended by SIGKILL; is there too little memory."),
        ("import os; os._exit(3)", "ended with code 3: it said nothing."),
        ("raise SystemError('a bug')", "ended with code 1: .* / SystemError: a bug."),
    ],
)
def test_a_process_that_dies_is_one_sentence(
    tensorflow: Path, tmp_path: Path, code: str, complaint: str
) -> None:
    """A crash in there is none in here, and its last words are kept."""
    tensorflow.write_text(code)

    with pytest.raises(ExportError, match=f"^The process that exports MobileNet {complaint}$"):
        export_in_process(MOBILENET, tmp_path / "weights.h5", ["cat"], tmp_path / "1")


@pytest.mark.parametrize(
    ("code", "kind", "complaint"),
    [
        ("from pipeline.exceptions import *; raise DownloadError('No.')", DownloadError, "^No.$"),
        ("raise OSError(28, 'No space left', '/x')", OSError, "No space left: '/x'"),
    ],
)
def test_errors_arrive_as_they_were(
    tensorflow: Path, tmp_path: Path, code: str, kind: type[Exception], complaint: str
) -> None:
    """Whoever asked catches what he would have caught without another process."""
    tensorflow.write_text(code)
    target = tmp_path / "weights.h5"

    with pytest.raises(kind, match=complaint):
        download_in_process(MOBILENET, target, lambda _done, _total: None)

    assert [path.name for path in tmp_path.iterdir()] == ["packages"]
