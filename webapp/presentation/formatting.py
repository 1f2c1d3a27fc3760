"""Numbers, moments and names as people read them."""

from collections.abc import Callable
from datetime import datetime, timedelta

from vision.palette import class_colour

_KILO = 1000


def percent(fraction: float) -> str:
    """Return a fraction as a percentage.

    Examples:
        >>> percent(0.874)
        '87 %'
    """
    return f"{fraction * 100:.0f} %"


def file_size(size_bytes: int) -> str:
    """Return a number of bytes in the largest unit that keeps it above one.

    Examples:
        >>> file_size(640), file_size(83_000), file_size(1_260_000), file_size(20_000_000)
        ('640 bytes', '83 kB', '1.3 MB', '20 MB')
        >>> file_size(270_553_200_000)
        '270.6 GB'
    """
    if size_bytes < _KILO:
        return f"{size_bytes} bytes"
    if size_bytes < _KILO**2:
        return f"{size_bytes / _KILO:.0f} kB"
    if size_bytes < _KILO**3:
        return f"{size_bytes / _KILO**2:.1f}".removesuffix(".0") + " MB"
    return f"{size_bytes / _KILO**3:.1f}".removesuffix(".0") + " GB"


def milliseconds(span_ms: float) -> str:
    """Return a time span: short ones with a digit more, long ones in seconds.

    Examples:
        >>> milliseconds(3.14159), milliseconds(81.9), milliseconds(5432)
        ('3.1 ms', '82 ms', '5.4 s')
    """
    if span_ms >= _KILO:
        return f"{span_ms / _KILO:.1f} s"
    return f"{span_ms:.1f} ms" if span_ms < 10 else f"{span_ms:.0f} ms"  # noqa: PLR2004


def counted(count: int, one: str, many: str = "") -> str:
    """Return a number with its noun.

    Examples:
        >>> counted(1, "object"), counted(2, "object"), counted(2, "guess", "guesses")
        ('1 object', '2 objects', '2 guesses')
    """
    return f"{count} {one if count == 1 else many or one + 's'}"


def moment(at: datetime) -> str:
    """Return a moment, which is in UTC, to the minute.

    Examples:
        >>> moment(datetime(2026, 3, 9, 14, 5))
        '9 Mar 2026, 14:05 UTC'
    """
    return f"{at.day} {at:%b %Y, %H:%M} UTC"


def class_colour_hex(class_id: int) -> str:
    """Return the colour that boxes of a class are drawn in, as CSS writes it.

    Examples:
        >>> len(class_colour_hex(18))
        7
    """
    return "#{:02x}{:02x}{:02x}".format(*class_colour(class_id))


def span(length: timedelta) -> str:
    """Return a length of time in its two largest units.

    Examples:
        >>> span(timedelta(seconds=42)), span(timedelta(minutes=5)), span(timedelta(hours=50))
        ('42 s', '5 min', '2 d 2 h')
    """
    seconds = int(length.total_seconds())
    units = ((seconds // 86400, "d"), (seconds // 3600 % 24, "h"), (seconds // 60 % 60, "min"))
    parts = [f"{count} {unit}" for count, unit in units if count]
    return " ".join(parts[:2]) or f"{seconds} s"


def upper_first(text: str) -> str:
    """Return a text with a capital first letter; one that begins with an identifier stays.

    Examples:
        >>> upper_first("west Highland terrier"), upper_first("qr_code, dog"), upper_first("")
        ('West Highland terrier', 'qr_code, dog', '')
    """
    is_identifier = "_" in text.partition(" ")[0]
    return text if is_identifier else text[:1].upper() + text[1:]


def plain_number(number: float) -> str:
    """Return a number without a fraction where it has none.

    Examples:
        >>> plain_number(4.0), plain_number(2.5)
        ('4', '2.5')
    """
    return f"{number:g}"


FILTERS: tuple[Callable[..., str], ...] = (
    percent,
    file_size,
    milliseconds,
    counted,
    moment,
    class_colour_hex,
    span,
    upper_first,
    plain_number,
)
"""What templates may call, each by its own name."""
