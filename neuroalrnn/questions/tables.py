"""Tables by name: those that can be made, and why the others cannot."""

from collections.abc import Mapping
from functools import partial

from neuroalrnn.arguments import unknown
from neuroalrnn.exceptions import DataError, NotTestableError
from neuroalrnn.questions.words import plain
from neuroalrnn.results.columns import COLUMNS
from neuroalrnn.results.tables import conform
from neuroalrnn.running import attempt, progress_bar


class Tables(dict):
    """Tables by name, as a dict; one that is not there tells why, or names the nearest.

    Attributes
    ----------
    reasons : dict of str -> str
        Why a table could not be made.
    missed : set of str
        Tables that were asked for and were not there.
    """

    def __init__(self, *tables):
        super().__init__(*tables)
        self.reasons = {}
        self.missed = set()

    def __contains__(self, name):
        is_there = super().__contains__(name)
        if not is_there:
            self.missed.add(name)
        return is_there

    def get(self, name, default=None):
        """The table of a name, or the default where there is none."""
        return super().get(name, default) if name in self else default

    def __missing__(self, name):
        self.missed.add(name)
        if name in self.reasons:
            raise NotTestableError(f"table {name!r}: {self.reasons[name]}")
        raise DataError(f"table {unknown(name, self)}")


class Prefixed(Mapping):
    """Tables of which those whose names begin with a prefix are found without it, and hide others.

    Parameters
    ----------
    tables : Tables
    prefix : str
    """

    def __init__(self, tables, prefix):
        self._tables, self._prefix = tables, prefix

    def __getitem__(self, name):
        return self._tables[self._full(name)]

    def __contains__(self, name):
        return self._full(name) in self._tables

    def get(self, name, default=None):
        """The table of a name, or the default where there is none."""
        return self._tables.get(self._full(name), default)

    def __iter__(self):
        return iter(name.removeprefix(self._prefix) for name in self._tables)

    def __len__(self):
        return len(self._tables)

    @property
    def reasons(self):
        """Why a table could not be made, by the same names."""
        reasons = self._tables.reasons
        own = {k: why for k, why in reasons.items() if k.startswith(self._prefix)}
        return reasons | {name.removeprefix(self._prefix): why for name, why in own.items()}

    def _full(self, name):
        named = self._prefix + name
        return named if named in self._tables or named in self._tables.reasons else name


def answer(questions, asked, *, progress=False, answered=None):
    """Make every table of some questions that can be made, into ``asked.tables``.

    Parameters
    ----------
    questions : iterable of Question
    asked : Asked
    progress : bool
        Show a progress bar.
    answered : callable, optional
        Called with a question and `asked` once all tables of the question are made.

    Returns
    -------
    dict of str -> str
        Tables of questions that do not arise, and why.

    Warns
    -----
    IncompleteWarning
        If a table failed through a fault of this package.
    """
    unasked, jobs, last = {}, {}, {}
    for question in questions:
        made = {key: partial(_make, job, key, question) for key, job in question.tables.items()}
        # one that cannot be told either is told by every table
        reason, _ = attempt(partial(question.unasked, asked), question.name)
        if reason:
            unasked |= dict.fromkeys(question.table_names, plain(reason))
        else:
            jobs |= made
            last |= dict.fromkeys([*made][-1:], question)
    for key in progress_bar(jobs, desc="taking apart", unit="table", show=progress):
        names = (key,) if isinstance(key, str) else key
        made, reason = attempt(partial(jobs[key], asked), f"table {names[0]!r}")
        asked.tables.update(made or {})
        asked.tables.reasons.update(dict.fromkeys(names, reason) if reason else {})
        if answered and key in last:
            answered(last[key], asked)
    return unasked


def _make(job, key, question, asked):
    """What a job returns by its names, tables as the schema has them."""
    columns, schema = COLUMNS | question.columns, question.schema
    made = job(asked)
    made = {key: made} if isinstance(key, str) else dict(zip(key, made, strict=True))
    return {
        name: conform(name, each, schema[name], columns).assign(**asked.of_sample)
        if name in schema
        else each
        for name, each in made.items()
    }


def describe_missing(reasons):
    """Sentences about what could not be made; tables with one reason share a sentence.

    Parameters
    ----------
    reasons : dict of str -> str

    Returns
    -------
    list of str
    """
    shared = {}
    for name, reason in reasons.items():
        shared.setdefault(reason, []).append(name.replace("_", " "))
    return [f"{', '.join(names)}: {reason}" for reason, names in shared.items()]
