"""Faults that are planted in a table without any, each under the name of the check that finds it.

Each function gets a table of texts and returns it with the fault; `FAULTS` says what the finding
must say, too.
"""

import numpy as np

SUBJECT, SESSION = "participant", "session"


def change(column, rows, value):
    """A fault that writes a value, or a function of the cells, into some rows of a column."""

    def plant(table):
        table = table.copy()
        use = rows(table) if callable(rows) else np.isin(np.arange(len(table)), rows)
        cells = table.loc[use, column]
        table.loc[use, column] = value(cells) if callable(value) else value
        return table

    return plant


def add(**columns):
    """A fault that adds columns, each computed from the table, as text."""
    return lambda table: table.assign(
        **{name: np.asarray(make(table)).astype(str) for name, make in columns.items()}
    )


def of(*subjects):
    """Rows of some subjects."""
    return lambda table: table[SUBJECT].isin(subjects)


def everywhere(table):
    """All rows."""
    return np.ones(len(table), dtype=bool)


def in_session(subject, session):
    """Rows of one session of a subject."""
    return lambda table: (table[SUBJECT] == subject) & (table[SESSION] == session)


def times(factor):
    """Cells times a factor, as text."""
    return lambda cells: (cells.astype(float) * factor).round(1).astype(str)


def swapped(cells):
    """The other option of two."""
    return cells.map({"left": "right", "right": "left"})


def flipped(cells):
    """0 for 1 and 1 for 0."""
    return cells.map({"0": "1", "1": "0"})


def turned(*columns):
    """A fault that turns round the choice of one subject, and leaves out some columns."""
    plant = change("choice", of("P02"), swapped)
    return lambda table: plant(table).drop(columns=list(columns))


def copied(column, target):
    """A fault that copies what a session holds into another session or block."""

    def plant(table):
        table = table.copy()
        use, source = (
            ((table[SUBJECT] == subject) & (table[column] == value)).to_numpy().nonzero()[0]
            for subject, value in target
        )
        names = ["choice", "correct", "reward", "rt", "coherence", "target"]
        source = source[: len(use)]
        table.loc[use[: len(source)], names] = table.loc[source, names].to_numpy()
        return table

    return plant


def repeated_order(table):
    """The stimuli of one subject are those of another one."""
    table = table.copy()
    one, two = ((table[SUBJECT] == name).to_numpy() for name in ("P01", "P04"))
    table.loc[two, ["coherence", "target"]] = table.loc[one, ["coherence", "target"]].to_numpy()
    return table


def without(rows):
    """A fault that leaves rows out."""
    return lambda table: table[~np.isin(np.arange(len(table)), rows)].reset_index(drop=True)


def bandit(table):
    """A bandit whose better side is paid, in one subject the other one."""
    rng = np.random.default_rng(1)
    p_left = rng.choice([0.2, 0.8], len(table))
    left = (table["choice"] == "left").to_numpy()
    paid = rng.random(len(table)) < np.where(left, p_left, 1 - p_left)
    paid = np.where(table[SUBJECT] == "P02", ~paid, paid)
    kept = table.drop(columns=["coherence", "target", "correct"])
    return kept.assign(p_left=p_left.astype(str), reward=paid.astype(int).astype(str))


def interleave(table):
    """Rows of two sessions in turn."""
    order = np.arange(len(table))
    order[:80] = np.arange(80).reshape(2, 40).T.ravel()
    return table.iloc[order].reset_index(drop=True)


def shuffle_trials(table):
    """Two trials of a session in the wrong order."""
    order = np.arange(len(table))
    order[[13, 17]] = order[[17, 13]]
    return table.iloc[order].reset_index(drop=True)


def screens(table):
    """A fixation screen before every trial."""
    both = table.loc[np.repeat(table.index, 2)].reset_index(drop=True)
    is_screen = np.arange(len(both)) % 2 == 0
    both["trial_type"] = np.where(is_screen, "fixation", "response")
    both.loc[is_screen, ["choice", "correct", "reward", "rt"]] = ""
    return both.drop(columns="trial")


def number(table, column):
    """Numbers of a column."""
    return table[column].astype(float)


def total(table):
    """Points so far, those of this trial among them."""
    return number(table, "reward").groupby([table[SUBJECT], table[SESSION]]).cumsum()


def shifted(table):
    """The next choice of the session."""
    return table.groupby([SUBJECT, SESSION])["choice"].shift(-1).fillna("")


def clock(table):
    """Seconds on a clock that starts again in the middle of one session."""
    seconds = np.arange(len(table)) % 80 * 3.1
    again = (table[SUBJECT] == "P03") & (table[SESSION] == "1") & (table["trial"].astype(int) > 14)
    return np.where(again, np.cumsum(again), seconds)


LAST = np.arange(462, 480)
FAULTS = {
    "columns of one name": (
        lambda table: table.assign(x="1").set_axis([*table.columns, "rt"], axis=1), "'rt'"),
    "decimal commas": (
        change("rt", everywhere, lambda cells: cells.str.replace(".", ",")), "'rt'"),
    "lists in cells": (
        change("choice", everywhere, lambda cells: "['" + cells + "', 'x']"), "'choice'"),
    "units in cells": (change("rt", everywhere, lambda cells: cells + " s"), "' s'|0 s|s'"),
    "dates for numbers": (change("coherence", [3, 9], "2024-03-01"), "rows 3, 9"),
    "text among numbers": (change("coherence", [3, 9], "null"), "'null'.*rows 3, 9"),
    "value far away": (change("coherence", [3, 9, 20, 33], "-999"), "-999.*rows 3, 9, 20, 33"),
    "subject in two spellings": (change(SUBJECT, [*range(40)], "p00"), "'p00'"),
    "option in two spellings": (change("choice", [5, 6], "Left"), "'Left'.*rows 5, 6"),
    "choice code": (
        lambda table: change("choice", [5, 6, 50, 60], "-1")(
            table.assign(choice=table["choice"].map({"left": "0", "right": "1"}))),
        "-1.*rows 5, 6"),
    "text for no choice": (change("choice", [5, 6], "null"), "null.*rows 5, 6"),
    "option without a time": (
        lambda table: change("rt", [*range(0, 60, 5)], "")(
            change("choice", [*range(0, 60, 5)], "none_key")(table)), "none_key.*rows 0, 5"),
    "unanswered": (
        lambda table: change("correct", [*range(0, 60, 5)], "-1")(
            change("choice", [*range(0, 60, 5)], "")(table)), "'correct' is -1 on the 12 rows"),
    "stray option": (change("choice", [7, 300], "space"), "space.*rows 7, 300"),
    "option of one subject": (
        change("choice", [*range(0, 30)], "middle"), "subject P00 chose middle"),
    "times in ms": (change("rt", everywhere, times(1000)), "milliseconds"),
    "mixed units": (change("rt", of("P01", "P02"), times(1000)), "subjects P01, P02"),
    "time 0": (change("rt", [4, 44], "0"), "rows 4, 44"),
    "negative time": (change("rt", [4, 44], "-1"), "rows 4, 44"),
    "time 999": (change("rt", [4, 44], "999"), "999.*rows 4, 44"),
    "time at its limit": (change("rt", [4, 44, 66, 88, 99], "60"), "60.*rows 4, 44"),
    "standing times": (change("rt", [*range(100, 110)], "0.4321"), "row"),
    "practice": (add(phase=lambda table: np.where(table["block"] == "0", "practice", "main")),
                 "'phase', on rows 0"),
    "forced": (add(forced=lambda table: np.arange(len(table)) % 7 == 0), "'forced', on rows 0, 7"),
    "timed out": (add(too_slow=lambda table: np.arange(len(table)) % 50 == 0), "'too_slow'"),
    "screens": (screens, "'fixation'.*rows 0, 2, 4"),
    "hardly answers": (change("choice", [*range(0, 80, 2)], ""), "subject P00"),
    "session twice": (
        copied(SESSION, [("P03", "2"), ("P03", "1")]), "session 2"),
    "block twice": (copied("block", [("P03", "2"), ("P03", "1")]), "block 2"),
    "row twice": (
        lambda table: table.loc[[*range(21), 20, *range(21, len(table))]].reset_index(drop=True),
        "row 21"),
    "constant block": (
        change("choice", in_session("P03", "1"), "left"), "session 1 .subject P03"),
    "never changes": (change("reward", everywhere, "1"), "reward"),
    "no label": (change("session", [3, 9], ""), "session .* rows 3, 9"),
    "number of trials jumps": (without(LAST), "22 rows"),
    "gaps": (without([14, 15]), "1 times, over 2 numbers, on row 14"),
    "falling trial numbers": (shuffle_trials, "row"),
    "trial numbers start again": (
        lambda table: table.assign(trial=(table["trial"].astype(int) % 10).astype(str))
        .drop(columns="block"), "row"),
    "trial number twice": (change("trial", [15], "14"), "row 15"),
    "session in pieces": (interleave, "do not stand together"),
    "clock starts again": (add(trial_time=clock), "'trial_time'"),
    "choice against side": (turned("target", "correct", "reward"), "subject P02"),
    "choice against correctness": (turned("coherence", "reward"), "subject P02"),
    "choice against reward": (bandit, "subject P02"),
    "reward against correctness": (change("reward", everywhere, flipped), "errors are paid"),
    "tells the choice": (
        add(button=lambda table: table["choice"].map({"left": "37", "right": "39"})), "'button'"),
    "absent with the choice": (
        lambda table: change("pupil", [*range(0, 60, 5)], "")(
            change("choice", [*range(0, 60, 5)], "")(add(pupil=lambda table: np.random.default_rng(
                3).normal(0, 1, len(table)).round(3))(table))), "'pupil' has .* 12 rows without"),
    "two tell the choice": (
        add(common=lambda table: np.arange(len(table)) % 3 == 0, state=lambda table: np.where(
            (table["choice"] == "left") ^ (np.arange(len(table)) % 3 == 0), 1, 2)),
        "'common' with 'state'"),
    "tells the next choice": (add(history=shifted), "'history'"),
    "repeats the trial before": (
        add(last=lambda table: table["coherence"].shift(1, fill_value="")), "'last' that of 'coh"),
    "one input twice": (
        add(percent=lambda table: (50 + 20 * table["coherence"].astype(float)).round(2)),
        "'percent' of 'coherence'"),
    "says what is correct": (
        lambda table: table.rename(columns={"correct": "tick"}), "'tick' .* 'target' names"),
    "named after the choice": (
        add(feedback=lambda table: np.random.default_rng(2).normal(0, 1, len(table)).round(2)),
        "'feedback'"),
    "running total": (add(money=total), "'money'"),
    "order shared": (repeated_order, "subjects P01, P04"),
    "treatment of one subject": (
        add(drug=lambda table: np.where(table[SUBJECT] == "P05", "saline", "muscimol")),
        "subject P05 has 'drug' = saline"),
    "treatment in one order": (
        add(drug=lambda table: np.where(table[SESSION] == "1", "saline", "muscimol")), "'drug'"),
}  # fmt: skip
