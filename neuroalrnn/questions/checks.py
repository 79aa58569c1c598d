"""What questions may be asked with: names of variables."""

from neuroalrnn.arguments import refuse, shown, unknown
from neuroalrnn.data.schema import COORDS
from neuroalrnn.exceptions import DataError


def check_names(title, fit, conditions, rule=None):
    """Raise unless conditions and rule are variables of the trials.

    Parameters
    ----------
    title : str
        What was called, for the message.
    fit : Fit
        A cross-validated fit.
    conditions : list of str
        Trial variables that split a table.
    rule : str, optional
        Trial variable whose changes are rule changes.

    Raises
    ------
    DataError
        Some is no text, no variable on trials, or labels what is counted over.
    """
    names = [*conditions, *([] if rule is None else [rule])]
    found = [
        f"{shown(each)} is no name of a variable" for each in names if not isinstance(each, str)
    ]
    refuse(title, found, DataError)
    known = [str(n) for n in fit.trials.variables if fit.trials[n].dims == ("trial",)]
    found = [f"no variable on trial: {unknown(name, known)}" for name in names if name not in known]
    found += [
        f"condition {name!r} labels what is counted over; expected a variable of the task"
        for name in conditions
        if name in COORDS
    ]
    refuse(title, found, DataError)
