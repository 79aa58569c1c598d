"""Looks at free runs while models train: the weights that run best are kept, not the last ones."""

from dataclasses import replace

import numpy as np

from neuroalrnn.exceptions import ConfigError

N_RUNS = 4  # per look
SETTLING = 6  # one in so many steps of a run, at its start, does not count


class Looks:
    """The weights of every restart whose free runs were the best so far.

    Parameters
    ----------
    criterion : callable
        ``criterion(run)`` of a run (step, dimension), in the units of the series; lower is better.
        Runs that leave (are not finite) or stand still in a dimension count as infinitely bad.
    series : list of array, shape (step, dimension)
        Runs start at observations spread evenly over all of them.
    n_steps : int
        Of a run.
    """

    def __init__(self, criterion, series, n_steps):
        self.criterion, self.n_steps = criterion, n_steps
        observed = np.concatenate(series)
        self.starts = observed[np.linspace(0, len(observed) - 1, N_RUNS + 2).astype(int)[1:-1]]
        self.kept = None

    def look(self, now):
        """Keep the weights of restarts that run better than whatever was kept of them.

        Parameters
        ----------
        now : Reconstruction
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

    def best(self, last):
        """What was kept, of a training that ended like this.

        Parameters
        ----------
        last : Reconstruction

        Returns
        -------
        Reconstruction
        """
        kept = {name: getattr(self.kept, name) for name in ("weights", "kept_at", "criterion")}
        return replace(last, **kept)
