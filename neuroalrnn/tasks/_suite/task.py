"""A task of the suite: how its trials are drawn, how they are scored, and what is known of it."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from inspect import signature

import numpy as np
import xarray as xr

from neuroalrnn.arguments import not_seed, not_whole, refuse, unknown
from neuroalrnn.data.schema import SCHEMA_VERSION
from neuroalrnn.network.run import Network
from neuroalrnn.tasks._sessions import one_session_each
from neuroalrnn.tasks._suite.measures import MEASURES
from neuroalrnn.tasks._suite.parameters import CHECKS
from neuroalrnn.tasks.simulate import ENCODING

Scores = dict[str, float]


@dataclass(frozen=True)
class Drawn:
    """Trials as arrays; steps after the last one of a trial are padding.

    Parameters
    ----------
    inputs, target : array, shape (trial, step, feature) and (trial, step, output)
        What comes in, and what is to be given out. Targets of classes are their probabilities.
    scored : bool array, shape (trial, step)
        Steps at which the target counts.
    epoch : int array, shape (trial, step)
        Place of each step in `epochs`.
    n_steps : int array, shape (trial,)
        Number of steps.
    features, outputs, epochs : tuple of str
        Their names, epochs in the order in which they come first.
    choice : array, shape (trial,), optional
        Code of the right choice at the last step, where one choice is all that is asked for.
    labels : tuple of str
        Names of the options, in code order.
    parameters : dict of str to array, shape (trial,)
        What a trial was made from.
    weight : array, shape (trial, step, output), optional
        What squared errors are multiplied by.
    dt : float
        Length of a step in seconds.
    sessions : array of str, shape (trial,), optional
        Session of every trial, where a session is one sequence; one for all without it.
    """

    inputs: np.ndarray
    target: np.ndarray
    scored: np.ndarray
    epoch: np.ndarray
    n_steps: np.ndarray
    features: tuple[str, ...]
    outputs: tuple[str, ...]
    epochs: tuple[str, ...]
    choice: np.ndarray | None = None
    labels: tuple[str, ...] = ()
    parameters: dict[str, np.ndarray] = field(default_factory=dict)
    weight: np.ndarray | None = None
    dt: float = 1.0


def _nothing_known() -> Scores:
    return {}


@dataclass(frozen=True)
class Task:
    """A task of the suite.

    Parameters
    ----------
    name : str
        Its name.
    draw : callable
        ``draw(n_trials, rng, **parameters)`` returns `Drawn`. Trial i does not depend on how many
        trials follow.
    loss : {"squared", "bernoulli", "categorical"}
        What a network is trained by. Outputs are log-odds for the latter two.
    measures : tuple of str
        Names in `MEASURES` of the scores, the main one first.
    source : str
        Where the task comes from.
    floor_of, ceiling_of : callable
        ``floor_of(**parameters)`` returns scores by measure.
    exact_of : callable, optional
        ``exact_of(**parameters)`` returns a network in closed form, or None where none is known.
    carry : {"trial", "session"}
        Whether a sequence is a trial or a session.
    solved : float, optional
        Value of the main score from which on a run counts as solved.
    affine : bool
        Whether the floor is that of all affine functions, which holds for P = 0.
    at_once : bool
        Whether trials of all subjects are drawn at once, as from a file, each of whose items is
        drawn once. Floors are those of the published files.
    """

    name: str
    draw: Callable[..., Drawn]
    loss: str
    measures: tuple[str, ...]
    source: str
    floor_of: Callable[..., Scores] = _nothing_known
    ceiling_of: Callable[..., Scores] = _nothing_known
    exact_of: Callable[..., Network | None] | None = None
    carry: str = "trial"
    solved: float | None = None
    affine: bool = True
    at_once: bool = False

    @property
    def parameters(self) -> dict:
        """Parameters of the trials, with their defaults."""
        given = list(signature(self.draw).parameters.values())[2:]
        return {each.name: each.default for each in given}

    def simulate(
        self, n_trials: int, *, rng: np.random.Generator | int, n_subjects: int = 1, **parameters
    ) -> xr.Dataset:
        """Draw trials.

        Parameters
        ----------
        n_trials : int
            Number of trials of each subject.
        rng : numpy.random.Generator or int
            Source of everything random. A generator gives other trials at every call.
        n_subjects : int
            Number of subjects: independent sets of trials, such as for training and test.
        **parameters
            Of the task, see `parameters`.

        Returns
        -------
        xarray.Dataset
            Trials with ``inputs``, ``target``, ``scored`` and ``epoch``, and in ``attrs`` what is
            known of them.
        """
        found = not_whole("n_trials", n_trials, least=1)
        found += not_whole("n_subjects", n_subjects, least=1)
        if not isinstance(rng, np.random.Generator):
            found += not_seed("rng", rng)
        refuse(self.name, found)
        complete = self._complete(parameters)
        n_sets, size = (1, n_trials * n_subjects) if self.at_once else (n_subjects, n_trials)
        streams = np.random.default_rng(rng).spawn(n_sets)
        parts = [self.draw(size, each, **complete) for each in streams]
        labels = one_session_each(n_subjects, n_trials)
        sets = [self._dataset(part) for part in parts]
        trials = sets[0] if len(sets) == 1 else xr.concat(sets, "trial", data_vars="all")
        return trials.assign_coords(labels).assign_attrs(self._attrs(complete))

    def floor(self, **parameters) -> Scores:
        """Find the best scores without the computation: an affine function of all inputs so far.

        Parameters
        ----------
        **parameters
            Of the task, see `parameters`.

        Returns
        -------
        dict of str to float
            By measure. Where an affine function may be all that is needed, the floor is that of a
            predictor without memory, or without the rule. ``attrs["floor_p0"]`` of the trials is
            then the ceiling, if a network without PWL units is known, and missing otherwise.
        """
        return dict(self._ask(self.floor_of, parameters))

    def ceiling(self, **parameters) -> Scores:
        """Find the best possible scores.

        Parameters
        ----------
        **parameters
            Of the task, see `parameters`.

        Returns
        -------
        dict of str to float
            By measure.
        """
        return dict(self._ask(self.ceiling_of, parameters))

    def exact(self, **parameters) -> Network | None:
        """Write down a network that solves the task.

        Parameters
        ----------
        **parameters
            Of the task, see `parameters`.

        Returns
        -------
        Network or None
            A network in closed form with as few PWL units as are known to suffice; None where none
            is known.
        """
        return self._ask(self.exact_of, parameters) if self.exact_of else None

    def score(self, trials: xr.Dataset, outputs: np.ndarray) -> Scores:
        """Score what was given out.

        Parameters
        ----------
        trials : xarray.Dataset
            Trials of this task.
        outputs : array, shape (trial, time, output)
            Values, or log-odds of classes.

        Returns
        -------
        dict of str to float
            By measure.
        """
        return {name: MEASURES[name](trials, np.asarray(outputs)) for name in self.measures}

    def _complete(self, parameters):
        known = self.parameters
        found = [unknown(name, known) for name in parameters if name not in known]
        for name in parameters.keys() & known.keys() & CHECKS.keys():
            found += CHECKS[name](name, parameters[name])
        refuse(self.name, found)
        return known | parameters

    def _ask(self, function, parameters):
        """Call with those parameters of the task that a function takes."""
        complete, taken = self._complete(parameters), signature(function).parameters
        return function(**{name: value for name, value in complete.items() if name in taken})

    def _dataset(self, drawn):
        options = {} if drawn.choice is None else {"choice": _choice(drawn)}
        if drawn.weight is not None:
            options["weight"] = (("trial", "time", "output"), drawn.weight)
        steps = ("trial", "time")
        real = np.arange(drawn.inputs.shape[1]) < drawn.n_steps[:, None]
        epoch = np.where(real, drawn.epoch, -1).astype(np.int8)
        return xr.Dataset(
            {
                "inputs": ((*steps, "feature"), drawn.inputs * real[..., None]),
                "target": ((*steps, "output"), drawn.target * real[..., None]),
                "scored": (steps, drawn.scored & real),
                "epoch": (steps, epoch, {"names": list(drawn.epochs)}),
                "n_steps": ("trial", drawn.n_steps),
                **options,
                **{name: ("trial", values) for name, values in drawn.parameters.items()},
            },
            coords={
                "time": np.arange(drawn.inputs.shape[1]) * drawn.dt,
                "feature": list(drawn.features),
                "output": list(drawn.outputs),
            },
            attrs={"dt": drawn.dt},
        )

    def _attrs(self, complete):
        network, main = self.exact(**complete), self.measures[0]
        # where a file lies on one machine says nothing on another one
        hidden = ("path", "environment")
        shown = {name: value for name, value in complete.items() if name not in hidden}
        floor, ceiling = (ask(**complete).get(main) for ask in (self.floor, self.ceiling))
        n_pwl = None if network is None else network.n_pwl
        known = {
            "floor": floor,
            "floor_p0": ceiling if n_pwl == 0 else floor if self.affine else None,
            "ceiling": ceiling,
            "exact_n_pwl": n_pwl,
        }
        return {
            "task": self.name,
            "source": self.source,
            "schema_version": SCHEMA_VERSION,
            "loss": self.loss,
            "metric": main,
            "encoding": json.dumps(ENCODING | {"carry": self.carry}),
            "parameters": json.dumps(shown, default=list),
            **{name: value for name, value in known.items() if value is not None},
        }


def _choice(drawn):
    return "trial", drawn.choice.astype(float), {"labels": list(drawn.labels)}
