"""Figure of time and memory over size."""

from benchmarks.scaling import AXES
from neuroalrnn.plots.style import BLUE, DOUBLE, GREY, VERMILLION, new_figure, styled

OTHER_SIZE = {"sequences": "200 steps", "steps": "16 sequences"}


@styled
def draw(scaling, path):
    """Draw time and peak memory over both sizes, beside a line of slope 1.

    Parameters
    ----------
    scaling : dict
        From `benchmarks.scaling.measure`.
    path : path-like
        Vector figure, of the kind that its ending names.
    """
    figure = new_figure(DOUBLE, 110)
    panels = figure.subplots(2, len(AXES), sharex="col", sharey="row")
    for column, axis in enumerate(AXES):
        points = scaling[axis]["points"]
        sizes = [point["size"] for point in points]
        seconds = [point["seconds"] for point in points]
        mebibytes = [point["peak_bytes"] / 2**20 for point in points]
        slope, budget = scaling[axis]["seconds_slope"], scaling["budget_bytes"] / 2**20
        through_last = [seconds[-1] * size / sizes[-1] for size in sizes]
        top, bottom = panels[:, column]
        _draw_line(top, sizes, seconds, BLUE, f"measured, slope {slope:.2f}")
        top.plot(sizes, through_last, ":", color=GREY, label="slope 1")
        _draw_line(bottom, sizes, mebibytes, VERMILLION, "measured")
        bottom.axhline(budget, linestyle=":", color=GREY, label="budget")
        top.legend(loc="upper left")
        bottom.legend(loc="lower right")
        top.set_title(f"{scaling['models']} models, 16 latents, {OTHER_SIZE[axis]}")
        panels[1, column].set_xlabel(f"Number of {axis}")
    panels[0, 0].set_ylabel("Time of one update (s)")
    panels[1, 0].set_ylabel("Peak memory (MiB)")
    figure.savefig(path)


def _draw_line(ax, sizes, values, colour, label):
    ax.loglog(sizes, values, "o-", color=colour, label=label)
