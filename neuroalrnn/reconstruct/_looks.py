"""Looks at free runs during training, to keep the weights of the time when a model ran best."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from neuroalrnn.exceptions import ConfigError
from neuroalrnn.reconstruct.result import Reconstruction

N_RUNS = 4  # per look
SETTLING = 6  # the first sixth of the steps of a run does not count


class Looks:
    """Keeps the weights of every restart from when its free runs were best so far.

    Parameters
    ----------
    criterion : callable
        ``criterion(run)`` scores a run (step, dimension) in the units of the series; lower is
        better. Runs that leave (are not finite) or stand still in a dimension are infinitely bad.
    series : list of array, shape (step, dimension)
        The training series. Runs start at observations spread evenly over all of them.
    n_steps : int
        Number of steps of a run.
    """

    def __init__(self, criterion: Callable, series: Sequence[np.ndarray], n_steps: int):
        self.criterion, self.n_steps = criterion, n_steps
        observed = np.concatenate(series)
        self.starts = observed[np.linspace(0, len(observed) - 1, N_RUNS + 2).astype(int)[1:-1]]
        self.kept: Reconstruction | None = None

    def look(self, now: Reconstruction) -> None:
        """Run all models freely, and keep the weights of those that run better than before.

        Parameters
        ----------
        now : Reconstruction
            The models as they are now.
        """
        runs = now.free_run(self.starts, self.n_steps)[:, :, self.n_steps // SETTLING :]
        values = np.array([np.mean([self._value(run) for run in each]) for each in runs])
        now = replace(now, criterion=values)
        if self.kept is None:
            self.kept = now
            return
        better = (values < self.kept.criterion) | np.isinf(self.kept.criterion)
        for name in ("criterion", "kept_at"):
            getattr(self.kept, name)[better] = getattr(now, name)[better]
        for kept, part in zip(self.kept.weights, now.weights, strict=True):
            kept[better] = part[better]

    def _value(self, run):
        if not np.isfinite(run).all() or (np.ptp(run, axis=0) == 0).any():
            return np.inf
        value = self.criterion(run)
        if not isinstance(value, int | float | np.integer | np.floating):
            raise ConfigError(f"criterion: it returned {value!r}, expected a number")
        return np.inf if np.isnan(value) else value

    def best(self, last: Reconstruction) -> Reconstruction:
        """Put the weights that were kept into the result of a training.

        Parameters
        ----------
        last : Reconstruction
            The models at the end of training.

        Returns
        -------
        Reconstruction
            The same with the weights that were kept, and when and why they were.
        """
        kept = {name: getattr(self.kept, name) for name in ("weights", "kept_at", "criterion")}
        return replace(last, **kept)
