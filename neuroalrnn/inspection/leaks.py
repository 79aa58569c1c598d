"""Columns that tell the choice, as they were written after it."""

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from neuroalrnn.data.names import first_few
from neuroalrnn.inspection.codes import unchosen
from neuroalrnn.inspection.finding import Finding
from neuroalrnn.inspection.groups import numbered, steps
from neuroalrnn.inspection.guess import conditions, covariates, has_name, words
from neuroalrnn.inspection.view import View

# so many of the choices follow from the column
NEARLY_ALL = 0.995
MOST_VALUES = 20
# columns that change less often agree by design
MANY_CHANGES = 30
# inputs that are compared with each other
MOST_PAIRED = 40
# columns that are compared with what others held before
MOST_LAGGED = 200
# rows without a choice that may tell what is written with it
FEWEST = 5
# values that a subject had less often may tell its choices by chance
MANY_TIMES = 20
# a column of fewer errors, or of fewer right answers, tells too little
FEW = 0.02
AFTER = {"feedback", "outcome", "outcomes", "points", "payoff", "payout", "earned", "earnings",
         "score", "won", "win", "bonus", "reward", "rewards", "rewarded", "correct", "error",
         "choice", "chosen", "chose", "picked", "selected", "confidence", "foregone", "unchosen",
         "regret", "hit"}  # fmt: skip
# what is laid down before, in words that stand beside those
BEFORE = {"prob", "probability", "p", "mean", "prev", "previous", "last", "back1", "back2", "side",
          "answer", "target", "option", "response", "key", "location", "magnitude", "offer",
          "offered", "cue", "port", "n", "lag", "duration", "partner", "other", "others",
          "opponent", "computer", "advisor", "set", "type", "condition"}  # fmt: skip


def tells_choice(view: View) -> Iterator[Finding]:
    """Find columns from which every choice follows, of all subjects alike or of each by itself."""
    choice = _choice(view)
    if choice is None:
        return
    for name in _few_values(view):
        codes = _codes(view, name)
        own = np.where(codes < 0, -1, numbered(view.subject, codes + 1))
        is_told = _share_told(codes, choice) >= NEARLY_ALL
        if is_told or _is_told_often(own, choice):
            whose = "" if is_told else " of each subject"
            yield Finding(
                f"every choice{whose} follows from {name!r}, which was written after it or is a "
                "copy",
                "it is no input; use it as after_choice if subjects saw it",
                sets={"after_choice": [name]},
            )


def _is_told_often(column, choice) -> bool:
    """Whether choices follow from a column whose values are there many times each."""
    n_each = (column >= 0).sum() / max(len(np.unique(column[column >= 0])), 1)
    return n_each >= MANY_TIMES and _share_told(column, choice) >= NEARLY_ALL


def absent_with_choice(view: View) -> Iterator[Finding]:
    """Find inputs that are empty, or have a value of their own, where no choice was made alone."""
    if _choice(view) is None:
        return
    rows = unchosen(view)
    if not FEWEST <= rows.sum() < len(rows) / 2:
        return
    names = [name for name in [*covariates(view), *conditions(view)]
             if len(levels := set(view.codes(name)[rows])) == 1
             and not levels & set(view.codes(name)[~rows])]  # fmt: skip
    if names:
        yield Finding(
            f"{first_few(list(map(repr, names)))} {'have' if len(names) > 1 else 'has'} a cell of "
            f"its own on the {int(rows.sum())} rows without a choice, as what is written with it",
            "no input; use as after_choice what subjects saw",
            sets={"after_choice": names},
        )


def two_tell_choice(view: View) -> Iterator[Finding]:
    """Find pairs of columns from which every choice follows, though from neither alone."""
    choice = _choice(view)
    if choice is None:
        return
    able = [name for name in _few_values(view) if _share_told(_codes(view, name), choice) < 0.99]
    inputs, known = set(covariates(view)), {frozenset(pair) for pair in _answers(view)}
    for pair in combinations(able[:MOST_VALUES], 2):
        if not set(pair) & inputs or frozenset(pair) in known:
            continue
        one, two = (_codes(view, name) for name in pair)
        both = np.where((one < 0) | (two < 0), -1, numbered(one + 1, two + 1))
        if both.max() < 2 * MOST_VALUES:
            alone = max(_share_told(one, choice), _share_told(two, choice))
            if alone < 0.9 and _share_told(both, choice) >= NEARLY_ALL:
                yield Finding(
                    f"every choice follows from {pair[0]!r} with {pair[1]!r}",
                    "one of them was written after the choice: it is no input; use it as "
                    "after_choice if subjects saw it",
                    sets={"after_choice": list(pair)},
                )
                return


def named_after(view: View) -> Iterator[Finding]:
    """Find inputs whose names say that they are known only after the choice."""
    told = {right for _, right in _answers(view)[:1]}
    names = [
        name for name in [*covariates(view), *conditions(view)]
        if name not in told and set(words(name)) & AFTER and not set(words(name)) & BEFORE
    ]  # fmt: skip
    if names:
        yield Finding(
            f"{', '.join(map(repr, names[:5]))}: known only after the choice, by name",
            "no input; use as after_choice what subjects saw",
            sets={"after_choice": names},
        )


def running_total(view: View) -> Iterator[Finding]:
    """Find totals that hold the reward of their own trial."""
    if "reward" not in view.roles:
        return
    reward = view.number(view.roles["reward"])
    for name in covariates(view, counters=True):
        step = steps(view.session, view.number(name))
        use = np.isfinite(step) & np.isfinite(reward)
        if use.sum() > 10 and np.ptp(reward[use]) and np.isclose(step, reward)[use].mean() > 0.95:
            yield Finding(
                f"{name!r} is a total that holds the reward of its own trial",
                "it is known only after the choice: no input; move it by a trial or leave it out",
                sets={"after_choice": [name]},
            )


def tells_next(view: View) -> Iterator[Finding]:
    """Find columns from which the choice of the next trial follows."""
    choice = _choice(view)
    if choice is None:
        return
    same = np.r_[view.session[1:] == view.session[:-1], False]
    later = np.where(same, np.r_[choice[1:], -1], -1)
    staying = (later == choice)[later >= 0]
    if not len(staying) or staying.mean() > 0.95:
        return
    for name in _few_values(view):
        if _share_told(_codes(view, name), choice) >= NEARLY_ALL:
            continue
        if _share_told(_codes(view, name), later) >= NEARLY_ALL:
            yield Finding(
                f"the choice of the next trial follows from {name!r}",
                "a lag was taken the wrong way: it is no input",
                sets={"after_choice": [name]},
            )


def repeats_before(view: View) -> Iterator[Finding]:
    """Find columns that repeat what another one held in the trial before, roles among them.

    Of very wide tables the first 200 inputs are compared, as pairs of all take hours.
    """
    names = covariates(view)[:MOST_LAGGED]
    compared = {*view.roles.values(), *list(view.columns)[:MOST_LAGGED]}
    same = np.r_[False, view.session[1:] == view.session[:-1]]
    changing = [name for name in view.columns if name in compared and view.n_levels(name) > 1]
    before = {name: np.r_[np.nan, view.number(name)[:-1]] for name in changing
              if view.is_number(name)}  # fmt: skip
    found = [
        (name, other)
        for name in names
        for other, value in before.items()
        if other != name and _equal(view.number(name), value, same)
    ]
    if found:
        told = ", ".join(f"{name!r} that of {other!r}" for name, other in dict(found).items())
        yield Finding(
            f"columns hold the value of the trial before: {told}",
            "networks remember what they were given, and lags are made by models that need them: "
            "no inputs",
            sets={"after_choice": list(dict(found))},
        )


def same_twice(view: View) -> Iterator[Finding]:
    """Find inputs that are another input in other units, or turned round."""
    names = [name for name in covariates(view) if view.n_levels(name) > 2][:MOST_PAIRED]
    found = {}
    for k, name in enumerate(names):
        for other in names[:k]:
            if other not in found and _is_line(view.number(other), view.number(name)):
                found[name] = other
                break
    if found:
        told = ", ".join(f"{name!r} of {other!r}" for name, other in found.items())
        yield Finding(
            f"columns are a multiple of another one, or it with something added: {told}",
            "what either does cannot be told from what the other does: one of them is no input",
            sets={"after_choice": list(found)},
        )


def _is_line(one, other) -> bool:
    """Whether one column is a straight line of another, wherever both are there."""
    use = np.isfinite(one) & np.isfinite(other)
    if use.sum() < 10 or not np.ptp(one[use]) or not np.ptp(other[use]):
        return False
    x, y = one[use] - one[use].mean(), other[use] - other[use].mean()
    rest = y - x * ((x @ y) / (x @ x))
    # cells are rounded
    return bool(np.abs(rest).max() < 1e-3 * np.abs(y).max())


def _equal(one, other, where) -> bool:
    """Whether two columns agree in nearly all rows, and not for want of changes."""
    use = where & np.isfinite(one) & np.isfinite(other)
    changes = np.diff(one[use]) != 0
    is_enough = changes.sum() >= MANY_CHANGES and use.sum() >= 0.5 * where.sum()
    return is_enough and bool(np.isclose(one, other)[use].mean() >= NEARLY_ALL)


def says_correct(view: View) -> Iterator[Finding]:
    """Find the column that is 1 where the choice is what another one names, and 0 elsewhere."""
    for answer, right in _answers(view)[:1]:
        yield Finding(
            f"{right!r} is 1 where the choice is what {answer!r} names: it is taken as correct",
            "if it means something else, take it out of columns",
            sets={"columns": {"correct": right}},
        )


def _answers(view) -> list[tuple[str, str]]:
    """Pairs of columns: what would have been right, and whether the choice was it."""
    choice = _choice(view)
    if choice is None or "correct" in view.roles:
        return []
    name, able = view.roles["choice"], _few_values(view)
    asked = [each for each in able if set(view.values(each)) == set(view.values(name))]
    marks = [each for each in able if {*view.values(each)} == {"0", "1"}]
    found = []
    for answer, right in ((a, b) for a in asked for b in marks if a != b):
        agree = (view.text(answer) == view.text(name)) & (choice >= 0)
        is_right = view.text(right) == "1"
        if FEW < agree.mean() < 1 - FEW and (agree == is_right).mean() >= NEARLY_ALL:
            found.append((answer, right))
    return found


def _choice(view) -> np.ndarray | None:
    """Codes of the choice, -1 where there is none; None where nobody varies."""
    name = view.role("choice")
    if name is None or view.n_levels(name) > MOST_VALUES:
        return None
    codes = np.where(view.is_empty(name), -1, view.codes(name))
    return codes if (codes >= 0).sum() > 10 else None


def _few_values(view) -> list[str]:
    """Columns that are not roles and have few values, none of them the label of a group."""
    taken = set(view.roles.values())
    return [
        name
        for name in view.columns
        if name not in taken and has_name(name) and 2 <= view.n_levels(name) <= MOST_VALUES
    ]


def _codes(view, name) -> np.ndarray:
    """Running number of the text of each cell, -1 where it is empty."""
    return np.where(view.holding(name, [""]), -1, view.codes(name))


def _share_told(column: np.ndarray, choice: np.ndarray) -> float:
    """Share of choices that the likeliest choice at each value gets right, if choices vary.

    A value that was there once tells its choice whatever it is, and does not count.
    """
    use = (choice >= 0) & (column >= 0)
    use &= np.bincount(column[use], minlength=column.max(initial=0) + 1)[column] > 1
    if use.sum() < max(10, 0.5 * (choice >= 0).sum()):
        return 0.0
    width = int(choice.max()) + 1
    n_cells = (int(column.max()) + 1) * width
    table = np.bincount(column[use] * width + choice[use], minlength=n_cells).reshape(-1, width)
    if table.sum(axis=0).max() > 0.98 * table.sum():
        return 0.0
    return float(table.max(axis=1).sum() / table.sum())
