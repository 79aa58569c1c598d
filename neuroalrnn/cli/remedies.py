"""Remedies in the words of the command line, as those of errors are arguments in Python."""

import ast
import re
import shlex

_ARGUMENT = re.compile(r"\b(missing|labels|units)=(\{[^{}]*\}|\[[^\[\]]*\])")
_VALIDATION = "in [validation] of a run file"


def as_typed(text: str) -> str:
    """Turn arguments that a text advises into options: ``--missing choice=n/a``.

    Parameters
    ----------
    text : str
        Of an error or a warning.

    Returns
    -------
    str
        What no option can say is left as it is.
    """
    text = _ARGUMENT.sub(_option, text)
    text = re.sub(r"\bgive n_splits = \d+ or fewer", rf"\g<0> {_VALIDATION}", text)
    return text.replace("(SessionKFold)", f'(splitter = "SessionKFold" {_VALIDATION})')


def _option(found: re.Match) -> str:
    try:
        value = ast.literal_eval(found[2])
    except (ValueError, SyntaxError):
        return found[0]
    pairs = value.items() if isinstance(value, dict) else [("", value)]
    listed = [(key, many if isinstance(many, list) else [many]) for key, many in pairs]
    each = [(key, one) for key, many in listed for one in many]
    if any(sign in str(part) for pair in each for part in pair for sign in ",="):
        return found[0]
    parts = ["..." if one is ... else f"{key}={one}" if key else str(one) for key, one in each]
    return f"--{found[1]} {shlex.quote(','.join(parts))}"
