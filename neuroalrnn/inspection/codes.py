"""Cells that stand for something else than they say: codes for missing, units, other spellings."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from neuroalrnn.data.choices import NINES, RARE
from neuroalrnn.data.columns import DATE, MISSING, WITH_MARK, WITH_UNIT
from neuroalrnn.data.look import far_values
from neuroalrnn.data.names import first_few
from neuroalrnn.inspection.finding import Finding
from neuroalrnn.inspection.groups import share
from neuroalrnn.inspection.guess import covariates
from neuroalrnn.inspection.times import are_nines
from neuroalrnn.inspection.view import View

FEW = 3
MOST_CODED = 0.5
READ_AS_MISSING = "it is read as missing; if it is a value, take it out of missing"


def choice_code(view: View) -> Iterator[Finding]:
    """Find numbers among the options that stand for no choice, as -1 and 99."""
    name = view.role("choice")
    if name is None or not view.is_number(name):
        return
    number = view.number(name)
    seen, count = np.unique(number[np.isfinite(number)], return_counts=True)
    if len(seen) < 3:
        return
    two_sided = set(seen) == set(-seen)
    # -1, 0 and 1 are two sides and none in between, unless hardly anybody went to one side
    rare = count < 0.3 * np.median(count)
    odd = seen[(seen < 0) & (rare if two_sided else True)]
    far = [value for value in seen if NINES.fullmatch(f"{value:g}") and value > len(seen) + 1]
    yield from _choices(view, np.isin(number, [*odd, *far]), "which codes no option")


def no_choice_text(view: View) -> Iterator[Finding]:
    """Find texts for no choice, as null and n/a."""
    name = view.role("choice")
    if name is not None:
        text = view.text(name)
        rows = view.is_empty(name) & ~np.isin(text, MISSING)
        yield from _choices(view, rows, "which is no option")


def option_without_time(view: View) -> Iterator[Finding]:
    """Find an option that never has a response time, where others have one: nobody answered."""
    name, time = view.role("choice"), view.role("rt")
    if name is None or time is None:
        return
    choice = view.columns[name]
    timed = share(choice.codes, view.number(time) > 0)
    none = (timed == 0) & (choice.size >= FEW) & ~choice.empty
    if none.any() and timed[~choice.empty].max() > 0.9:
        yield from _choices(view, none[choice.codes], "without any response time")


def stray_option(view: View) -> Iterator[Finding]:
    """Find options that hardly anybody ever chose, as another key hit by mistake."""
    name = view.role("choice")
    if name is None:
        return
    choice = view.columns[name]
    rare = ~choice.empty & (choice.size < RARE / 5 * choice.size[~choice.empty].sum())
    rare &= ~np.isin(choice.levels, no_options(view))
    # one of two options may be rare
    if rare.any() and (~rare & ~choice.empty).sum() > 1:
        yield from _choices(view, rare[choice.codes], "which hardly anybody chose")


def no_options(view: View) -> list[str]:
    """List the values of the choice column that other checks say to stand for no choice."""
    found = [*choice_code(view), *option_without_time(view)]
    return [code for each in found for code in each.sets["missing"]["choice"]]


def unchosen(view: View) -> np.ndarray:
    """Find rows without a choice: empty, or of a value that stands for none."""
    name = view.roles["choice"]
    stray = [code for each in stray_option(view) for code in each.sets["missing"]["choice"]]
    return view.is_empty(name) | view.holding(name, [*no_options(view), *stray])


def unanswered(view: View) -> Iterator[Finding]:
    """Find a value of correct or reward that all rows without a choice have, and no others."""
    if "choice" not in view.roles:
        return
    rows = unchosen(view)
    names = [view.roles[role] for role in ("correct", "reward") if role in view.roles]
    for name in names if FEW <= rows.sum() < MOST_CODED * len(rows) else ():
        codes = np.unique(view.text(name)[rows])
        if len(codes) != 1 or view.is_empty(name)[rows].any() or len(view.values(name)) < 3:
            continue
        if (view.holding(name, codes) == rows).all():
            yield Finding(
                f"{name!r} is {codes[0]} on the {int(rows.sum())} rows without a choice alone",
                READ_AS_MISSING,
                rows,
                {"missing": {name: [str(codes[0])]}},
            )


def _choices(view, rows, why) -> Iterator[Finding]:
    if rows.any():
        codes = list(dict.fromkeys(view.text(view.roles["choice"])[rows]))
        yield Finding(
            f"the choice is {', '.join(codes[:5])} on {int(rows.sum())} rows, {why}",
            READ_AS_MISSING,
            rows,
            {"missing": {"choice": codes}},
        )


def text_among_numbers(view: View) -> Iterator[Finding]:
    """Find texts in columns of numbers, as null and n/a."""
    found: dict[tuple[str, ...], list[str]] = {}
    for name in view.columns:
        column = view.columns[name]
        if name != view.role("choice") and column.is_number:
            odd = np.isnan(column.numbers) & ~np.isin(column.levels, MISSING)
            found.setdefault(tuple(column.levels[odd]), []).append(name)
    for codes, names in found.items():
        if codes:
            yield Finding(
                f"{_several(names)} {'have' if len(names) > 1 else 'has'} "
                f"{', '.join(map(repr, codes[:5]))} among numbers",
                READ_AS_MISSING,
                np.any([view.holding(name, codes) for name in names], axis=0),
                {"missing": {name: list(codes) for name in names}} if len(codes) <= 20 else {},
            )


def nines(view: View) -> Iterator[Finding]:
    """Find values far beyond all others of their column, as 999 for missing."""
    names = [view.roles[role] for role in ("reward", "correct") if role in view.roles]
    for name in [*names, *covariates(view)]:
        if not view.is_number(name):
            continue
        values = view.number(name)
        rows = np.isin(values, far_values(values))
        # what holds for a whole block is a property of the block, unless it is written as 999
        rows &= (share(view.block, rows) < 1)[view.block] | are_nines(values)
        # what most rows hold is far from a few others, but stands for itself
        if 0 < rows.mean() < MOST_CODED:
            codes = list(dict.fromkeys(view.text(name)[rows]))
            yield Finding(
                f"{name!r} is {', '.join(codes[:5])}, far from all its other values",
                READ_AS_MISSING,
                rows,
                {"missing": {name: codes}},
            )


def units_in_cells(view: View) -> Iterator[Finding]:
    """Find numbers that are written with their unit, as 350 ms."""
    for name in view.columns:
        if not view.is_number(name):
            rows = _matching(view, name, WITH_UNIT)
            if rows.sum() > (~view.is_empty(name)).sum() / 2:
                cell = view.text(name)[rows][0]
                yield Finding(
                    f"{name!r} writes a unit into its cells, as {cell!r}",
                    "remove it from the file, and say units in the run file",
                    rows,
                )


def dates_for_numbers(view: View) -> Iterator[Finding]:
    """Find a column of a quantity whose cells a spreadsheet turned into dates."""
    for name in view.columns:
        numeric = np.isfinite(view.number(name)).mean()
        if not 0.5 < numeric < 1 or name == view.role("session"):
            continue
        rows = _matching(view, name, DATE)
        if rows.any():
            yield Finding(
                f"{name!r} has dates among its numbers, as {view.text(name)[rows][0]!r}",
                "a spreadsheet turned numbers into dates: export the file anew",
                rows,
            )


def lists_in_cells(view: View) -> Iterator[Finding]:
    """Find roles whose cells hold lists, as ['left']."""
    made = {role: name for role, name in view.roles.items() if name in view.lists}
    if made:
        yield Finding(
            f"{_several(list(made.values()))} {'hold' if len(made) > 1 else 'holds'} lists",
            "the first entry is read; if another one is meant, change derive",
            sets={
                "derive": {f"{role}_first": {"from": name, "element": "first"}
                           for role, name in made.items()},
                "columns": {role: f"{role}_first" for role in made},
            },
        )  # fmt: skip


def decimal_commas(view: View) -> Iterator[Finding]:
    """Find numbers that are written with a comma, as 0,5."""
    if view.decimal:
        names = list(view.decimal)
        others = [name for name, column in view.columns.items()
                  if name not in names and column.mostly(WITH_MARK["."])]  # fmt: skip
        mixed = f"{_several(others)} with a point: write all in one way"
        yield Finding(
            f"{_several(names)} {'write' if len(names) > 1 else 'writes'} decimals with a comma",
            mixed if others else "they are read so",
            sets={} if others else {"decimal": ","},
        )


def subject_spellings(view: View) -> Iterator[Finding]:
    """Find subjects whose names differ by case, blanks or leading zeros only, as S1 and s1."""
    yield from _spellings(view, "subject")


def option_spellings(view: View) -> Iterator[Finding]:
    """Find options whose names differ by case or blanks only, as left and Left."""
    yield from _spellings(view, "choice")


def _spellings(view, role) -> Iterator[Finding]:
    if role not in view.roles:
        return
    name = view.roles[role]
    values = pd.Series(view.values(name), dtype=object)
    plain = values.str.casefold().str.replace(r"[\s_]+", "", regex=True)
    plain = plain.str.replace(r"(?<![\d.])0+(?=\d)", "", regex=True)
    for _, same in values.groupby(plain, sort=False):
        if len(same) > 1:
            rare = min(same, key=lambda each: int(view.holding(name, [each]).sum()))
            yield Finding(
                f"{role} {', '.join(map(repr, same))} may be one in {len(same)} spellings",
                "write it in one way",
                view.holding(name, [rare]),
            )


def _several(names) -> str:
    return first_few(list(map(repr, names)))


def _matching(view, name, pattern) -> np.ndarray:
    column = view.columns[name]
    return np.array([bool(pattern.fullmatch(each)) for each in column.levels])[column.codes]
