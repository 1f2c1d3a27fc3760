"""Scripts by which shells complete the command line."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from serving_client._cli import main
from serving_client._cli.completion import SHELLS, script
from serving_client._cli.grammar import COMMANDS, parser


@pytest.mark.parametrize("shell", SHELLS)
def test_script_knows_every_command_and_option(shell: str) -> None:
    """Commands and their options are those of the grammar."""
    text = script(parser(), shell)

    for word in (*COMMANDS, "target", "warm-up", "json", "token-file"):
        assert word in text


@pytest.mark.parametrize("shell", SHELLS)
def test_script_is_printed_without_a_server(
    shell: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`completion` needs neither a server nor a sensible environment."""
    monkeypatch.setenv("SIGHTLINE_SERVING_TIMEOUT_S", "soon")

    status = main(["completion", shell])

    out, err = capsys.readouterr()
    assert (status, err) == (0, "")
    assert out == script(parser(), shell) + "\n"


def complete(bash: str, words: list[str], folder: Path) -> list[str]:
    """What bash offers for the last of the words."""
    given = " ".join(f"'{word}'" for word in words)
    program = (
        f"{script(parser(), 'bash')}\nCOMP_WORDS=({given})\nCOMP_CWORD={len(words) - 1}\n"
        '_sightline_client\nprintf "%s\\n" "${COMPREPLY[@]}"'
    )
    answer = subprocess.run(
        [bash, "--norc", "-c", program], capture_output=True, text=True, check=True, cwd=folder
    )
    assert answer.stderr == ""
    return answer.stdout.split("\n")[:-1]


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["pre"], ["predict"]),
        (["s"], ["smoke", "status"]),
        (["predict", "--ima"], ["--image"]),
        (["status", "--json", "--mo"], ["--model"]),
        (["status", "--ima"], [""]),
        (["predict", "--image", "a"], ["a picture.jpg", "another.jpg"]),
        (["predict", "--model", ""], [""]),
        (["completion", ""], ["bash", "zsh", "fish", "--help"]),
        (["bench", "--warm"], ["--warm-up"]),
        (["unheard-of", "--"], [""]),
    ],
    ids=str,
)
def test_bash_completes(
    words: list[str], offered: list[str], find_program: Callable[[str], str], tmp_path: Path
) -> None:
    """Commands, options, files and shells are offered where they make sense."""
    for name in ("a picture.jpg", "another.jpg", "other.txt"):
        (tmp_path / name).touch()

    completed = complete(find_program("bash"), ["sightline-client", *words], tmp_path)

    assert sorted(completed) == sorted(offered)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_script_is_one_that_its_shell_can_read(
    shell: str, find_program: Callable[[str], str], tmp_path: Path
) -> None:
    """The shell itself finds no fault with the syntax."""
    program = find_program(shell)
    (tmp_path / "script").write_text(script(parser(), shell))

    subprocess.run([program, "-n", tmp_path / "script"], check=True)
