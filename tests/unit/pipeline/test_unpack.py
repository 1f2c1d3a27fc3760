"""Archives, honest and hostile."""

import gzip
import io
import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath

import pytest

from pipeline.exceptions import ArchiveError
from pipeline.unpack import UnpackLimits, unpack_saved_model

ROOT = PurePosixPath("ssd/saved_model")
Member = tuple[tarfile.TarInfo, bytes]
Pack = Callable[[Sequence[Member]], Path]


def _file(name: str, content: bytes = b"content", mode: int = 0o644) -> Member:
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(content), mode
    return info, content


def _special(name: str, kind: bytes, linkname: str = "") -> Member:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, linkname
    return info, b""


READY = _file("ssd/saved_model/saved_model.pb", b"graph")


@pytest.fixture
def pack(tmp_path: Path) -> Pack:
    """A function that makes an archive of members."""

    def make(members: Sequence[Member]) -> Path:
        path = tmp_path / "ssd.tar.gz"
        with tarfile.open(path, "w:gz") as tar:
            for info, content in members:
                tar.addfile(info, io.BytesIO(content))
        return path

    return make


def _files(folder: Path) -> dict[str, bytes]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def test_the_saved_model_is_taken_and_the_rest_left(pack: Pack, tmp_path: Path) -> None:
    """Only what lies below the SavedModel's folder is written, in whatever order it comes."""
    archive = pack(
        [
            READY,
            _special("ssd", tarfile.DIRTYPE),
            _file("ssd/saved_model/variables/variables.index", b"index", mode=0o7777),
            _file("./ssd/saved_model/fingerprint.pb", b"print"),
            _file("ssd/saved_models/decoy"),
            _file("ssd/checkpoint", b"weights"),
            _special("ssd/latest", tarfile.SYMTYPE, "checkpoint"),
        ]
    )

    unpack_saved_model(archive, ROOT, tmp_path / "1")

    assert _files(tmp_path / "1") == {
        "saved_model.pb": b"graph",
        "variables/variables.index": b"index",
        "fingerprint.pb": b"print",
    }
    assert (tmp_path / "1/variables/variables.index").stat().st_mode & 0o7111 == 0


@pytest.mark.parametrize(
    ("member", "complaint"),
    [
        (_file("/etc/passwd"), "leaves the folder"),
        (_file("../outside"), "leaves the folder"),
        (_file("ssd/saved_model/../../../outside"), "leaves the folder"),
        (_file("ssd/../ssd/checkpoint"), "leaves the folder"),
        (_special("ssd/passwd", tarfile.SYMTYPE, "/etc/passwd"), "absolute path"),
        (_special("ssd/up", tarfile.SYMTYPE, "../../outside"), "outside"),
        (_special("ssd/hard", tarfile.LNKTYPE, "../outside"), "outside"),
        (_special("ssd/saved_model/variables", tarfile.SYMTYPE, "../checkpoint"), "is a link"),
        (_special("ssd/saved_model/twin", tarfile.LNKTYPE, "ssd/checkpoint"), "is a link"),
        (_special("ssd/sda", tarfile.BLKTYPE), "special file"),
        (_special("ssd/tty", tarfile.CHRTYPE), "special file"),
        (_special("ssd/pipe", tarfile.FIFOTYPE), "special file"),
        (_file("ssd/saved_model/saved_model.pb"), "there twice"),
        (_file("ssd/saved_model/saved_model.pb.unready/x"), "there twice"),
        (_file("ssd/saved_model/bomb", b"\0" * 2000), "more than 1000 bytes"),
        (_file("ssd/unwanted_bomb", b"\0" * 2000), "more than 1000 bytes"),
    ],
    ids=lambda value: value[0].name if isinstance(value, tuple) else "",
)
def test_a_hostile_archive_is_refused(
    pack: Pack, tmp_path: Path, member: Member, complaint: str
) -> None:
    """One bad member, and nothing gets the name that servers look for, nor a place outside."""
    archive = pack([READY, member])
    before = set(tmp_path.parent.rglob("*"))

    with pytest.raises(ArchiveError, match=f"ssd.tar.gz is refused: .*{complaint}"):
        unpack_saved_model(archive, ROOT, tmp_path / "1", UnpackLimits(bytes_max=1000))

    written = set(tmp_path.parent.rglob("*")) - before
    assert all(path.is_relative_to(tmp_path / "1") for path in written)
    assert not (tmp_path / "1/saved_model.pb").exists()


def test_too_many_members_are_refused(pack: Pack, tmp_path: Path) -> None:
    """A million empty files are a bomb, too."""
    archive = pack([READY, *(_file(f"ssd/{number}", b"") for number in range(4))])

    with pytest.raises(ArchiveError, match="4 members"):
        unpack_saved_model(archive, ROOT, tmp_path / "1", UnpackLimits(members_max=4))


@pytest.mark.parametrize(
    "members",
    [
        [],
        [_file("ssd/saved_model/saved_model.pbtxt")],
        [_file("ssd/saved_model/deeper/saved_model.pb")],
        [_file("saved_model/saved_model.pb")],
    ],
    ids=["empty", "text form", "deeper", "elsewhere"],
)
def test_an_archive_without_the_saved_model_is_refused(
    pack: Pack, tmp_path: Path, members: list[Member]
) -> None:
    """The message names the file that should be there."""
    archive = pack(members)

    with pytest.raises(ArchiveError, match=r"has no ssd/saved_model/saved_model\.pb"):
        unpack_saved_model(archive, ROOT, tmp_path / "1")


@pytest.mark.parametrize(
    "damage",
    [
        lambda _: b"",
        lambda _: b"<html>Sign in to the hotel's network</html>",
        lambda _: b"\x1f\x8b garbage",
        lambda archive: archive[: len(archive) // 2],
        lambda archive: archive[:60] + bytes(20) + archive[80:],
        lambda archive: archive[:-8] + bytes(8),
    ],
    ids=["empty", "a web page", "not gzip", "cut off", "overwritten", "wrong checksum"],
)
def test_a_damaged_archive_is_refused(
    pack: Pack, tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    """Whatever the decoder trips over becomes the same kind of error."""
    noise = bytes(range(256)) * 64
    archive = pack([_file("ssd/saved_model/variables", noise), READY])
    archive.write_bytes(damage(archive.read_bytes()))

    with pytest.raises(ArchiveError, match=r"ssd\.tar\.gz is damaged or no tar archive"):
        unpack_saved_model(archive, ROOT, tmp_path / "1")

    assert not (tmp_path / "1/saved_model.pb").exists()


def test_data_behind_the_end_is_refused(tmp_path: Path) -> None:
    """A small archive cannot be followed by gigabytes that nobody asked for."""
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as writer:
        writer.addfile(READY[0], io.BytesIO(READY[1]))
    archive = tmp_path / "ssd.tar.gz"
    archive.write_bytes(gzip.compress(tar.getvalue() + bytes(2**21)))

    with pytest.raises(ArchiveError, match="more behind its end"):
        unpack_saved_model(archive, ROOT, tmp_path / "1")


def test_a_disk_at_fault_is_not_blamed_on_the_archive(pack: Pack, tmp_path: Path) -> None:
    """An error of the file system keeps its own words."""
    archive = pack([READY])

    with pytest.raises(FileNotFoundError):
        unpack_saved_model(archive, ROOT, tmp_path / "absent" / "1")
