"""Raw task data of IBL rigs: one JSON object per line, with the record of Bpod in it."""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from data_loaders.formats._found import Found
from data_loaders.formats._states import Visits, mapped, times_table, visits_of
from neuroalrnn.exceptions import DataError, problems

NAME = "_iblrig_taskData.raw.jsonable"
OUTCOMES = {"correct": "correct", "error": "error", "no_go": "no_go"}


def read_jsonable(path: Path, *, strict: bool) -> Found:
    """Read raw task data.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    strict : bool
        Whether a damaged line is an error; else it and what follows are left out.

    Returns
    -------
    Found
        One row per trial: numbers and truth values of its line, ``choice`` and ``feedbackType`` as
        ALF has them, ``trial_start`` and times of states and events from there. Texts are not read.

    Raises
    ------
    DataError
        A line is no JSON object with a record of Bpod, or a trial has not exactly one outcome.
    """
    lines, notes = _lines(path, strict)
    records = [each["behavior_data"] for each in lines]
    try:
        trials = [_visits(each) for each in records]
        outcome, more = mapped(trials, OUTCOMES, "outcome")
        start = [float(each["Trial start timestamp"]) for each in records]
        position = np.array([float(each["position"]) for each in lines])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        text = f"a trial lacks what belongs to it: {error}"
        raise problems(DataError, str(path), [text]) from error
    table = pd.concat([_plain(lines), times_table(trials)], axis=1)
    side = np.sign(position)
    paid = {"correct": 1, "error": -1}
    sign = outcome.map(paid).fillna(0).to_numpy(dtype=float)
    # 1 is the correct answer to a stimulus on the left, where positions are negative
    table = table.assign(outcome=outcome, choice=-side * sign, side=side, trial_start=start)
    return Found(table.assign(feedbackType=np.where(sign > 0, 1, -1)), [*notes, *more])


def _lines(path, strict) -> tuple[list[dict], list[str]]:
    found = list[dict]()
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            each = json.loads(line)
            if not isinstance(each, dict) or not isinstance(each.get("behavior_data"), dict):
                raise ValueError("no object with behavior_data")
        except (ValueError, RecursionError) as error:
            text = f"line {number} is damaged or cut off ({str(error)[:80]})"
            if strict or not found:
                more = ": strict = false reads the trials before it" if found else ""
                raise problems(DataError, str(path), [text + more]) from error
            return found, [f"{text}: {len(found)} trials before it are read"]
        found.append(each)
    if not found:
        raise problems(DataError, str(path), ["it holds no trials"])
    return found, []


def _visits(record) -> Visits:
    states = {str(k): visits_of(v) for k, v in record["States timestamps"].items()}
    events = {
        str(k): np.asarray(v, dtype=float).ravel() for k, v in record["Events timestamps"].items()
    }
    return Visits(states, events)


def _plain(lines) -> pd.DataFrame:
    """Fields that hold one number in every trial; the contrast is called otherwise in training."""
    names = dict.fromkeys(name for each in lines for name in each)
    kept = [k for k in names if all(isinstance(each.get(k), int | float) for each in lines)]
    table = pd.DataFrame({name: [each[name] for each in lines] for name in kept})
    if "current_contrast" in table and "contrast" not in table:
        table["contrast"] = table["current_contrast"]
    return table


def told_session(path: Path) -> dict[str, str]:
    """Read subject and session from the settings beside raw task data.

    Parameters
    ----------
    path : pathlib.Path
        The raw task data.

    Returns
    -------
    dict of str to str
        ``subject`` and ``session``, where they are told.
    """
    file = path.with_name("_iblrig_taskSettings.raw.json")
    try:
        about = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    about = about if isinstance(about, dict) else {}
    names = {"subject": ("SUBJECT_NAME",), "session": ("SESSION_DATE", "SESSION_NUMBER")}
    told = {k: [str(about.get(name) or "") for name in each] for k, each in names.items()}
    return {k: "/".join(each) for k, each in told.items() if all(each)}
