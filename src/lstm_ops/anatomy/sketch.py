"""Boxes, arrows and labels on an empty figure, few matplotlib objects for many of them."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from lstm_ops.evaluation.drawing import ACTUAL

INCHES = 0.085  # a unit of a sketch; at this size a character of 8 points is about 0.8 wide
FADED = "#a6a6a6"
INK = ACTUAL
HEADS = {(1, 0): ">", (-1, 0): "<", (0, 1): "^", (0, -1): "v"}
Point = tuple[float, float]
Across = Literal["left", "center", "right"]
Up = Literal["bottom", "center", "top"]


class Sketch:
    """A figure of `width` by `height` units. Arrows are drawn when it is `done`."""

    def __init__(self, width: float, height: float) -> None:
        self._figure = Figure(figsize=(width * INCHES, height * INCHES), facecolor="white")
        self._axes = self._figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(0, height))
        self._axes.set_axis_off()
        self._lines: dict[bool, list[list[Point]]] = {False: [], True: []}
        self._heads: dict[tuple[str, bool], list[Point]] = {}

    def box(
        self,
        left: float,
        bottom: float,
        width: float,
        height: float,
        fill: str,
        faded: bool = False,
    ) -> None:
        """Faded means dashed and grey, for what does nothing."""
        self._axes.add_patch(
            Rectangle(
                (left, bottom),
                width,
                height,
                facecolor="white" if faded else fill,
                edgecolor=FADED if faded else INK,
                linestyle=(0, (3, 2)) if faded else "solid",
                linewidth=1.0,
                zorder=2,
            )
        )

    def node(self, at: Point, sign: str, faded: bool = False) -> None:
        """A round operation: a product or a sum."""
        colour = FADED if faded else INK
        (circle,) = self._axes.plot(*at, "o", color=colour, markersize=15, zorder=3)
        circle.set_markerfacecolor("white")
        self.label(at, sign, size=12, faded=faded)

    def arrow(self, *points: Point, faded: bool = False, head: bool = True) -> None:
        """Along the points, each straight above or beside the one before it."""
        self._lines[faded].append(list(points))
        if head:
            before, last = list(pairwise(points))[-1]
            heading = (_sign(last[0] - before[0]), _sign(last[1] - before[1]))
            self._heads.setdefault((HEADS[heading], faded), []).append(last)

    def label(
        self,
        at: Point,
        text: str,
        *,
        size: float = 9,
        across: Across = "center",
        up: Up = "center",
        bold: bool = False,
        faded: bool = False,
    ) -> None:
        """`across` and `up` say which part of the text stands at the point."""
        label = Text(*at, text, fontsize=size, ha=across, va=up, zorder=4)
        label.set_color("#6e6e6e" if faded else INK)
        label.set_fontweight("bold" if bold else "normal")
        self._axes.add_artist(label)

    def done(self) -> Figure:
        """The figure, its arrows added."""
        for faded, lines in self._lines.items():
            colour, style = (FADED, (0, (3, 2))) if faded else (INK, "solid")
            self._axes.add_collection(
                LineCollection(lines, colors=colour, linestyles=[style], linewidths=1.1, zorder=1),
                autolim=False,
            )
        for (marker, faded), points in self._heads.items():
            x, y = zip(*points, strict=True)
            colour = FADED if faded else INK
            self._axes.plot(x, y, marker, color=colour, markersize=6, zorder=3, clip_on=False)
        return self._figure


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)
