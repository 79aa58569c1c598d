"""Names of functional regimes, from what the inputs do in them."""

import pandas as pd

from neuroalrnn.arguments import checked, table
from neuroalrnn.exceptions import DataError
from neuroalrnn.stats.effects import are_sure

# share of the largest effect, and log-odds, from which on an input counts
COUNTS, LEAST = 0.25, 0.1
MOST_NAMED = 2
IGNORES = "ignores inputs"


@checked(DataError, regimes=table("effect", labels=["regime", "input", "option"]))
def name_regimes(regimes: pd.DataFrame) -> list[str]:
    """Name functional regimes by the inputs that count in them.

    An input counts where its effect is at least a quarter of the largest effect in any regime, and
    at least .1, and where the interval of the effect, if there is one, does not hold 0.
    ``"follows word"`` is a choice towards the option that the input points at; ``"against word"``
    one away from it; ``"repeats choice"`` and ``"leaves choice"`` are the same for the choice of
    the trial before. Regimes that would have one name get the effect behind it.

    Parameters
    ----------
    regimes : pandas.DataFrame
        One row per regime and input, as in `FunctionalRegimes.regimes`; intervals, ``ci_low`` and
        ``ci_high``, may be missing.

    Returns
    -------
    list of str
        In the order of the regimes.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = [(0, "word", 0, "right", 4.0), (0, "location", 0, "right", 0.4)]
    >>> rows += [(1, "word", 0, "right", 0.6), (1, "location", 0, "right", 4.7)]
    >>> columns = ["regime", "input", "lag", "option", "effect"]
    >>> name_regimes(pd.DataFrame(rows, columns=columns))
    ['follows word', 'follows location']
    """
    rows_of = dict(iter(regimes.groupby("regime", sort=True)))
    strengths = {regime: _strengths(rows) for regime, rows in rows_of.items()}
    sure = {regime: _strengths(rows[are_sure(rows)]) for regime, rows in rows_of.items()}
    largest = max((abs(e) for each in sure.values() for _, e in each), default=0.0)
    counted = {
        regime: [(name, e) for name, e in each if abs(e) >= max(COUNTS * largest, LEAST)]
        for regime, each in sure.items()
    }
    names = {regime: _name(each[:MOST_NAMED]) for regime, each in counted.items()}
    plain = list(names.values())
    told = {regime: each or strengths[regime] for regime, each in sure.items()}
    return [
        name if plain.count(name) == 1 or not told[regime] else _with_values(name, told[regime])
        for regime, name in names.items()
    ]


def _strengths(rows):
    """Inputs and their effects, strongest first."""
    found = {}
    for (name, option), effect in zip(
        zip(rows["input"], rows["option"], strict=True), rows["effect"], strict=True
    ):
        variable, _, level = name.partition("=")
        # of a choice among several, what it does to the option chosen
        if level and level != option:
            continue
        found.setdefault(variable, []).append(effect)
    means = {
        name: sum(each) / len(each) if name == "choice" or len(each) == 1 else max(each, key=abs)
        for name, each in found.items()
    }
    return sorted(means.items(), key=lambda pair: -abs(pair[1]))


def _name(counted):
    return ", ".join(_phrase(*each) for each in counted) or IGNORES


def _phrase(name, effect):
    if name == "choice":
        return "repeats choice" if effect > 0 else "leaves choice"
    return f"follows {name}" if effect > 0 else f"against {name}"


def _with_values(name, strengths):
    values = ", ".join(f"{each} {effect:+.1f}" for each, effect in strengths[:MOST_NAMED])
    return f"{name} ({values})"
