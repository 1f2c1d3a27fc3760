"""Scripts by which shells complete the command line, made from its grammar."""

import argparse
from collections.abc import Callable, Iterator, Mapping

SHELLS = ("bash", "fish", "zsh")

_BASH = """\
# sightline completion bash: read it with `source`, or from ~/.bashrc.
_sightline() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} words
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '{NAMES}' -- "$current"))
    return
  fi
  case "${COMP_WORDS[1]} $previous" in
{CHOICES}
  esac
  case ${COMP_WORDS[1]} in
{OPTIONS}
  esac
  if [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "$words" -- "$current"))
  else
    COMPREPLY=()
  fi
}
complete -o default -F _sightline sightline
"""
_ZSH = """\
#compdef sightline
autoload -U +X bashcompinit && bashcompinit
"""
_Choices = Mapping[str, list[str]]


def script(grammar: argparse.ArgumentParser, shell: str) -> str:
    """Return the script that completes `sightline` in a shell.

    Args:
        grammar: The whole command line.
        shell: One of `SHELLS`.
    """
    return _WRITERS[shell](_commands(grammar))


def _commands(grammar: argparse.ArgumentParser) -> Mapping[str, argparse.ArgumentParser]:
    """Return the commands of a grammar; argparse has no public way to ask for them."""
    for action in grammar._actions:  # noqa: SLF001
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            return dict(action.choices)
    return {}


def _options(command: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.Action]]:
    """Yield the options of a command, and what follows each; the empty text is no option."""
    for action in command._actions:  # noqa: SLF001  as above
        yield (action.option_strings or [""])[-1], action


def _bash(commands: Mapping[str, argparse.ArgumentParser]) -> str:
    choices, options = [], []
    for name, command in commands.items():
        flags = " ".join(flag for flag, _ in _options(command) if flag)
        options.append(f"    {name}) words='{flags}' ;;")
        for flag, action in _options(command):
            if action.choices:
                words = f"COMPREPLY=($(compgen -W '{' '.join(action.choices)}' -- \"$current\"))"
                choices.append(f"    '{name} {flag or name}') {words}; return ;;")
    return (
        _BASH.replace("{NAMES}", " ".join(commands))
        .replace("{CHOICES}", "\n".join(choices))
        .replace("{OPTIONS}", "\n".join(options))
    )


def _zsh(commands: Mapping[str, argparse.ArgumentParser]) -> str:
    return _ZSH + _bash(commands)


def _fish(commands: Mapping[str, argparse.ArgumentParser]) -> str:
    lines = [f"complete -c sightline -n __fish_use_subcommand -f -a '{' '.join(commands)}'"]
    for name, command in commands.items():
        start = f"complete -c sightline -n '__fish_seen_subcommand_from {name}'"
        for flag, action in _options(command):
            words = f" -x -a '{' '.join(action.choices)}'" if action.choices else ""
            option = f" -l {flag.removeprefix('--')}" if flag else ""
            text = (action.help or "").replace("'", "\\'").split(" (")[0]
            if option or words:
                lines.append(f"{start}{option}{words} -d '{text}'")
    return "\n".join(lines) + "\n"


_WRITERS: Mapping[str, Callable[[Mapping[str, argparse.ArgumentParser]], str]] = {
    "bash": _bash,
    "fish": _fish,
    "zsh": _zsh,
}
