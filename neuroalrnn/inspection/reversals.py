"""Codes that mean the opposite in some subjects, or everywhere."""

from collections.abc import Iterator

import numpy as np

from neuroalrnn.inspection.finding import Finding
from neuroalrnn.inspection.guess import covariates
from neuroalrnn.inspection.view import View

# correlations that are told apart from nothing, and what few groups may have of the other sign
CLEAR, CERTAIN = 0.25, 4.5
MINORITY = 0.34
FEW_SUBJECTS = 5
AGREE = "look at the codes of the choice there: turn them round before the fit"


def against_side(view: View) -> Iterator[Finding]:
    """Find subjects or sessions whose choice goes against what it follows in the others."""
    sign = _sign(view)
    if sign is None:
        return
    for name in _known_before(view):
        rows = _flipped(view, sign, _centred(view, name))
        if rows.any():
            yield Finding(
                f"the choice goes against {name!r} in {_who(view, rows)}, with it in the others",
                AGREE,
                rows,
            )
            return


def against_correct(view: View) -> Iterator[Finding]:
    """Find a choice that is said to be correct where it is not what a column asked for."""
    if "correct" not in view.roles or "choice" not in view.roles:
        return
    choice, correct = view.text(view.roles["choice"]), view.number(view.roles["correct"])
    for name in _targets(view):
        target = view.text(name)
        use = np.isfinite(correct) & ~view.is_empty(view.roles["choice"]) & (target != "")
        is_right = correct == np.nanmax(correct)
        agree = (choice == target) == is_right
        share = agree[use].mean() if use.any() else 0.5
        rows = use & ~agree
        if share < 0.1:
            yield Finding(
                f"the choice counts as correct where it differs from {name!r}, on "
                f"{1 - share:.0%} of the trials",
                "the codes of one of them are reversed: see what they mean before you name options",
                rows,
            )
            return
        if share > 0.8 and rows.any():
            yield Finding(
                f"{int(rows.sum())} trials contradict the others on whether the choice is "
                f"{name!r} when it is correct ({view.who(rows, 'subject')})",
                AGREE,
                rows,
            )
            return


def against_reward(view: View) -> Iterator[Finding]:
    """Find subjects or sessions who are paid for the option that pays less in the others."""
    sign = _sign(view)
    if sign is None or "reward" not in view.roles:
        return
    reward = view.number(view.roles["reward"])
    for name in _known_before(view):
        rows = _flipped(view, sign * _centred(view, name), reward)
        if rows.any():
            yield Finding(
                f"choices by {name!r} are paid in most, and not paid in {_who(view, rows)}",
                AGREE,
                rows,
            )
            return


def reward_against_correct(view: View) -> Iterator[Finding]:
    """Find rewards that come for errors."""
    if "reward" not in view.roles or "correct" not in view.roles:
        return
    reward, correct = (view.number(view.roles[role]) for role in ("reward", "correct"))
    use = np.isfinite(reward) & np.isfinite(correct)
    if use.sum() < 20 or np.ptp(reward[use]) == 0 or np.ptp(correct[use]) == 0:
        return
    if np.corrcoef(reward[use], correct[use])[0, 1] < -CLEAR:
        paid = use & (reward > np.median(reward[use])) & (correct == correct[use].min())
        yield Finding(
            f"errors are paid: {view.roles['reward']!r} goes against {view.roles['correct']!r}",
            "one of the two is coded the other way round",
            paid if paid.any() else use,
        )


def _who(view, rows) -> str:
    if view.n_subjects >= FEW_SUBJECTS or "session" not in view.roles:
        return view.who(rows, "subject")
    return f"{view.who(rows, 'session')} of {view.who(rows, 'subject')}"


def _sign(view) -> np.ndarray | None:
    """The choice as -1 and +1, NaN elsewhere; None where there are not two options."""
    name = view.role("choice")
    if name is None:
        return None
    choice = view.columns[name]
    able = [each for each in np.argsort(-choice.size, kind="stable") if not choice.empty[each]][:2]
    if len(able) < 2 or choice.size[able].sum() < 0.9 * choice.size[~choice.empty].sum():
        return None
    sign = np.full(len(choice.levels), np.nan)
    low, high = sorted(able, key=lambda level: choice.levels[level])
    sign[[low, high]] = -1.0, 1.0
    return sign[choice.codes]


def _targets(view) -> list[str]:
    """Columns that hold the options of the choice, as a correct answer does."""
    options = set(view.values(view.roles["choice"]))
    return [
        name
        for name in view.columns
        if name not in view.roles.values()
        and len(options & set(view.values(name))) > 1
        and len(set(view.values(name)) - options) == 0
    ]


def _known_before(view) -> list[str]:
    targets = _targets(view)
    return [*targets, *(name for name in covariates(view) if name not in targets)]


def _centred(view, name) -> np.ndarray:
    """Numbers around their mean; of two texts, -1 and +1 in the order of the options."""
    if view.is_number(name):
        values = view.number(name)
        return values - np.nanmean(values)
    text, values = view.text(name), sorted(view.values(name))
    if len(values) != 2:
        return np.full(len(text), np.nan)
    return np.where(text == values[1], 1.0, np.where(text == values[0], -1.0, np.nan))


def _flipped(view, one, two) -> np.ndarray:
    """Rows of the few groups in which two numbers correlate clearly the other way round.

    Groups are subjects, whom the others tell what is usual. Of few subjects, who may well have had
    different tasks, they are sessions, and the usual is that of the same subject.
    """
    by_subject = view.n_subjects >= FEW_SUBJECTS
    group = view.subject if by_subject else view.session
    use = np.isfinite(one) & np.isfinite(two)
    none = np.zeros(len(group), dtype=bool)
    if use.sum() < 50:
        return none
    r, size = _correlations(group, use, one, two)
    owner = view.subject[np.unique(group, return_index=True)[1]] * (not by_subject)
    clear = (np.abs(r) > CLEAR) & (np.abs(r) * np.sqrt(size) > CERTAIN)
    sign = np.where(clear, np.sign(r), 0.0)
    usual = np.sign(np.bincount(owner, sign))[owner]
    few, many = sign * usual < 0, sign * usual > 0
    if not few.any() or few.sum() > MINORITY * len(r) or many.sum() < 0.6 * len(r) or len(r) < 3:
        return none
    return few[group]


def _correlations(group, use, one, two) -> tuple[np.ndarray, np.ndarray]:
    """Correlation of two numbers in each group, and the number of rows that it is from."""
    n_groups = int(group.max()) + 1
    group, one, two = group[use], one[use], two[use]
    size = np.bincount(group, minlength=n_groups)
    with np.errstate(invalid="ignore", divide="ignore"):
        one, two = (x - (np.bincount(group, x, n_groups) / size)[group] for x in (one, two))
        both, ones, twos = (np.bincount(group, x, n_groups) for x in (one * two, one**2, two**2))
        return both / np.sqrt(ones * twos), size
