"""What a client sends, before it is known to be a picture."""

import re
import unicodedata
from dataclasses import dataclass
from pathlib import PurePosixPath

from webapp.exceptions import ExtensionError, NoPictureError, TooManyBytesError
from webapp.presentation.formatting import file_size

EXTENSIONS = (".jpg", ".jpeg", ".png")
_NAME_LENGTH_MAX = 100
_NAMELESS = "picture"


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it came in.

    Attributes:
        data: Its bytes.
        image_name: The client's name for it, as text to show.
    """

    data: bytes
    image_name: str


def accept(data: bytes, image_name: str, *, bytes_max: int) -> Upload:
    """Return the upload, its name cleaned.

    Raises:
        TooManyBytesError: It has more than ``bytes_max`` bytes.
    """
    if len(data) > bytes_max:
        raise TooManyBytesError(f"The file is larger than {file_size(bytes_max)}.")
    return Upload(data, clean_name(image_name))


def check_extension(file_name: str) -> None:
    """Check the name of a file that a person picked.

    Raises:
        NoPictureError: The name is empty: nothing was picked.
        ExtensionError: It does not end in .jpg, .jpeg or .png, in small or capital letters.
    """
    if not file_name:
        raise NoPictureError("No picture was chosen.")
    name = clean_name(file_name)
    if not name.lower().endswith(EXTENSIONS):
        raise ExtensionError(f"“{name}” is not a .jpg, .jpeg or .png file.")


def clean_name(file_name: str) -> str:
    r"""Return a client's file name as harmless text of one short line.

    Folders, control and direction characters go; the end of an overlong name stays, because it
    has the extension.

    Examples:
        >>> clean_name("..\\..\\holiday/ my\x00 dog\u202egpj.jpg")
        'my doggpj.jpg'
        >>> clean_name("///")
        'picture'
    """
    bare = PurePosixPath(file_name.replace("\\", "/")).name
    # "C" is every kind of control, format, surrogate and unassigned character.
    visible = "".join(char for char in bare if unicodedata.category(char)[0] != "C")
    name = re.sub(r"\s+", " ", visible).strip(" .")
    if len(name) > _NAME_LENGTH_MAX:
        half = _NAME_LENGTH_MAX // 2
        name = f"{name[: half - 1]}…{name[-half:]}"
    return name or _NAMELESS
