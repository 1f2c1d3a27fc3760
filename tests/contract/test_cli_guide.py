"""The guide to the command line is true."""

import argparse
import json
import re
import shlex
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from sightline.answers import Answer
from sightline.completion import SHELLS, script
from sightline.grammar import parser
from sightline.writers import FORMATS

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs" / "cli.md").read_text()
GRAMMAR = parser({})


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)


def commands() -> list[str]:
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    lines += re.findall(r"^  (.*sightline .*)$", GRAMMAR.epilog or "", re.MULTILINE)
    return [re.sub(r" >>? .*", "", line.rpartition("| ")[2]) for line in lines]


def kinds() -> Iterator[tuple[str, argparse.ArgumentParser]]:
    for action in GRAMMAR._actions:
        if isinstance(action, argparse._SubParsersAction):
            yield from action.choices.items()


@pytest.mark.parametrize("line", commands())
def test_commands_of_the_guide_are_known(line: str) -> None:
    """A command line of the guide, or of the help, is one that the program takes."""
    program, *words = shlex.split(line, comments=True)

    options = GRAMMAR.parse_args(words)

    assert program == "sightline"
    assert options.command in dict(kinds())


def test_guide_shows_every_command_and_option() -> None:
    """There is an example of each, or a word about it."""
    named = [name for name, _ in kinds()]
    options = [
        option
        for _, command in kinds()
        for action in command._actions
        for option in action.option_strings
        if option not in {"-h", "--help"}
    ]

    assert [name for name in named if f"sightline {name}" not in GUIDE] == []
    assert [option for option in options if option not in GUIDE] == []


def test_guide_tells_every_format() -> None:
    """The table has a row for each."""
    assert set(re.findall(r"^\| `([a-z]+)` \| ", GUIDE, re.MULTILINE)) == set(FORMATS)


def test_json_of_the_guide_is_what_is_written() -> None:
    """The example has the fields of an answer, and can be read as one."""
    (block,) = blocks("json")
    fields = json.loads(block)

    assert Answer.from_fields(fields).to_fields() == fields


def test_links_into_the_guide_lead_somewhere() -> None:
    """Each heading that the contents name is there, and each heading is in them."""
    anchors = {
        re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-")
        for title in re.findall(r"^## (.*)$", GUIDE, re.MULTILINE)
    }

    assert set(re.findall(r"\]\(#([^)]+)\)", GUIDE)) == anchors


def test_command_line_is_a_program() -> None:
    """The name by which the guide calls it is installed, with what it needs."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert project["scripts"]["sightline"] == "sightline.__main__:main"
    assert "cli" in project["optional-dependencies"]


@pytest.mark.parametrize("shell", SHELLS)
def test_scripts_of_shells_know_every_command(shell: str) -> None:
    """And every option of each."""
    text = script(GRAMMAR, shell)

    for name, command in kinds():
        assert name in text
        for action in command._actions:
            assert all(option.lstrip("-") in text for option in action.option_strings)


def test_bash_completes_words_and_options() -> None:
    """A command, a choice and an option, as bash itself does it."""
    asked = [(["det"], 1), (["detect", "--format", "co"], 3), (["explain", "--opa"], 2)]
    lines = [
        f"COMP_WORDS=(sightline {shlex.join(words)}); COMP_CWORD={place}; _sightline; "
        f'echo "${{COMPREPLY[@]}}"'
        for words, place in asked
    ]

    answer = subprocess.run(
        ["bash", "-c", "\n".join([script(GRAMMAR, "bash"), *lines])],
        capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert answer.stdout.split() == ["detect", "coco", "--opacity"]
