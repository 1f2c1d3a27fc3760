"""`python -m pipeline codes`: the steps by their names."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.cli import main
from pipeline.codes.artifact import Artifact
from vision import decode_picture


@pytest.mark.parametrize("step", ["train", "export", "evaluate", "publish"])
def test_a_step_without_its_input_names_the_step_to_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], step: str
) -> None:
    """Whoever begins in the middle is told where to begin, in one line."""
    exit_code = main(
        ["codes", step, "--work", str(tmp_path / "work")],
        {"SIGHTLINE_MODEL_REPOSITORY": str(tmp_path / "models")},
    )

    captured = capsys.readouterr()
    assert exit_code == 1
    assert "run `python -m pipeline codes" in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""


def test_pictures_are_made_and_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The first step says how many pictures there are, and leaves a manifest."""
    arguments = ["--work", str(tmp_path), "--pictures", "4", "--test-pictures", "2"]

    exit_code = main(["codes", "make-data", *arguments], {})

    assert exit_code == 0
    assert "4 pictures to train with" in capsys.readouterr().out
    assert Artifact.load(tmp_path / "data", "make-data").settings["train"] == 4


def test_an_unfinished_training_of_another_plan_is_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Hours of work are not thrown away because of another option."""
    work = ["--work", str(tmp_path)]
    for split in ("train", "validation"):
        (tmp_path / "data" / split).mkdir(parents=True)
        (tmp_path / "data" / split / "0.tfrecord").touch()
    Artifact("make-data", {}).write(tmp_path / "data")
    (tmp_path / "training").mkdir()
    (tmp_path / "training" / "plan.json").write_text("{}")

    exit_code = main(["codes", "train", *work, "--epochs", "3"], {})

    assert exit_code == 1
    assert "--restart" in capsys.readouterr().err
    assert (tmp_path / "training" / "plan.json").read_text() == "{}"


def test_the_shipped_samples_are_those_that_are_drawn(tmp_path: Path) -> None:
    """What the web pages offer is what this command makes, give or take a processor's rounding."""
    shipped = Path(__file__).parents[4] / "webapp" / "static" / "samples"

    main(["codes", "samples", "--output", str(tmp_path)], {})

    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(p.name for p in shipped.iterdir())
    assert (tmp_path / "samples.toml").read_text() == (shipped / "samples.toml").read_text()
    for path in tmp_path.glob("*.jpg"):
        drawn, expected = (
            decode_picture(each.read_bytes()).image_hwc.astype(np.int16)
            for each in (path, shipped / path.name)
        )
        assert np.abs(drawn - expected).mean() < 1


@pytest.mark.parametrize(
    "option",
    [["--pictures", "0"], ["--test-pictures", "-1"], ["--seed", "-1"], ["--seed", str(2**32)]],
)
def test_numbers_that_make_no_sense_are_refused(option: list[str]) -> None:
    """Nothing is started then."""
    with pytest.raises(SystemExit, match="2"):
        main(["codes", "make-data", *option], {})
