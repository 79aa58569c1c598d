"""Prepare a table before its columns are read: further columns, and rows that are left out."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from neuroalrnn.arguments import unknown
from neuroalrnn.data._derive import check_recipes, derived, used_columns
from neuroalrnn.data._keep import keep_rows, read_rules
from neuroalrnn.data.columns import without_codes, without_lists
from neuroalrnn.data.names import one_form, rows_among
from neuroalrnn.data.roles import LABELS, ROLES, listed
from neuroalrnn.exceptions import DataError, problems


def named_columns(options: Mapping[str, Any]) -> list[str]:
    """Columns that options of `neuroalrnn.from_frame` name, beside those that play a role."""
    rules, wrong = read_rules(options.get("keep"))
    recipes = options.get("derive") or {}
    named = [] if wrong else [column for column, *_ in rules]
    if not check_recipes(recipes):
        named += [column for recipe in recipes.values() for column in used_columns(recipe)]
    made = [one_form(name) for name in recipes]
    named += _timed(options.get("events"), options.get("trial_start")).values()
    return [each for each in map(one_form, named) if each not in made]


def _timed(events, start) -> dict[str, str]:
    """Columns that hold times, by event."""
    given = dict(events) if isinstance(events, Mapping) else {}
    begun = start.values() if isinstance(start, Mapping) else [start]
    given |= {f"start {k}": column for k, column in enumerate(begun)}
    return {one_form(k): one_form(name) for k, name in given.items() if isinstance(name, str)}


class Prepared:
    """A table with constants and derived columns, and without the rows that rules leave out.

    Parameters
    ----------
    df : pandas.DataFrame
        Table, whose columns are called in one Unicode form.
    columns, constants, keep, derive, text, missing, events, trial_start
        Arguments of `neuroalrnn.from_frame`.

    Attributes
    ----------
    df, columns, text, missing
        The arguments as they are after the preparation.
    rows : ndarray of int, shape (row,)
        Place of each row in the table that was given.
    dropped : dict of str to int
        Number of rows that each rule dropped.
    """

    def __init__(self, df, columns, constants, keep, derive, text, missing, events, trial_start):
        self.df, self.derived, self.text = df, dict[str, pd.Series](), list(text)
        recipes = {one_form(name): recipe for name, recipe in (derive or {}).items()}
        constants = {one_form(name): value for name, value in (constants or {}).items()}
        columns = {one_form(role): one_form(column) for role, column in columns.items()}
        self.columns = {name: name for name in constants if name in ROLES} | columns
        self.role = _timed(events, trial_start) | self.columns
        rules, found = read_rules(keep)
        found += check_recipes(derive)
        self._refuse(found)
        self._refuse(self._misnamed(rules, recipes, constants))
        self.df = self.df.assign(**{n: str(value) for n, value in constants.items()})
        self.codes = self._codes(missing)
        self.dropped = self._drop(rules)
        self._derive(recipes, {*self.role.values()})
        self.missing = self._codes_left(missing)
        self.df = pd.concat([self.df, pd.DataFrame(self.derived, self.df.index)], axis=1)

    @staticmethod
    def _refuse(found: list[str]) -> None:
        if found:
            raise problems(DataError, "table", found)

    def _misnamed(self, rules, recipes, constants) -> list[str]:
        """Texts for columns that are not there, are there twice, or would be."""
        have = [str(name) for name in self.df]
        twice = sorted(name for name, n in Counter(have).items() if n > 1)
        found = [f"the table has more than one column {name!r}" for name in twice]
        found += [
            f"column {name!r} is made, and the table has one of that name: call it otherwise"
            for name in [*constants, *recipes]
            if name in have or (name in recipes and name in constants)
        ]
        have += constants
        asked = [one_form(column) for column, *_ in rules]
        found += [f"column {unknown(name, have)}" for name in asked if name not in have]
        many = tuple(f"{name}_" for name, recipe in recipes.items() if "one_hot" in recipe)
        for name, recipe in recipes.items():
            found += [
                f"column {unknown(each, have)}"
                for each in map(one_form, used_columns(recipe))
                if each not in have and not (many and each.startswith(many))
            ]
            have.append(name)
        return found

    def _codes(self, missing) -> dict[str, list]:
        if isinstance(missing, Mapping):
            given = {one_form(name): listed(codes) for name, codes in missing.items()}
            return {self.role.get(name, name): codes for name, codes in given.items()}
        labels = {self.role.get(name) for name in (*LABELS, "trial", "unscored_reason")}
        codes = listed(missing)
        return {name: codes for name in map(str, self.df) if name not in labels and codes}

    def _codes_left(self, missing) -> dict[str, list]:
        """Codes of columns that play a role; those of others are dealt with here."""
        read = {*self.role.values()}
        known = {*self.df}
        return {n: codes for n, codes in self.codes.items() if n in read or n not in known}

    def _drop(self, rules) -> dict[str, int]:
        kept, dropped, found = keep_rows(len(self.df), rules, self.cells_of)
        self._refuse(found)
        self.rows = np.flatnonzero(kept)
        self.df = self.df if kept.all() else self.df[kept]
        return dropped

    def _derive(self, recipes, used: Iterable[str]) -> None:
        """Make columns; those that nothing names become covariates."""
        found = []
        used = {*used, *(one_form(c) for r in recipes.values() for c in used_columns(r))}
        for name, recipe in recipes.items():
            with rows_among(self.rows):
                made, more = derived(name, recipe, self.cells_of, self._session)
            found += more
            self.derived |= {each: column.set_axis(self.df.index) for each, column in made.items()}
            is_text = "map" in recipe and name not in ROLES and made[name].dtype == object
            self.text += [name] if is_text and name not in used else []
        roles = {name: name for name in self.derived if name not in used}
        found += [
            f"derive {name!r}: column {self.columns[name]!r} plays this role: call it otherwise"
            for name in roles
            if name in self.columns
        ]
        self._refuse(found)
        self.columns |= roles

    def cells_of(self, name: str) -> pd.Series:
        """Cells of a column, without codes for missing."""
        name = one_form(name)
        if name in self.derived:
            return self.derived[name].reset_index(drop=True)
        cells = without_lists(self.df[name].reset_index(drop=True))
        return without_codes(cells, self.codes.get(name, []))[0]

    def _session(self) -> np.ndarray:
        names = [self.columns[role] for role in ("subject", "session") if role in self.columns]
        names = [name for name in names if name in self.df]
        if not names:
            return np.zeros(len(self.df), dtype=int)
        return self.df.groupby(names, sort=False, dropna=False).ngroup().to_numpy()
