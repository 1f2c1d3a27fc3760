"""Charts as SVG that stands in a page and takes its colours from it."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import escape

__all__ = ["Axis", "Chart", "steps"]

_WIDTH, _HEIGHT = 720, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 32, 32, 48
_CHARACTER = 6.5  # the mean width of one
_STEPS = (1.0, 2.0, 5.0, 10.0)

Point = tuple[float, float]


def steps(highest: float, count: int = 5) -> list[float]:
    """Round numbers from 0 up to the first that is not below the highest.

    >>> steps(7.3)
    [0.0, 2.0, 4.0, 6.0, 8.0]
    """
    if not highest > 0:
        return [0.0, 1.0]
    rough = highest / count
    magnitude = 10.0 ** math.floor(math.log10(rough))
    step = next(each * magnitude for each in _STEPS if each * magnitude >= rough)
    return [round(number * step, 9) for number in range(math.ceil(highest / step - 1e-9) + 1)]


@dataclass(frozen=True, slots=True)
class Axis:
    """What stands along an edge.

    Attributes:
        title: what is measured, with its unit.
        ticks: where lines are, and what they are called.
        end: its highest value, above 0; the lowest is 0.
    """

    title: str
    ticks: Sequence[tuple[float, str]]
    end: float

    @classmethod
    def up_to(cls, highest: float, title: str) -> "Axis":
        """An axis that ends with a round number, the first that is not below the highest."""
        ticks = steps(highest)
        return cls(title, [(each, f"{each:g}") for each in ticks], ticks[-1])

    @classmethod
    def until(cls, end: float, title: str) -> "Axis":
        """An axis that ends where it is told to, with round numbers on the way."""
        ticks = [(each, f"{each:g}") for each in steps(end) if each <= end]
        return cls(title, ticks, end or 1.0)

    def share(self, value: float) -> float:
        """Where a value lies, from 0 to 1."""
        return min(max(value, 0.0), self.end) / self.end


@dataclass(slots=True)
class Chart:
    """Lines and bars over two axes.

    Attributes:
        name: what the chart shows, in a few words.
        x, y: the axes.
    """

    name: str
    x: Axis
    y: Axis
    _marks: list[str] = field(default_factory=list)
    _names: list[str] = field(default_factory=list)

    def line(self, points: Sequence[Point], name: str) -> None:
        """Adds a line; its colour is that of its place among the lines."""
        self._names.append(name)
        path = " ".join(f"{self._x(x):.1f},{self._y(y):.1f}" for x, y in points)
        self._marks.append(f'<polyline class="line series-{len(self._names)}" points="{path}"/>')

    def bars(self, points: Sequence[Point], width: float) -> None:
        """Adds bars that stand on the x axis, each around its x."""
        for x, y in points:
            left, right = self._x(x - width / 2), self._x(x + width / 2)
            top, bottom = self._y(y), self._y(0)
            self._marks.append(
                f'<rect class="bar" x="{left + 0.5:.1f}" y="{top:.1f}" '
                f'width="{max(0.5, right - left - 1):.1f}" height="{bottom - top:.1f}"/>'
            )

    def dots(self, points: Sequence[Point]) -> None:
        """Adds a dot at each point, in the colour of the line added last."""
        self._marks += [
            f'<circle class="dot series-{len(self._names)}" '
            f'cx="{self._x(x):.1f}" cy="{self._y(y):.1f}" r="4"/>'
            for x, y in points
        ]

    def flag(self, x: float, text: str) -> None:
        """Adds an upright line with a few words beside it."""
        at, bottom = self._x(x), _HEIGHT - _BOTTOM
        is_left = at < (_LEFT + _WIDTH - _RIGHT) / 2
        side, anchor = (8, "start") if is_left else (-8, "end")
        self._marks.append(
            f'<line class="flag" x1="{at:.1f}" y1="{_TOP}" x2="{at:.1f}" y2="{bottom}"/>'
        )
        self._marks.append(_text(at + side, _TOP + 12, text, anchor, ' class="flag-name"'))

    def to_svg(self) -> str:
        """The chart."""
        size = f"0 0 {_WIDTH} {_HEIGHT}"
        return "\n".join(
            (
                f'<svg viewBox="{size}" role="img" aria-label="{escape(self.name)}">',
                *self._grid(),
                *self._marks,
                *self._legend(),
                "</svg>",
            )
        )

    def _grid(self) -> Iterator[str]:
        bottom, right = _HEIGHT - _BOTTOM, _WIDTH - _RIGHT
        for value, text in self.y.ticks:
            y = self._y(value)
            yield f'<line class="grid" x1="{_LEFT}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}"/>'
            yield _text(_LEFT - 8, y + 4, text, "end")
        for value, text in self.x.ticks:
            x = self._x(value)
            yield f'<line class="grid" x1="{x:.1f}" y1="{_TOP}" x2="{x:.1f}" y2="{bottom}"/>'
            yield _text(x, bottom + 18, text, "middle")
        yield _text((_LEFT + right) / 2, _HEIGHT - 8, self.x.title, "middle")
        middle = (_TOP + bottom) / 2
        yield _text(14, middle, self.y.title, "middle", f' transform="rotate(-90 14 {middle:.1f})"')

    def _legend(self) -> Iterator[str]:
        x, y = float(_LEFT), _TOP / 2
        for place, name in enumerate(self._names, 1):
            yield (
                f'<line class="line series-{place}" x1="{x:.1f}" y1="{y - 4}" '
                f'x2="{x + 24:.1f}" y2="{y - 4}"/>'
            )
            yield _text(x + 30, y, name, "start")
            x += 30 + _CHARACTER * len(name) + 24

    def _x(self, value: float) -> float:
        return _LEFT + self.x.share(value) * (_WIDTH - _LEFT - _RIGHT)

    def _y(self, value: float) -> float:
        return _HEIGHT - _BOTTOM - self.y.share(value) * (_HEIGHT - _TOP - _BOTTOM)


def _text(x: float, y: float, text: str, anchor: str, more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{more}>{escape(text)}</text>'
