"""Timing in alternation: every contestant once per round, in an order that rotates."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

# a contestant that is faster than this is called several times in a row
SHORTEST = 0.03
# the threads of a contestant go on spinning for a while after it
PAUSE = 0.01


@dataclass(frozen=True)
class Contestant:
    """One thing that is timed.

    Attributes
    ----------
    name : str
    run : callable
    threads : int
        Threads that torch may use while it runs.
    factor : float
        What its time is multiplied by, where it does only a part of the work.
    notes : dict
        What a reader of the results must know about it.
    """

    name: str
    run: Callable
    threads: int
    factor: float = 1.0
    notes: dict | None = None


def alternate(contestants, n_rounds):
    """Time contestants in alternation.

    Parameters
    ----------
    contestants : list of Contestant
    n_rounds : int

    Returns
    -------
    dict of str -> array, shape (round,)
        Seconds per call, times `Contestant.factor`.
    """
    n_calls = [_n_calls(each) for each in contestants]
    seconds = np.empty((n_rounds, len(contestants)))
    for round_ in range(n_rounds):
        for position in range(len(contestants)):
            place = (position + round_) % len(contestants)
            seconds[round_, place] = _time(contestants[place], n_calls[place])
    return {each.name: seconds[:, place] for place, each in enumerate(contestants)}


def fastest(contestants, n_rounds=3):
    """The one of several variants of a contestant that has the least median time."""
    if len(contestants) == 1:
        return contestants[0]
    seconds = [[] for _ in contestants]
    n_calls = [_n_calls(each) for each in contestants]
    for _ in range(n_rounds):
        for place, each in enumerate(contestants):
            seconds[place].append(_time(each, n_calls[place]))
    return contestants[int(np.argmin(np.median(seconds, axis=1)))]


def _n_calls(contestant):
    """Calls that make up one timing; also warms the contestant up."""
    _time(contestant, 1)
    return max(1, math.ceil(SHORTEST / _time(contestant, 1) * contestant.factor))


def _time(contestant, n_calls):
    before = torch.get_num_threads()
    torch.set_num_threads(contestant.threads)
    time.sleep(PAUSE)
    try:
        return contestant.factor * _seconds(contestant.run, n_calls)
    finally:
        torch.set_num_threads(before)


def _seconds(run, n_calls):
    start = time.perf_counter()
    for _ in range(n_calls):
        run()
    return (time.perf_counter() - start) / n_calls
