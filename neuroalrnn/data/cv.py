"""Read the argument ``cv`` as a splitter, and say what to pass instead of anything else."""

from typing import Any

from neuroalrnn.arguments import refuse, shown
from neuroalrnn.data.split import (
    LeaveOneSubjectOut,
    SessionKFold,
    Splitter,
    StimulusSequenceOut,
    SubjectKFold,
)

OURS: tuple[type[Splitter], ...] = (
    LeaveOneSubjectOut,
    SubjectKFold,
    SessionKFold,
    StimulusSequenceOut,
)
# splitters of scikit-learn, and ours that hold out the same when subjects are the groups
NEAREST = {"LeaveOneGroupOut": "LeaveOneSubjectOut()", "LeaveOneOut": "LeaveOneSubjectOut()"}


def as_splitter(cv: Any, default: Splitter) -> Splitter:
    """Read an argument ``cv`` as a splitter.

    Parameters
    ----------
    cv : splitter or None
        One of ours, or an object with the methods ``split``, ``inner`` and ``groups`` of
        `LeaveOneSubjectOut`.
    default : splitter
        What to use where `cv` is None.

    Returns
    -------
    splitter : splitter
        The same object, or the default.

    Raises
    ------
    ConfigError
        `cv` is a class, a number, a name or a splitter of scikit-learn; the message says what to
        pass instead.
    """
    if cv is None:
        return default
    methods = [getattr(cv, name, None) for name in ("split", "inner", "groups")]
    if isinstance(cv, type) or not all(map(callable, methods)):
        refuse("cross-validation", [f"cv = {shown(cv)}: {_what_to_pass(cv)}"])
    return cv


def _what_to_pass(cv) -> str:
    kind = cv if isinstance(cv, type) else type(cv)
    ours = {each.__name__: each for each in OURS}
    if kind.__module__.startswith("sklearn."):
        return (
            "scikit-learn splits rows once, and cannot keep whole subjects or sessions out of the "
            f"inner validation; pass {_nearest(cv, kind)}"
        )
    if kind in ours.values():
        return f"pass an instance, {kind.__name__}()"
    if isinstance(cv, str) and cv.strip("() ") in ours:
        return f"pass the splitter, not its name: {cv.strip('() ')}()"
    if isinstance(cv, int) and not isinstance(cv, bool) and cv > 1:
        return f"expected a splitter; pass SubjectKFold({cv}) to hold out whole subjects"
    names = ", ".join(f"{name}()" for name in ours)
    return f"expected a splitter, one of {names}"


def _nearest(cv, kind: type) -> str:
    """Ours that holds out what one of scikit-learn's would."""
    n_splits = getattr(cv, "n_splits", None)
    several = isinstance(n_splits, int) and n_splits > 1
    return NEAREST.get(kind.__name__, f"SubjectKFold({n_splits if several else ''})")
