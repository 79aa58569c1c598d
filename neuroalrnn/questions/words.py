"""Words that sentences of several questions share; numbers as text.

Sentences are plain text: the page escapes them. What `strong` and `code` return is marked up, stays
so when it is added to text with ``+``, and is escaped where an f-string takes it in.
"""

import numpy as np
from markupsafe import Markup

from neuroalrnn.results.summary import ADAPTIVE

HUGE = 1e5
REPRODUCIBLE, ALIKE = 0.5, 0.8
UNIT_OF_INFERENCE = (
    "The unit of inference is the subject: trials, sessions, folds and restarts are not replicates."
)
NAMES = {
    "AL-RNN": "the AL-RNN",
    "AL-RNN sufficient": "the AL-RNN with the sufficient P",
    "AL-RNN on regression": "the AL-RNN on top of the regression",
    "AL-RNN chosen": "the AL-RNN with or without the regression",
    "class frequency": "the frequency of each choice",
    "logistic": "the logistic regression",
    "history-logistic": "the history-logistic regression",
    "AL-RNN P=0": "the linear control (P = 0)",
}
PLURALS = {"choice": "choices", "rt": "response times"}


def number(value, digits=4):
    """A number with a real minus sign, a huge one with its power of ten; a dash for none."""
    if value is None or not np.isfinite(value):
        return "\N{EN DASH}"
    text = f"{value:.{digits}f}" if abs(value) < HUGE else f"{value:.2g}"
    return text.replace("-", "\N{MINUS SIGN}")


def p_value(value, name="p"):
    """A p or q as text, such as ``"p = 0.012"``."""
    if value is None or not np.isfinite(value):
        return f"{name} not available"
    return (
        f"{name} < 0.0001" if value < 0.0001 else f"{name} = {value:.{3 if value >= 0.01 else 4}f}"
    )


def small(value):
    """A p or q in a table."""
    return "< 0.0001" if np.isfinite(value) and value < 0.0001 else number(value)


def two_digits(value):
    """A number with two digits, for a column of a table."""
    return number(value, 2)


def interval(row, digits=4):
    """The 95 % interval of an effect, as text."""
    return f"95 % interval {number(row['ci_low'], digits)} to {number(row['ci_high'], digits)}"


def spans(lows, highs, digits=4):
    """Intervals of the rows of a table, as text; one number where there is no interval."""
    return [
        f"{number(low, digits)} to {number(high, digits)}" if np.isfinite(low) else number(low)
        for low, high in zip(lows, highs, strict=True)
    ]


def span(values, digits):
    """The lowest and the highest of several values, as text; one number where they are alike."""
    low, high = (f"{each:.{digits}f}" for each in (values.min(), values.max()))
    return low if low == high else f"{low} to {high}"


def count(n, noun):
    """A number with its noun, such as ``"1 fold"`` and ``"2 folds"``."""
    return f"{n:,} {noun}" + ("" if n == 1 else "s")


def listed(names, most=None):
    """Names joined by commas; with `most`, the rest is counted."""
    names = [str(name) for name in names]
    if most is None or len(names) <= most:
        return ", ".join(names)
    return ", ".join(names[:most]) + f" and {len(names) - most} more"


def losing(loss):
    """What a P that is sufficient may lose, such as ``"loses at most 5 % of what is explained"``.

    Parameters
    ----------
    loss : float or None
        See `neuroalrnn.results.Fit.loss`.

    Returns
    -------
    str
    """
    if loss is None:
        return "lies within one standard error of the paired difference to the best"
    return f"loses at most {100 * loss:g} % of what is explained"


def capital(text):
    """The text with its first letter in upper case."""
    return text[:1].upper() + text[1:]


def name_of(model):
    """A model within a sentence."""
    if model.endswith(ADAPTIVE):
        return f"the adaptive {name_of(model.removesuffix(ADAPTIVE)).removeprefix('the ')}"
    return NAMES.get(model, model.replace("AL-RNN P=", "the AL-RNN with P = "))


def strong(text):
    """A text that stands out: a verdict.

    Parameters
    ----------
    text : str

    Returns
    -------
    markupsafe.Markup
    """
    return Markup("<strong>{}</strong>").format(text)


def code(text):
    """A text as it is typed.

    Parameters
    ----------
    text : str

    Returns
    -------
    markupsafe.Markup
    """
    return Markup("<code>{}</code>").format(text)


def joined(texts):
    """Sentences after each other, marked up or not; empty ones are left out.

    Parameters
    ----------
    texts : iterable of str

    Returns
    -------
    markupsafe.Markup
    """
    return Markup(" ").join(text for text in texts if text)


def plain(text):
    """A sentence without its marks, for a terminal.

    Parameters
    ----------
    text : str

    Returns
    -------
    str
    """
    return text.striptags() if isinstance(text, Markup) else text


def is_reproducible(stability):
    """Whether restarts and folds agree enough about regimes to speak of a single one."""
    return bool((stability["adjusted_rand"] >= REPRODUCIBLE).all())
