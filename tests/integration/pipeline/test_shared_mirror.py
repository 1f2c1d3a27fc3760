"""The real archives of the shared mirror, from a folder and over HTTP."""

from pathlib import Path

import pytest

from pipeline.cli import main
from pipeline.repository import Repository
from pipeline.saved_model import read_signatures
from pipeline.testing.server import ArchiveServer, Fault

MODELS = ("ssd_mobilenet_v1_075_coco", "centernet_mobilenetv3_coco")


@pytest.mark.parametrize("name", MODELS)
def test_a_real_model_is_fetched_from_a_folder(shared_dir: Path, tmp_path: Path, name: str) -> None:
    """The shipped catalogue describes it as it is: digest, place in the archive, signature."""
    options = ["--mirror", str(shared_dir / "mirror"), "--repository", str(tmp_path)]

    code = main(["models", "fetch", name, *options], {})

    model = Repository(tmp_path).find(name)
    assert code == 0
    assert model is not None
    signature = read_signatures((model.saved_model / "saved_model.pb").read_bytes())
    assert signature["serving_default"].inputs == {"input_tensor": "uint8"}
    assert main(["models", "verify", "--repository", str(tmp_path)], {}) == 0


def test_a_real_model_is_fetched_over_a_bad_line(
    shared_dir: Path, tmp_path: Path, server: ArchiveServer
) -> None:
    """Two broken connections cost no byte twice; without a name it is what the mirror has."""
    archive = (shared_dir / "mirror" / "ssd_mobilenet_v1_075_coco.tar.gz").read_bytes()
    server.files = {"/ssd_mobilenet_v1_075_coco.tar.gz": archive}
    server.faults.extend([Fault(cut_after=2**20), Fault(cut_after=2**20)])
    options = ["--mirror", server.url, "--repository", str(tmp_path)]

    code = main(["models", "fetch", *options], {})

    sent = [answer for answer in server.served if answer.method == "GET"]
    assert code == 0
    assert [answer.status for answer in sent] == [200, 206, 206]
    assert sum(answer.body_bytes for answer in sent) == len(archive)
    assert Repository(tmp_path).find("ssd_mobilenet_v1_075_coco") is not None
