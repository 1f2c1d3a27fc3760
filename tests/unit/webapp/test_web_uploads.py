"""Names and sizes of what is sent."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.exceptions import ExtensionError, NoPictureError, TooManyBytesError
from webapp.http.uploads import accept, check_extension, clean_name


@pytest.mark.parametrize(
    ("file_name", "shown"),
    [
        ("", "picture"),
        ("..", "picture"),
        ("\x00\u202e", "picture"),
        ("../../etc/passwd", "passwd"),
        ("C:\\fakepath\\dog.jpg", "dog.jpg"),
        ("  my   dog .jpg ", "my dog .jpg"),
        ("line\nbreak\u2028here.png", "linebreak here.png"),
        ("\ud800broken.jpg", "broken.jpg"),
        ("Hündin 犬 🐕.JPG", "Hündin 犬 🐕.JPG"),
    ],
)
def test_name_becomes_harmless_text(file_name: str, shown: str) -> None:
    """Folders, control and direction characters go; the name itself stays."""
    assert clean_name(file_name) == shown


@given(st.text(alphabet=st.characters()))
def test_any_name_is_one_short_line(file_name: str) -> None:
    """Whatever a client calls a file, what is shown is short, visible and no path."""
    name = clean_name(file_name)

    assert 1 <= len(name) <= 100
    assert not set(name) & set("/\\")
    assert not any(unicodedata.category(char).startswith("C") for char in name)
    assert clean_name(name) == name


@pytest.mark.parametrize("file_name", ["a.jpg", "a.JPEG", "a.Png", "a.b.jpg", "x" * 300 + ".jpg"])
def test_pictures_are_known_by_their_extension(file_name: str) -> None:
    """The three extensions pass in small and capital letters."""
    check_extension(file_name)


@pytest.mark.parametrize(
    "file_name", ["a", "jpg", "a.jpg.txt", "a.jpg/b", "a.webp", "a.jpg\x00.exe"]
)
def test_other_extensions_are_refused(file_name: str) -> None:
    """What else a file is called, its extension is named as wrong."""
    with pytest.raises(ExtensionError, match=r"is not a \.jpg"):
        check_extension(file_name)


def test_no_name_means_no_file() -> None:
    """A browser sends a file without a name where none was picked."""
    with pytest.raises(NoPictureError):
        check_extension("")


def test_size_limit_is_inclusive() -> None:
    """Exactly as many bytes as allowed pass, one more does not."""
    assert accept(b"1234", "a.jpg", bytes_max=4).data == b"1234"
    with pytest.raises(TooManyBytesError, match="larger than 4 bytes"):
        accept(b"12345", "a.jpg", bytes_max=4)
