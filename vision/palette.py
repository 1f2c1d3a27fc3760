"""One colour for each class, and text that can be read on it."""

import math
from typing import NamedTuple

# Turning by the golden angle keeps the hues of nearby ids far apart, whatever ids there are.
_GOLDEN_ANGLE = math.pi * (3 - math.sqrt(5))
# Ids whose hues come close are 8, 13, 21, 34 or 55 apart. None of these is a multiple of 6, so six
# steps of lightness keep them apart; each is light enough to show on a dark picture. Of all orders
# of the steps this one keeps the first twenty ids furthest from each other.
_LIGHTNESSES = (0.70, 0.79, 0.89, 0.66, 0.74, 0.84)
_CHROMA = 0.17
# In COCO's labels this makes people blue, cats purple and dogs orange: seldom their surroundings.
_FIRST_HUE = math.radians(112)


class Rgb(NamedTuple):
    """A colour in sRGB, each part 0..255."""

    red: int
    green: int
    blue: int


BLACK, WHITE = Rgb(0, 0, 0), Rgb(255, 255, 255)


def class_colour(class_id: int) -> Rgb:
    """Return the colour of a class: bright, and always the same for the same id.

    Examples:
        >>> class_colour(1), class_colour(18)
        (Rgb(red=87, green=192, blue=255), Rgb(red=226, green=133, blue=0))
    """
    lightness = _LIGHTNESSES[class_id % len(_LIGHTNESSES)]
    return _from_oklch(lightness, _CHROMA, class_id * _GOLDEN_ANGLE + _FIRST_HUE)


def text_colour(background: Rgb) -> Rgb:
    """Return black or white, whichever reads better; the contrast is 4.5 or more on any colour.

    Examples:
        >>> text_colour(Rgb(255, 220, 0))
        Rgb(red=0, green=0, blue=0)
    """
    return max(BLACK, WHITE, key=lambda colour: contrast_ratio(colour, background))


def contrast_ratio(first: Rgb, second: Rgb) -> float:
    """Return the contrast of two colours, 1 (none) to 21 (black and white).

    The formula is that of WCAG 2.2, https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio.

    Examples:
        >>> contrast_ratio(Rgb(0, 0, 0), Rgb(255, 255, 255))
        21.0
    """
    darker, lighter = sorted((_luminance(first), _luminance(second)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: Rgb) -> float:
    red, green, blue = (_to_linear(part / 255) for part in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _from_oklch(lightness: float, chroma: float, hue: float) -> Rgb:
    """Return the nearest sRGB colour of a point in OKLCH, where equal steps look equal.

    See https://bottosson.github.io/posts/oklab/ for the numbers.
    """
    a, b = chroma * math.cos(hue), chroma * math.sin(hue)
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return Rgb(
        _from_linear(4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short),
        _from_linear(-1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short),
        _from_linear(-0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short),
    )


# The transfer curve of sRGB, IEC 61966-2-1: a straight line near black, then a power.
_LINEAR_BELOW = 0.0031308
_ENCODED_BELOW = 0.04045


def _to_linear(encoded: float) -> float:
    if encoded <= _ENCODED_BELOW:
        return encoded / 12.92
    return math.pow((encoded + 0.055) / 1.055, 2.4)


def _from_linear(linear: float) -> int:
    within = min(max(linear, 0.0), 1.0)
    if within <= _LINEAR_BELOW:
        return round(255 * 12.92 * within)
    return round(255 * (1.055 * math.pow(within, 1 / 2.4) - 0.055))
