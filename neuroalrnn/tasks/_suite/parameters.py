"""What the parameters of tasks may be. A name means the same in all tasks."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from neuroalrnn.arguments import (
    Check,
    not_flag,
    not_names,
    not_number,
    not_one_of,
    not_path,
    not_seed,
    not_whole,
    optional,
    shown,
)

LAWS = ("default", "uniform", "signed")
PARTS = ("train", "test")
SPLITS = ("simple", "length", "addprim_jump", "addprim_turn_left", "template_around_right")
N_FOLDS = 10

_share = partial(not_number, least=0.0, most=1.0)
_count = partial(not_whole, least=1)


def _not_coherences(name: str, value: Any) -> list[str]:
    """Describe what is no list of numbers above 0."""
    if isinstance(value, Sequence) and not isinstance(value, str) and len(value):
        return [text for each in value for text in not_number(name, each, least=1e-9, most=1e9)]
    return [f"{name} = {shown(value)}: expected a list of numbers above 0, of both signs each"]


def _not_blanks(name: str, value: Any) -> list[str]:
    """Describe what is neither a number of blanks nor the smallest and the largest one."""
    if isinstance(value, Sequence) and len(value) == 2:
        found = [text for each in value for text in _count(name, each)]
        return found or (
            [] if value[0] <= value[1] else [f"{name} = {shown(value)}: expected them in order"]
        )
    return _count(name, value)


CHECKS: dict[str, Check] = {
    "batch": _count,
    "coherences": optional(_not_coherences),
    "dt": partial(not_number, least=0.001, most=0.25),
    "easy": not_flag,
    "errors": _share,
    "fixed": not_flag,
    "fold": partial(not_whole, most=N_FOLDS - 1),
    "held_out": optional(not_names),
    "interference": _share,
    "lag": not_whole,
    "law": partial(not_one_of, known=LAWS),
    "n_bits": _count,
    "n_blanks": _not_blanks,
    "n_items": _count,
    "n_steps": partial(not_whole, least=2),
    "n_words": optional(_count),
    "noise": partial(not_number, least=0.0, most=1e9),
    "part": partial(not_one_of, known=PARTS),
    "path": optional(not_path),
    "permutation": optional(not_seed),
    "pulse": _share,
    "rules": optional(not_names),
    "split": partial(not_one_of, known=SPLITS),
}
