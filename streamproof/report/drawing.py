"""Draws a timeline with matplotlib: the only module that imports it."""

import io
import textwrap
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from streamproof.report.timeline import Broken, Lane, State, Timeline

WIDTH, DPI = 8.6, 210
MARGIN, LEFT, RIGHT = 0.15, 1.62, 0.3  # inches
LINE, LANE, PROGRESS, AXIS = 0.21, 0.31, 1.9, 0.5
WRAP = 92
WORD = 0.06  # of the width: where a span is narrower, no word fits into it
INK, FAINT, GRID = "#24292f", "#6e7781", "#e6e8eb"
FAULT, ABORT, MOVE, FED, DONE = "#d1242f", "#bc4c00", "#8250df", "#8c959f", "#0969da"
COLOURS = {State.STARTING: "#b6d4fe", State.ALIVE: "#4c8ed9", State.PAUSED: "#f2cc60", State.LOST: "#ffffff"}
CENTRED: dict[str, Any] = {"ha": "center", "va": "center_baseline", "zorder": 4}
EDGES = {State.PAUSED: "#bf8700", State.LOST: FAULT}


def draw(what: Timeline) -> bytes:
    """A PNG, 1800 pixels wide."""
    lines = [_wrapped(fault) for fault in what.faults]
    rows = max(1, len(what.lanes) + (what.rebalances is not None) + (what.aborted is not None))
    text_height = LINE * (1 + sum(map(len, lines))) + 0.28
    height = MARGIN + text_height + rows * LANE + 0.12 + PROGRESS + AXIS
    figure = Figure((WIDTH, height), dpi=DPI, facecolor="white")
    figure.text(MARGIN / WIDTH, 1 - MARGIN / height, what.title, va="top", size=10.5, weight="bold", color=INK)
    _tell(figure, what, lines, height)

    def axes(bottom: float, tall: float) -> Axes:
        width = WIDTH - LEFT - RIGHT
        made = figure.add_axes((LEFT / WIDTH, bottom / height, width / WIDTH, tall / height))
        made.set_xlim(0, what.seconds)
        for side in made.spines.values():
            side.set_visible(False)
        made.tick_params(length=0, labelsize=8.5, labelcolor=INK)
        return made

    lanes = axes(AXIS + PROGRESS + 0.12, rows * LANE)
    progress = axes(AXIS, PROGRESS)
    _draw_lanes(lanes, what, rows)
    _draw_progress(progress, what)
    for panel in (lanes, progress):
        for fault in what.faults:
            colour = FAULT if fault.effective else FAINT
            panel.axvspan(fault.start, fault.end, facecolor=(colour, 0.09), edgecolor="white", lw=1.5, zorder=0)
        for t in what.rebalances or ():
            panel.axvline(t, color=MOVE, lw=0.7, ls=(0, (2, 2)), alpha=0.55, zorder=1)
    out = io.BytesIO()
    figure.savefig(out, format="png", metadata={"Software": "Streamproof"})
    return out.getvalue()


def _wrapped(fault: Broken) -> list[str]:
    return textwrap.wrap(fault.sentence + ("" if fault.effective else " (no effect)"), WRAP)


def _tell(figure: Figure, what: Timeline, lines: list[list[str]], height: float) -> None:
    """The faults' sentences, each with the number that its span bears."""
    y = height - MARGIN - 0.36
    for number, (fault, wrapped) in enumerate(zip(what.faults, lines, strict=True), 1):
        colour = FAULT if fault.effective else FAINT
        figure.text((MARGIN + 0.08) / WIDTH, y / height, str(number), **CENTRED, **_badge(colour))
        time = f"{fault.start:.1f} s"
        figure.text((MARGIN + 0.75) / WIDTH, y / height, time, va="center_baseline", ha="right", size=8.5, color=FAINT)
        for text in wrapped:
            figure.text((MARGIN + 0.9) / WIDTH, y / height, text, va="center_baseline", size=8.5, color=INK)
            y -= LINE


def _badge(colour: str) -> dict[str, Any]:
    box = {"boxstyle": "circle,pad=0.22", "facecolor": colour, "edgecolor": "none"}
    return {"size": 7, "weight": "bold", "color": "white", "bbox": box}


def _draw_lanes(axes: Axes, what: Timeline, rows: int) -> None:
    names = []
    for y, lane in enumerate(what.lanes):
        names.append(lane.name)
        _draw_lane(axes, lane, y, shortest=WORD * what.seconds)
    if what.aborted is not None:
        axes.vlines(what.aborted, len(names) - 0.28, len(names) + 0.28, color=ABORT, lw=1.3, zorder=3)
        names.append(_counted(len(what.aborted), "aborted transaction"))
    if what.rebalances is not None:
        axes.scatter(what.rebalances, [len(names)] * len(what.rebalances), marker="D", s=16, color=MOVE, zorder=3)
        names.append(_counted(len(what.rebalances), "rebalance"))
    axes.set_ylim(rows - 0.5, -0.5)
    axes.set_yticks(range(len(names)), names)
    axes.set_xticks([])
    for number, fault in enumerate(what.faults, 1):
        colour = FAULT if fault.effective else FAINT
        axes.text((fault.start + fault.end) / 2, -0.62, str(number), ha="center", va="bottom", **_badge(colour))


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'s' * (count != 1)}"


def _draw_lane(axes: Axes, lane: Lane, y: int, shortest: float) -> None:
    first, last = min(span.start for span in lane.spans), max(span.end for span in lane.spans)
    axes.hlines(y, first, last, color=FAULT, lw=0.9, ls=(0, (1, 2)), zorder=1.5)  # seen where nothing runs
    for span in lane.spans:
        edge = EDGES.get(span.state, "none")
        length = span.end - span.start
        axes.barh(y, length, left=span.start, height=0.56, color=COLOURS[span.state], edgecolor=edge, lw=0.8, zorder=2)
        if span.state is not State.ALIVE and length >= shortest:
            axes.text(span.start + length / 2, y, span.state, size=7.5, color=INK, **CENTRED)
    axes.scatter(
        lane.deaths, [y] * len(lane.deaths), marker="X", s=46, color=FAULT, edgecolor="white", lw=0.6, zorder=5
    )


def _draw_progress(axes: Axes, what: Timeline) -> None:
    fed, done = what.fed, what.committed
    for curve, colour, name in ((fed, FED, "in the log"), (done, DONE, "committed past")):
        if curve:
            axes.step(curve.seconds, curve.counts, where="post", color=colour, lw=1.6, zorder=3, label=name)
    if done:
        axes.fill_between(done.seconds, done.counts, step="post", color=DONE, alpha=0.12, lw=0, zorder=2)
    if fed or done:
        axes.legend(
            loc="upper left", frameon=True, framealpha=0.85, edgecolor="none", fontsize=8.5, labelcolor="linecolor"
        )
    axes.set_ylim(bottom=0)
    axes.set_ylabel("events", size=8.5, color=FAINT)
    axes.set_xlabel("seconds since the start", size=8.5, color=FAINT)
    axes.grid(color=GRID, lw=0.7)
    axes.set_axisbelow(True)
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.xaxis.set_major_locator(MaxNLocator(12, integer=what.seconds > 12))  # noqa: PLR2004
