"""What the words of the command line mean together: files, or one camera."""

import argparse
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import cast

from sightline.camera_feed import name_of_camera
from sightline.cameras import Camera, Opener, Watch, is_camera
from sightline.exceptions import PictureFailedError, UsageError
from sightline.footage import EVERY_S, Footage
from sightline.sources import FROM_STDIN, Failure, Kind, Selection, Source, sources

_ONLY: dict[str, Kind] = {"pictures": "picture", "videos": "video"}
# Options that make no sense with a camera, and those that make none without.
_OF_FILES = {"resume": "--resume", "from_s": "--from", "to_s": "--to", "only": "--only"}
_OF_CAMERAS = {"seconds": "--seconds", "frames": "--frames"}


@dataclass(frozen=True, slots=True)
class Expected:
    """What a bar counts up to.

    Attributes:
        total: How many pictures and frames there will be; None if that is not known.
        of: What they are.
    """

    total: int | None
    of: str


def camera_meant(arguments: argparse.Namespace, opener: Opener) -> Camera | None:
    """Open the camera that the words name; None if they name files.

    Raises:
        UsageError: The words or options do not go together, or the camera cannot be used.
    """
    words: list[str] = arguments.files
    named = [word for word in words if is_camera(word)]
    for name, option in (_OF_FILES if named else _OF_CAMERAS).items():
        if getattr(arguments, name) is not None:
            what = "files, not for a camera" if named else "a camera, not for files"
            raise UsageError(f"{option} is for {what}.")
    if not named:
        return None
    if len(words) > 1:
        raise UsageError(f"A camera is watched alone; leave out all but {named[0]}.")
    watch = Watch(arguments.every or 0.0, arguments.seconds, arguments.frames)
    return Camera(name_of_camera(named[0]), opener(named[0]), watch)


def footage_meant(arguments: argparse.Namespace) -> Footage:
    """Return which frames of videos are looked at.

    Raises:
        UsageError: There can be none.
    """
    from_s = arguments.from_s or 0.0
    if arguments.to_s is not None and arguments.to_s <= from_s:
        raise UsageError(f"Nothing lies between --from {from_s:g} and --to {arguments.to_s:g}.")
    every_s = EVERY_S if arguments.every is None else arguments.every
    return Footage(every_s=every_s, from_s=from_s, to_s=arguments.to_s)


def files_meant(arguments: argparse.Namespace) -> Iterator[Source | Failure]:
    """Find the files that the words name, and those listed on standard input."""
    return sources(_selection(arguments), _listed())


def expected(arguments: argparse.Namespace, footage: Footage) -> Expected:
    """Count the pictures and frames that there will be; this opens all videos."""
    if FROM_STDIN in arguments.files:
        return Expected(None, "pictures")
    counts, kinds = list[int | None](), set[str]()
    for each in sources(_selection(arguments)):
        is_video = isinstance(each, Source) and each.kind == "video"
        kinds.add("frames" if is_video else "pictures")
        counts.append(_frames(cast("Source", each), footage) if is_video else 1)
    total = None if None in counts else sum(count or 0 for count in counts)
    return Expected(total, " and ".join(sorted(kinds, reverse=True)) or "pictures")


def _frames(video: Source, footage: Footage) -> int | None:
    try:
        return footage.count(video)
    except PictureFailedError:
        return 1  # which fails


def _selection(arguments: argparse.Namespace) -> Selection:
    annotated = getattr(arguments, "annotated", None)
    return Selection(
        tuple(arguments.files),
        recursive=arguments.recursive,
        without=annotated,
        only=_ONLY.get(arguments.only),
    )


def _listed() -> Iterable[str]:
    yield from sys.stdin
