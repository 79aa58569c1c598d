"""The rules of the multi-task suites: times, stimuli and the right response of every trial.

Each rule belongs to a family, whose trials have the same course. A trial has up to two stimuli, A
and B, each on one or both of two rings, with an angle and a strength on each ring. All is made from
uniform random numbers: those of a batch (rule, times, ring) and those of a trial.
"""

from dataclasses import dataclass

import numpy as np

DT = 0.02
EPOCHS = ("fixation", "stimulus 1", "delay", "stimulus 2", "wait", "response")
FIXATION, FIRST, DELAY, SECOND, WAIT, RESPONSE = range(6)
N_BATCH, N_TRIAL = len(EPOCHS) + 2, 14
# a rule belongs to a family, and some rules of it attend to one ring
FAMILY = {
    "fdgo": "go",
    "reactgo": "react",
    "delaygo": "delay",
    "fdanti": "go",
    "reactanti": "react",
    "delayanti": "delay",
    "dm1": "dm",
    "dm2": "dm",
    "contextdm1": "dm",
    "contextdm2": "dm",
    "multidm": "dm",
    "delaydm1": "delaydm",
    "delaydm2": "delaydm",
    "contextdelaydm1": "delaydm",
    "contextdelaydm2": "delaydm",
    "multidelaydm": "delaydm",
    "dmsgo": "dms",
    "dmsnogo": "dms",
    "dmcgo": "dmc",
    "dmcnogo": "dmc",
}
ONE_RING = ("dm1", "dm2", "delaydm1", "delaydm2")


@dataclass(frozen=True)
class Timing:
    """How long the epochs of a family last.

    Parameters
    ----------
    lengths : dict of int to tuple
        By epoch: (low, high) of a uniform law in ms, or a list of values that are equally likely.
    """

    lengths: dict[int, tuple[float, float] | list[float]]

    def steps(self, uniform: np.ndarray) -> np.ndarray:
        """Turn uniform numbers into numbers of steps, shape (trial, epoch)."""
        found = np.zeros((len(uniform), len(EPOCHS)), dtype=int)
        for epoch, law in self.lengths.items():
            draw = uniform[:, epoch]
            if isinstance(law, list):
                length = np.array(law)[(draw * len(law)).astype(int)]
            else:
                length = law[0] + (law[1] - law[0]) * draw
            # a length of 300 ms is 15 steps however it was rounded
            found[:, epoch] = np.floor(length / (1000 * DT) + 1e-9)
        return found

    @property
    def longest(self) -> int:
        """Number of steps that no trial exceeds."""
        return int(sum(max(law) / (1000 * DT) for law in self.lengths.values()))


# times at which rules are compared with each other
FIXED = {
    "go": Timing({0: [500], 1: [1000], 5: [500]}),
    "react": Timing({0: [1500], 5: [500]}),
    "delay": Timing({0: [500], 1: [500], 2: [1000], 5: [500]}),
    "dm": Timing({0: [500], 1: [1500], 5: [500]}),
    "delaydm": Timing({0: [500], 1: [500], 2: [1000], 3: [500], 4: [200], 5: [300]}),
    "dms": Timing({0: [500], 1: [500], 2: [1000], 5: [500]}),
    "dmc": Timing({0: [500], 1: [500], 2: [1000], 5: [500]}),
}


@dataclass(frozen=True)
class Plan:
    """What happens in trials.

    Parameters
    ----------
    steps : int array, shape (trial, epoch)
        Number of steps of every epoch.
    onset, end : int array, shape (trial, stimulus)
        First step of each stimulus, and the step after its last one.
    angle : array, shape (trial, stimulus)
        Angle in radians.
    strength : array, shape (trial, stimulus, ring)
        Strength on each ring.
    response : array, shape (trial,)
        Angle of the right response; NaN where fixation is to be kept.
    goes_off : bool array, shape (trial,)
        Whether the fixation input goes off at the response.
    """

    steps: np.ndarray
    onset: np.ndarray
    end: np.ndarray
    angle: np.ndarray
    strength: np.ndarray
    response: np.ndarray
    goes_off: np.ndarray


def plan_trials(rule, timing, coherence, categories, of_batch, of_trial) -> Plan:
    """Plan the trials of one rule.

    Parameters
    ----------
    rule : str
        One of `FAMILY`.
    timing : Timing
        Times of its family.
    coherence : callable
        Turns uniform numbers into differences of strength.
    categories : callable
        Turns uniform numbers into the angles that belong to categories.
    of_batch, of_trial : array, shape (trial, draw)
        Uniform random numbers, those of a batch repeated for its trials.

    Returns
    -------
    Plan
        One row per trial.
    """
    steps, family = timing.steps(of_batch), FAMILY[rule]
    start = np.cumsum(steps, axis=1) - steps
    over = steps.sum(axis=1)
    first, second = of_trial[:, 0] * 2 * np.pi, of_trial[:, 1]
    strength = np.zeros((len(steps), 2, 2))
    rows, rings = np.arange(len(steps)), (of_batch[:, -2:] < 0.5).astype(int)
    onset, end = np.stack([start[:, FIRST]] * 2, axis=1), np.stack([start[:, DELAY]] * 2, axis=1)
    if family in ("go", "react", "delay"):
        strength[rows, 0, rings[:, 0]] = 1
        angle = np.stack([first, first], axis=1)
        if family != "delay":
            onset[:, 0], end[:, 0] = start[:, FIRST if family == "go" else RESPONSE], over
        response = (first + np.pi * rule.endswith("anti")) % (2 * np.pi)
    elif family in ("dm", "delaydm"):
        angle = np.stack([first, first + (0.5 + second) * np.pi], axis=1) % (2 * np.pi)
        strength, is_second = _pair(rule, coherence, of_trial)
        if family == "delaydm":
            onset[:, 1], end[:, 1] = start[:, SECOND], start[:, WAIT]
        response = np.where(is_second, angle[:, 1], angle[:, 0])
    else:
        strength[rows, 0, rings[:, 0]] = strength[rows, 1, rings[:, 1]] = 1
        onset[:, 1], end[:, 1] = start[:, RESPONSE], over
        angle, same = _match(family, categories, of_trial)
        goes = same != rule.endswith("nogo")
        response = np.where(goes, angle[:, 1], np.nan)
    off = np.full(len(steps), family not in ("react", "dms", "dmc"))
    return Plan(steps, onset, end, angle, strength, response, off)


def always_go(rule: str, of_trial: np.ndarray) -> np.ndarray:
    """Change the numbers of trials so that a rule of matching always asks for a response.

    Parameters
    ----------
    rule : str
        One of `FAMILY`; rules that always ask for one leave the numbers as they are.
    of_trial : array, shape (trial, draw)
        Uniform random numbers.

    Returns
    -------
    array, shape (trial, draw)
        The same, up to those that decide on a match.
    """
    changed, is_match = of_trial.copy(), not rule.endswith("nogo")
    if FAMILY[rule] == "dms":
        changed[:, 12] = 0.25 if is_match else 0.75
    if FAMILY[rule] == "dmc":
        upper = (of_trial[:, 0] >= 0.5) == is_match
        changed[:, 1] = of_trial[:, 1] % 0.5 + 0.5 * upper
    return changed


def _pair(rule, coherence, of_trial):
    """Strengths of two stimuli on two rings, and whether the second one is the stronger."""
    mean, sign = 0.8 + 0.4 * of_trial[:, 2:4], np.where(of_trial[:, 4:6] < 0.5, -1, 1)
    difference = sign * coherence(of_trial[:, 6:8])
    strength = np.stack([mean + difference, mean - difference], axis=1)
    if rule.startswith("multi"):
        whole = strength[..., 0]
        apart = whole * (0.2 + 0.6 * of_trial[:, 8:10])
        apart *= np.where(of_trial[:, 10:12] < 0.5, -1, 1)
        return np.stack([whole + apart / 2, whole - apart / 2], axis=-1), sign[:, 0] < 0
    ring = int(rule[-1]) - 1
    if rule in ONE_RING:
        strength[..., 1 - ring] = 0
    return strength, sign[:, ring] < 0


def _match(family, categories, of_trial):
    """Angles of sample and test, and whether they are the same, or of the same category."""
    if family == "dmc":
        angle = categories(of_trial[:, :2])
        return angle, (angle < np.pi).all(axis=1) | (angle >= np.pi).all(axis=1)
    same, first = of_trial[:, 12] < 0.5, of_trial[:, 0] * 2 * np.pi
    apart = np.pi / 9 + of_trial[:, 1] * 16 * np.pi / 9
    second = (first + np.where(same, 0, apart)) % (2 * np.pi)
    return np.stack([first, second], axis=1), same
