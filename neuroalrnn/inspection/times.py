"""Response times that look wrong: other units, and numbers that stand for a missing response."""

from collections.abc import Iterator

import numpy as np

from neuroalrnn.inspection.finding import Finding
from neuroalrnn.inspection.view import View

# in s: no usual median of response times, far below the same times in ms
LONG = 20.0
# two populations of times in different units are further apart than people
APART = 100.0
FEW = 3


def milliseconds(view: View) -> Iterator[Finding]:
    """Find response times that are in milliseconds throughout."""
    times = _positive(view)
    if times is None or not np.isfinite(times).any() or any(mixed_units(view)):
        return
    median = np.nanmedian(times)
    if median > LONG:
        name = view.roles["rt"]
        yield Finding(
            f"{name!r} has a median of {median:g}, which is long for seconds",
            "it is read as milliseconds; if it is in another unit, change units",
            sets={"units": {"rt": "ms"}},
        )


def mixed_units(view: View) -> Iterator[Finding]:
    """Find response times of which some are in seconds and some in milliseconds."""
    times = _positive(view)
    if times is None or np.isfinite(times).sum() < 10:
        return
    times[_repeated_end(times)] = np.nan
    cut = _gap(times[np.isfinite(times)])
    if cut is None:
        return
    large = times > cut
    few = large if large.sum() <= (times <= cut).sum() else times <= cut
    yield Finding(
        f"{view.roles['rt']!r} mixes units: {int((times <= cut).sum())} times around "
        f"{np.nanmedian(times[times <= cut]):g} and {int(large.sum())} around "
        f"{np.nanmedian(times[large]):g} ({view.who(few, 'subject')})",
        "bring them to one unit",
        few,
    )


def zero(view: View) -> Iterator[Finding]:
    """Find response times of 0, which stand for no response."""
    yield from _code(view, lambda times: times == 0)


def negative(view: View) -> Iterator[Finding]:
    """Find negative response times."""
    yield from _code(view, lambda times: times < 0)


def nines(view: View) -> Iterator[Finding]:
    """Find response times such as 999 that stand for no response."""
    yield from _code(view, are_nines)


def limit(view: View) -> Iterator[Finding]:
    """Find the largest time again and again, as 60 where nobody answered in time."""
    yield from _code(view, lambda times: _repeated_end(times) & ~are_nines(times))


def _positive(view) -> np.ndarray | None:
    """Times above 0 that are no code, NaN elsewhere; None where there are none."""
    if "rt" not in view.roles:
        return None
    times = view.number(view.roles["rt"]).copy()
    times[~(times > 0)] = np.nan
    times[are_nines(times)] = np.nan
    return times


def _code(view, is_code) -> Iterator[Finding]:
    if "rt" not in view.roles:
        return
    name = view.roles["rt"]
    rows = is_code(view.number(name))
    if rows.any() and not rows.all():
        codes = list(dict.fromkeys(view.text(name)[rows]))
        shown = ", ".join(codes[:5])
        yield Finding(
            f"{name!r} is {shown} on {int(rows.sum())} rows, which is no response time",
            "it is read as missing; if it was measured, take it out of missing",
            rows,
            {"missing": {"rt": codes}} if len(codes) <= 20 else {},
        )


def are_nines(times) -> np.ndarray:
    """Where times are 99, 999, ... and far above all others."""
    code = np.isin(np.abs(times), 10.0 ** np.arange(2, 7) - 1)
    rest = np.abs(times[np.isfinite(times) & ~code])
    return code & (np.abs(times) > (3 * np.percentile(rest, 99) if len(rest) else 0))


def _repeated_end(times) -> np.ndarray:
    """Where times are the largest one, if that one is there often and far from the others."""
    present = times[np.isfinite(times) & ~are_nines(times)]
    if len(present) < 10:
        return np.zeros(len(times), dtype=bool)
    values, count = np.unique(present, return_counts=True)
    # times on a coarse clock repeat anyway
    usual = np.percentile(count, 95)
    often = len(values) > 2 and count[-1] >= FEW and count[-1] > 3 * usual
    return (times == values[-1]) & bool(often and values[-1] > 1.2 * np.median(present))


def _gap(times) -> float | None:
    """Middle of a gap between two populations of times, None where there is one."""
    logs = np.sort(np.log(times))
    step = np.diff(logs)
    if not len(step):
        return None
    at = int(step.argmax())
    low, high = logs[: at + 1], logs[at + 1 :]
    smaller = min(len(low), len(high))
    apart = np.median(high) - np.median(low) > np.log(APART)
    if smaller < max(FEW, 0.005 * len(logs)) or not apart or np.median(high) < np.log(LONG):
        return None
    return float(np.exp(logs[at] + step[at] / 2))
