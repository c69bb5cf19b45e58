"""A prediction as a picture: the rate over time, and the buckets of credits below it."""

from pathlib import Path
from typing import Any

FORMATS = (".svg", ".png")


class PlotError(Exception):
    """No picture can be drawn; the message says why."""


def save(told: dict[str, Any], path: Path) -> None:
    """Draw a prediction, as `Prediction.shown` gives it, into a file; raises PlotError or OSError."""
    if path.suffix.lower() not in FORMATS:
        raise PlotError(f"a plot is an .svg or a .png file, not {path.name}")
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise PlotError("plots need matplotlib: pip install 'elastinet[plot]'") from error
    figure = Figure(figsize=(9, 5), layout="constrained")
    rates, credits = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    _draw_rates(rates, told)
    _draw_credits(credits, told)
    figure.savefig(path, metadata={"Date": None} if path.suffix.lower() == ".svg" else None)


def _draw_rates(axes: Any, told: dict[str, Any]) -> None:
    times, rates = told["times_s"], [bps / 1e9 for bps in told["goodput_bps"]]
    axes.stairs(rates, times, baseline=None, linewidth=2)
    axes.set(
        ylabel="data, Gbit/s", title=f"{told['source']} to {told['target']}", ylim=(0, max(rates) * 1.25)
    )
    for begin, rate, binding in zip(times, rates, told["binding"], strict=False):
        axes.annotate(
            ", ".join(binding), (begin, rate), xytext=(4, 4), textcoords="offset points", fontsize=8
        )


def _draw_credits(axes: Any, told: dict[str, Any]) -> None:
    sizes = {limit["resource"]: limit["credit_bits"] for limit in told["limits"]}
    for name, levels in told["levels"].items():
        axes.plot(told["times_s"], [100 * level / sizes[name] for level in levels], label=name)
    axes.set(xlabel="seconds", ylabel="credits, %", ylim=(-5, 105))
    if told["levels"]:
        axes.legend(fontsize=8)
