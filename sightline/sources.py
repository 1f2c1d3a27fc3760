"""From what stands on the command line to the pictures that are meant, one after the other."""

import glob
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from videos import VideoError, read_format

Kind = Literal["picture", "video", "camera"]
SUFFIXES: dict[str, Kind] = {
    ".jpg": "picture", ".jpeg": "picture", ".png": "picture",
    ".m4v": "video", ".mov": "video", ".mp4": "video", ".webm": "video",
}  # fmt: skip
"""What counts in a folder, and as what; a file that is named itself is always tried."""
FROM_STDIN = "-"
# Whoever names one of these means a video, and is told that it is none of a kind that is read.
_OTHER_VIDEOS = frozenset({".3gp", ".avi", ".flv", ".mkv", ".mpeg", ".mpg", ".ogv", ".ts", ".wmv"})


@dataclass(frozen=True, slots=True)
class Source:
    """Something that should show pictures.

    Attributes:
        file: A file's path, as it was found, or a camera's name.
        bytes: Its size; 0 of a camera.
        mtime_ns: When it was changed last, in nanoseconds of the system's clock; 0 of a camera.
        kind: What it is taken for.
    """

    file: str
    bytes: int
    mtime_ns: int
    kind: Kind = "picture"


@dataclass(frozen=True, slots=True)
class Failure:
    """Something that has no answer.

    Attributes:
        file: The path, or the pattern.
        kind: Why, for programs: one word.
        sentence: Why, for people.
        of: What failed.
    """

    file: str
    kind: str
    sentence: str
    of: Kind | Literal["frame"] = "picture"


@dataclass(frozen=True, slots=True)
class Selection:
    """Which pictures and videos are meant.

    Attributes:
        words: Files, folders and patterns such as `**/*.jpg`; `-` for a list on standard input.
        recursive: Whether folders inside folders count.
        without: A folder whose pictures do not count: the one that drawn pictures go to.
        only: The one kind of file that counts; None for all.
    """

    words: tuple[str, ...]
    recursive: bool = False
    without: Path | None = None
    only: Kind | None = None


def sources(selection: Selection, listed: Iterable[str] = ()) -> Iterator[Source | Failure]:
    """Find the files, each once however often it is meant, in the order of the words.

    Folders are sorted by name. Nothing is read ahead, so a list of any length will do.

    Args:
        selection: Which are meant.
        listed: The lines that `-` stands for: a path each.
    """
    seen: set[str] = set()
    for word in selection.words:
        for each in _from_lines(listed) if word == FROM_STDIN else _from_word(word, selection):
            if isinstance(each, Source) and selection.only not in {None, each.kind}:
                continue
            key = os.path.abspath(each.file)  # noqa: PTH100  resolving a link costs a look at the disk
            if key not in seen:
                seen.add(key)
                yield each


def _from_lines(lines: Iterable[str]) -> Iterator[Source | Failure]:
    for line in lines:
        file = line.rstrip("\r\n")
        if file.strip():
            yield _from_file(file)


def _from_word(word: str, selection: Selection) -> Iterator[Source | Failure]:
    if Path(word).is_dir():
        nothing = Failure(word, "empty", _NOTHING_THERE)
        yield from _some(_from_folder(Path(word), selection), nothing)
    elif glob.has_magic(word) and not os.path.lexists(word):
        nothing = Failure(word, "missing", "No file matches this pattern.")
        yield from _some(_from_pattern(word, selection), nothing)
    else:
        yield _from_file(word)


_NOTHING_THERE = (
    "There are no pictures (.jpg, .jpeg, .png) or videos (.mp4, .m4v, .mov, .webm) in this folder."
)


def _some(found: Iterator[Source | Failure], nothing: Failure) -> Iterator[Source | Failure]:
    """Yield what was found, or that it was nothing."""
    first = next(found, nothing)
    yield first
    yield from found


def _from_pattern(pattern: str, selection: Selection) -> Iterator[Source | Failure]:
    parts = Path(pattern).parts
    # Path.glob takes no absolute pattern, and leaves out no hidden files; but glob.iglob walks
    # through links, and so round and round.
    files = _walked(parts) if "**" in parts else glob.iglob(pattern)  # noqa: PTH207
    for file in sorted(files):
        path = Path(file)
        if not path.is_dir() and not _is_left_out(path.parent, selection):
            yield _from_file(file)


def _walked(parts: tuple[str, ...]) -> Iterator[str]:
    """Find what matches a pattern with `**`, which stands for no links to folders."""
    start = next(place for place, part in enumerate(parts) if glob.has_magic(part))
    folder, below = Path(*parts[:start]), [*parts[start:], *["*"] * (parts[-1] == "**")]
    wants_hidden = any(part.startswith(".") for part in below)
    for path in folder.glob("/".join(below)):
        names = path.relative_to(folder).parts
        if wants_hidden or not any(name.startswith(".") for name in names):
            yield str(path)


def _from_folder(folder: Path, selection: Selection) -> Iterator[Source | Failure]:
    if _is_left_out(folder, selection):
        return
    try:
        paths = sorted(folder.iterdir())
    except OSError as error:
        yield _unreadable(str(folder), error)
        return
    for path in paths:
        if path.is_dir():
            # A link may lead back up, and round and round.
            if selection.recursive and not path.is_symlink():
                yield from _from_folder(path, selection)
        elif path.suffix.lower() in SUFFIXES:
            yield _from_file(str(path))


def _is_left_out(folder: Path, selection: Selection) -> bool:
    without = selection.without
    return without is not None and folder.resolve().is_relative_to(without.resolve())


def _from_file(file: str) -> Source | Failure:
    try:
        facts = Path(file).stat()
    except (OSError, ValueError) as error:
        return _unreadable(file, error)
    if not stat.S_ISREG(facts.st_mode):
        return Failure(file, "no_file", "This is no regular file.")
    kind = SUFFIXES.get(Path(file).suffix.lower()) or _kind_of_other(Path(file))
    return Source(file, facts.st_size, facts.st_mtime_ns, kind)


def _kind_of_other(path: Path) -> Kind:
    """Return what a file is that is called like neither a picture nor a video.

    What cannot be opened counts as a picture: whoever reads it will say why it cannot be read.
    """
    if path.suffix.lower() in _OTHER_VIDEOS:
        return "video"
    try:
        read_format(path)
    except (OSError, VideoError):
        return "picture"
    return "video"


def _unreadable(file: str, error: OSError | ValueError) -> Failure:
    kind = "missing" if isinstance(error, FileNotFoundError) else "unreadable"
    reason = error.strerror if isinstance(error, OSError) else None
    return Failure(file, kind, f"This cannot be read: {reason or error}.")
