"""Charts drawn on the server as SVG: values in, text out; no script, no inline style, colours by class (office.css).

A chart carries a title and a description for people who do not see it. Every text is escaped here, so the result can
be put into a page as it is.
"""

from collections.abc import Callable, Sequence
from html import escape

from markupsafe import Markup
from msgspec import Struct

WIDTH = 520
HEIGHT = 210
LEFT, RIGHT, TOP, BOTTOM = 52, 12, 14, 28
# Lying bars: the room for their names and for their values.
ROW_LEFT, ROW_VALUE = 110, 100
TICKS = 4
LABELS_MAX = 12

Write = Callable[[int], str]


class Chart(Struct, frozen=True, kw_only=True):
    """What is drawn: a label and a value for each place, and the same places of an earlier time beside it.

    `upto` ends the present line where the day has not come further (None: it goes to the end).
    """

    name: str
    title: str
    description: str
    labels: Sequence[str]
    now: Sequence[int]
    then: Sequence[int] = ()
    upto: int | None = None


def line_chart(chart: Chart, write: Write) -> Markup:
    """Draw two lines over the same places: the present solid, the earlier dashed."""
    low, high = _scale([*chart.now, *chart.then])
    present = chart.now if chart.upto is None else chart.now[: chart.upto]
    points = _points(present, len(chart.labels), low, high)
    parts = [_grid(low, high, write), _labels(chart.labels, centred=False)]
    if chart.then:
        parts.append(_polyline(_points(chart.then, len(chart.labels), low, high), "line-then"))
    if points:
        parts.append(_polyline(points, "line-now"))
        x, y = points[-1]
        parts.append(f'<circle class="now" cx="{x:.1f}" cy="{y:.1f}" r="4"/>')
    return _svg(chart, "".join(parts))


def bar_chart(chart: Chart, write: Write) -> Markup:
    """Draw a bar for each place, with the earlier value as a paler bar beside it."""
    low, high = _scale([*chart.now, *chart.then])
    zero = _y(0, low, high)
    step = (WIDTH - LEFT - RIGHT) / max(len(chart.labels), 1)
    bars = [_grid(low, high, write), _labels(chart.labels, centred=True)]
    for index in range(len(chart.labels)):
        left = LEFT + step * index + step * 0.14
        width = step * 0.72 / (2 if chart.then else 1)
        if chart.then:
            bars.append(_bar(left, width, (_y(chart.then[index], low, high), zero), "bar-then"))
            left += width
        bars.append(_bar(left, width, (_y(chart.now[index], low, high), zero), "bar-now"))
    return _svg(chart, "".join(bars))


def row_chart(chart: Chart, write: Write) -> Markup:
    """Draw one lying bar for each place with its name and its value, for few places with long names."""
    height = max(len(chart.labels), 1) * 34 + 8
    largest = max([1, *(abs(value) for value in chart.now)])
    rows = []
    for index, (label, value) in enumerate(zip(chart.labels, chart.now, strict=True)):
        y = 6 + index * 34
        width = max((WIDTH - ROW_LEFT - ROW_VALUE) * abs(value) / largest, 1)
        rows.append(
            f'<text x="0" y="{y + 18}">{escape(_short(label))}</text>'
            f'<rect class="bar-now" x="{ROW_LEFT}" y="{y + 4}" width="{width:.1f}" height="20" rx="3"/>'
            f'<text class="value" x="{ROW_LEFT + 8 + width:.1f}" y="{y + 18}">{escape(write(value))}</text>'
        )
    return _svg(chart, "".join(rows), height)


def step_above(value: int) -> int:
    """Return the smallest of 1, 2, 2.5, 5 × 10ⁿ that is at least a value, so that a scale reads well."""
    power = 1
    while True:
        for factor_tenths in (10, 20, 25, 50):
            step = factor_tenths * power // 10
            if factor_tenths * power % 10 == 0 and step >= value:
                return step
        power *= 10


def _scale(values: Sequence[int]) -> tuple[int, int]:
    lowest, highest = min([0, *values]), max([0, *values])
    step = step_above(max((highest - lowest + TICKS - 1) // TICKS, 1))
    low = lowest // step * step
    return low, max(-(-highest // step) * step, low + step)


def _y(value: int, low: int, high: int) -> float:
    return TOP + (HEIGHT - TOP - BOTTOM) * (high - value) / (high - low)


def _points(values: Sequence[int], places: int, low: int, high: int) -> list[tuple[float, float]]:
    step = (WIDTH - LEFT - RIGHT) / max(places - 1, 1)
    return [(LEFT + step * index, _y(value, low, high)) for index, value in enumerate(values)]


def _polyline(points: Sequence[tuple[float, float]], name: str) -> str:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline class="{name}" points="{path}"/>'


def _bar(left: float, width: float, heights: tuple[float, float], name: str) -> str:
    top, bottom = sorted(heights)
    return (
        f'<rect class="{name}" x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{bottom - top:.1f}" rx="1.5"/>'
    )


def _grid(low: int, high: int, write: Write) -> str:
    step = step_above(max((high - low + TICKS - 1) // TICKS, 1))
    lines = []
    for value in range(low, high + 1, step):
        y = _y(value, low, high)
        name = "axis" if value == 0 else "grid-line"
        lines.append(
            f'<line class="{name}" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{escape(write(value))}</text>'
        )
    return "".join(lines)


def _labels(labels: Sequence[str], *, centred: bool) -> str:
    places = max(len(labels), 1) if centred else max(len(labels) - 1, 1)
    step = (WIDTH - LEFT - RIGHT) / places
    every = -(-len(labels) // LABELS_MAX) or 1
    texts = []
    for index in range(0, len(labels), every):
        x = LEFT + step * (index + (0.5 if centred else 0))
        texts.append(f'<text x="{x:.1f}" y="{HEIGHT - 9}" text-anchor="middle">{escape(labels[index])}</text>')
    return "".join(texts)


def _short(label: str) -> str:
    return label if len(label) <= 16 else label[:15] + "…"


def _svg(chart: Chart, body: str, height: int = HEIGHT) -> Markup:
    name = escape(chart.name)
    return Markup(  # noqa: S704  # every text in it went through escape()
        f'<svg class="chart" viewBox="0 0 {WIDTH} {height}" role="img" aria-labelledby="{name}-title {name}-desc" '
        f'xmlns="http://www.w3.org/2000/svg"><title id="{name}-title">{escape(chart.title)}</title>'
        f'<desc id="{name}-desc">{escape(chart.description)}</desc>{body}</svg>'
    )
