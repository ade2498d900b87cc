"""Figures of each stage by size in, one log-log drawing out: CPU time and peak memory, a line per stage.

Colours are those of Okabe and Ito, which people with any colour vision tell apart
(https://jfly.uni-koeln.de/color/), and each stage has a mark too. The same figures give the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

__all__ = ["Lines", "draw"]

Lines = Mapping[str, Sequence[tuple[int, float]]]
"""Stage → its points: triples, and a figure."""

_STYLES = (
    *(("#0072B2", "o"), ("#D55E00", "s"), ("#009E73", "^"), ("#CC79A7", "D")),
    *(("#E69F00", "v"), ("#56B4E9", "P"), ("#000000", "X"), ("#7F7F7F", "*")),
)

# Where lines lie on one another, each mark is still seen.
_HOLLOW: Mapping[str, Any] = {
    "linewidth": 1.6,
    "markersize": 8,
    "markerfacecolor": "none",
    "markeredgewidth": 1.6,
}


def draw(cpu: Lines, memory: Lines, exponents: Mapping[str, float | None], target: Path) -> None:
    """Plot both against triples, all axes logarithmic; the legend tells each exponent of CPU time."""
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot

    mpl.rcParams.update({"svg.hashsalt": "growth", "svg.fonttype": "none", "font.size": 11})
    figure, axes = pyplot.subplots(1, 2, figsize=(11, 5.2), sharex=True)
    style = dict(zip(cpu, _STYLES, strict=False))
    for axis, lines, label in zip(axes, (cpu, memory), ("CPU seconds", "peak memory, MB"), strict=True):
        for stage, points in lines.items():
            colour, mark = style[stage]
            told = f"{stage} ({exponents[stage]:.2f})" if exponents.get(stage) else stage
            axis.loglog(*zip(*points, strict=True), color=colour, marker=mark, label=told, **_HOLLOW)
        axis.set_xlabel("triples")
        axis.set_title(label, loc="left", fontsize=11)
        axis.grid(visible=True, which="major", color="#cccccc", linewidth=0.6)
        axis.spines[["top", "right"]].set_visible(False)
    handles, labels = axes[0].get_legend_handles_labels()
    title = "stage (exponent of CPU time)"
    figure.legend(handles, labels, title=title, loc="lower center", ncols=4, frameon=False)
    figure.tight_layout(rect=(0, 0.17, 1, 1))
    figure.savefig(target, metadata={"Date": None})
    pyplot.close(figure)
