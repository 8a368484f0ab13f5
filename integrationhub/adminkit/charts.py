"""Small pictures drawn on the server as SVG: no script, no library, colours from the style sheet. Each says itself in words.

Series are coloured by the classes `hub-series-1` to `hub-series-6`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

SERIES = 6
_SPARK_WIDTH, _SPARK_HEIGHT = 96, 20
_WIDTH, _HEIGHT, _LEFT, _TOP, _BOTTOM = 520, 180, 34, 8, 24


@dataclass(frozen=True, kw_only=True)
class Series:
    label: str
    values: Sequence[int]


def spark(values: Sequence[int], *, label: str) -> SafeString:
    """A line of a few pixels for a table cell; `label` says what it shows."""
    top, step = max(values, default=0) or 1, _SPARK_WIDTH / max(len(values) - 1, 1)
    points = " ".join(
        f"{index * step:.1f},{_SPARK_HEIGHT - 1 - value / top * (_SPARK_HEIGHT - 2):.1f}"
        for index, value in enumerate(values)
    )
    return format_html(
        '<svg class="hub-spark" role="img" aria-label="{}" viewBox="0 0 {} {}" preserveAspectRatio="none">'
        '<polyline points="{}" fill="none" vector-effect="non-scaling-stroke"/></svg>',
        label,
        _SPARK_WIDTH,
        _SPARK_HEIGHT,
        points,
    )


def columns(series: Sequence[Series], *, labels: Sequence[str], label: str, every: int = 4) -> SafeString:
    """Stacked columns, one per label; every so many labels are written below."""
    top = scale(max((sum(column) for column in zip(*(one.values for one in series), strict=True)), default=0))
    slot = (_WIDTH - _LEFT) / max(len(labels), 1)
    return format_html(
        '<svg class="hub-chart" role="img" aria-label="{}" viewBox="0 0 {} {}">{}{}{}</svg>',
        label,
        _WIDTH,
        _HEIGHT,
        _grid(top),
        _stacks(series, labels, top=top, slot=slot),
        _axis(labels, slot=slot, every=every),
    )


def scale(largest: int) -> int:
    """The top of the axis: the next of 1, 2, 5 times a power of ten that is not below; at least 4, to be split evenly."""
    power = 1
    while True:
        for step in (4, 10, 20):
            if largest <= step * power:
                return step * power
        power *= 10


def _y(value: float, top: int) -> float:
    return _TOP + (_HEIGHT - _TOP - _BOTTOM) * (1 - value / top)


def _grid(top: int) -> SafeString:
    marks = ((_y(mark, top), f"{mark:,}") for mark in (0, top // 2, top))
    lines = ((_LEFT, f"{y:.1f}", _WIDTH, f"{y:.1f}", _LEFT - 6, f"{y + 4:.1f}", text) for y, text in marks)
    return format_html_join(
        "",
        '<line class="hub-chart-line" x1="{}" y1="{}" x2="{}" y2="{}"/><text x="{}" y="{}" text-anchor="end">{}</text>',
        lines,
    )


def _stacks(series: Sequence[Series], labels: Sequence[str], *, top: int, slot: float) -> SafeString:
    drawn = []
    for index, label in enumerate(labels):
        below = 0
        for number, one in enumerate(series):
            value = one.values[index]
            if value:
                y, height = _y(below + value, top), _y(below, top) - _y(below + value, top)
                x, width = _LEFT + index * slot + slot * 0.14, slot * 0.72
                told = f"{label}, {one.label}: {value:,}"
                drawn.append((number % SERIES + 1, f"{x:.1f}", f"{y:.1f}", f"{width:.1f}", f"{height:.1f}", told))
                below += value
    return format_html_join(
        "", '<rect class="hub-series-{}" x="{}" y="{}" width="{}" height="{}"><title>{}</title></rect>', drawn
    )


def _axis(labels: Sequence[str], *, slot: float, every: int) -> SafeString:
    told = (
        (f"{_LEFT + (index + 0.5) * slot:.1f}", _HEIGHT - 6, label)
        for index, label in enumerate(labels)
        if index % every == 0
    )
    return format_html_join("", '<text x="{}" y="{}" text-anchor="middle">{}</text>', told)


def bar(value: int, *, largest: int) -> SafeString:
    """One horizontal bar for a table row that says the number itself, so it is hidden from screen readers."""
    share = value / largest * 100 if largest else 0
    return format_html(
        '<svg class="hub-bar-h" aria-hidden="true" viewBox="0 0 100 10" preserveAspectRatio="none">'
        '<rect class="hub-series-1" width="{}" height="10"/></svg>',
        f"{share:.1f}",
    )
