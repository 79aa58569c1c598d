"""What networks of a task compute: effects of its inputs, regimes of these, and primitives."""

from dataclasses import dataclass, replace

import numpy as np

from neuroalrnn.dissect._apart import run
from neuroalrnn.dissect._sets import TEST
from neuroalrnn.dissect._tables import is_low
from neuroalrnn.dissect._words import largest
from neuroalrnn.effects import group_effects
from neuroalrnn.exceptions import NotTestableError
from neuroalrnn.mechanism.primitives import detect_gating, detect_integration
from neuroalrnn.regimes.labels import match_regimes

# steps, or trials, whose effects are looked at
MOST = 1000
# random networks, and permutations of labels, of each detection: the fewest that give p = .05
N_NULLS = 19


@dataclass(frozen=True)
class Inputs:
    """What is asked of the inputs of a task.

    Attributes
    ----------
    contrasts : dict of str to dict of str to int
        By name of the input, features that are set high (1) or low (-1) together.
    epoch : str
        Steps at which they carry something.
    alone : bool
        Whether each step counts for itself; else the whole epoch is changed at once.
    cue : str, optional
        Feature that says which inputs count, or when.
    integrated : bool
        Whether the first input is to be integrated where the cue is high, and else the second.
    """

    contrasts: dict
    epoch: str
    alone: bool
    cue: str | None = None
    integrated: bool = False


_VALUE = {"value": {"value": 1}}
_STREAMS = Inputs(
    {"colour": {"colour": 1}, "motion": {"motion": 1}}, "stimulus", False, "context 1", True
)
_SOUNDS = {"side": {"LEFT": 1, "RIGHT": -1}, "pitch": {"LOW": 1, "HIGH": -1}}
ASKED = {
    "addition": Inputs(_VALUE, "stimulus", True, "marker"),
    "multiplication": Inputs(_VALUE, "stimulus", True, "marker"),
    "decision": Inputs(_VALUE, "stimulus", True, "marker"),
    "flagged parity": Inputs({"bit": {"bit": 1}}, "bit", True),
    "context-dependent integration": _STREAMS,
    "context-dependent integration, Mante": _STREAMS,
    "rodent selection a": Inputs(_SOUNDS, "stimulus", False, "rule localisation"),
    "rodent selection a2": Inputs(_SOUNDS, "stimulus", False, "rule localisation"),
}


def compare_computations(asked, part, networks):
    """Whether networks compute the same, and what.

    The effect of an input is half of what it changes in the next answer if it is set to one
    standard deviation above its mean, and below. Trials, or steps, in which all inputs have the
    same effects are one functional regime, if all networks group them in the same way.

    Parameters
    ----------
    asked : Inputs
    part : Part
        Trials.
    networks : list of Network
        Two or more, of one P.

    Returns
    -------
    judged : dict
        ``verdict``, ``n_functional``, and ``adjusted_rand, adjusted_rand_low`` over pairs.
    effects : list of dict
        By ``regime``, ``input`` and ``output``: ``regime_share``, ``task_effect`` (mean over
        networks) and ``task_effect_low, task_effect_high`` (lowest and highest network).
    """
    effects = _effects(asked, part, networks)
    flat = effects.reshape(*effects.shape[:2], -1)
    verdict, n_regimes, found, agreement = group_effects(flat)
    held = agreement[agreement["n_regimes"] == n_regimes]
    judged = {"verdict": verdict, "n_functional": n_regimes}
    for name in ("adjusted_rand", "adjusted_rand_low"):
        judged[name] = float(held[name].iloc[0]) if len(held) else np.nan
    labels = np.stack([match_regimes(found[0], each) for each in found])
    order = np.argsort(-np.bincount(labels[0], minlength=n_regimes), kind="stable")
    rows = []
    for regime, label in enumerate(order):
        inside = labels == label
        means = np.stack(
            [own[here].mean(axis=0) for own, here in zip(effects, inside, strict=True)]
        )
        rows += [
            {
                "regime": regime, "regime_share": float(inside[0].mean()), "input": name,
                "output": output, "task_effect": float(values.mean()),
                "task_effect_low": float(values.min()), "task_effect_high": float(values.max()),
            }
            for k, name in enumerate(asked.contrasts)
            for output, values in enumerate(means[:, k].T)
        ]  # fmt: skip
    return judged, rows


def _effects(asked, part, networks):
    """Effects of all inputs, shape (network, row, input, output)."""
    sequences = part.sequences
    inside, reads = _in_epoch(asked, part), _next_read(sequences.scored)
    rows, last = np.nonzero(inside & (reads >= 0))
    if asked.alone:
        few = np.unique(np.linspace(0, len(rows) - 1, MOST).round().astype(int))
        rows, last = rows[few], last[few]
        changed = np.arange(inside.shape[1]) == last[:, None]
    else:
        rows = np.unique(rows)
        last = inside.shape[1] - 1 - sequences.scored[rows, ::-1].argmax(axis=1)
        changed = inside[rows]
    base, read = sequences.take(rows), (np.arange(len(rows)), reads[rows, last])
    levels = _levels(asked, sequences, inside)
    found = np.empty((len(networks), len(rows), len(asked.contrasts), len(networks[0].offset)))
    for k, weights in enumerate(asked.contrasts.values()):
        sides = []
        for sign in (1, -1):
            inputs = base.inputs.copy()
            for name, weight in weights.items():
                mean, spread = levels[name]
                own = inputs[..., sequences.features.index(name)]
                own[changed[:, : own.shape[1]]] = mean + sign * weight * spread
            sides.append(replace(base, inputs=inputs))
        for n, network in enumerate(networks):
            high, low = (run(network, each)[read] for each in sides)
            found[n, :, k] = (high - low) / 2
    return found


def _levels(asked, sequences, inside):
    """Mean and standard deviation of the features, over steps, or over means of trials."""
    found = {}
    for name in (each for weights in asked.contrasts.values() for each in weights):
        values = sequences.inputs[..., sequences.features.index(name)]
        if asked.alone:
            values = values[inside]
        else:
            values = np.where(inside, values, 0).sum(axis=1) / np.maximum(inside.sum(axis=1), 1)
        found[name] = values.mean(), values.std()
    return found


def _in_epoch(asked, part):
    """Steps of the epoch (sequence, step)."""
    sequences, epoch = part.sequences, part.trials["epoch"]
    codes = epoch.values[sequences.trial[:, 0], : sequences.trial.shape[1]]
    return (codes == epoch.attrs["names"].index(asked.epoch)) & (sequences.trial >= 0)


def _next_read(scored):
    """The next scored step, at or after each; -1 where none follows."""
    steps = np.where(scored, np.arange(scored.shape[1]), scored.shape[1])
    found = np.minimum.accumulate(steps[:, ::-1], axis=1)[:, ::-1]
    return np.where(found < scored.shape[1], found, -1)


def look_for_primitives(asked, part, network):
    """Gating of every input by the cue, and integration of one input or the other.

    Parameters
    ----------
    asked : Inputs
        With a cue.
    part : Part
        Trials.
    network : Network

    Returns
    -------
    list of dict
        ``primitive, target, detected_effect, null_p, causal_share, causal_p, detected``; none
        where they cannot be looked for.
    """
    sequences, inside = part.sequences, _in_epoch(asked, part)
    # the detectors ask where choices are read out
    sequences = replace(sequences, target=np.where(sequences.scored, 0.0, np.nan))
    values = sequences.inputs[..., sequences.features.index(asked.cue)]
    middle = (values[inside].min() + values[inside].max()) / 2
    cue = np.where(inside, values > middle, np.nan)
    first = [next(iter(weights)) for weights in asked.contrasts.values()]
    rows = []
    for name in first:
        _look(rows, name, detect_gating, network, sequences, cue, feature=name)
    if asked.integrated:
        relevant = dict(zip((1.0, 0.0), first, strict=True))
        target = " or ".join(first)
        _look(rows, target, detect_integration, network, sequences, cue, relevant=relevant)
    return rows


def _look(rows, target, detect, network, sequences, cue, **options):
    rng = np.random.default_rng(0)
    try:
        found = detect(network, sequences, cue, n_nulls=N_NULLS, rng=rng, **options)
    except NotTestableError:
        return
    rows.append(
        {
            "primitive": found.primitive, "target": target, "detected_effect": float(found.effect),
            "null_p": float(max(found.p.values())), "causal_share": float(found.causal),
            "causal_p": float(found.causal_p), "detected": found.present,
        }
    )  # fmt: skip


def describe_computations(found, source, n_sequences):
    """What networks compute that solve the task, trained on the largest set.

    Parameters
    ----------
    found : Dissection
    source : Source
    n_sequences : int
        Number of test sequences that are looked at.

    Returns
    -------
    dict of str to list of dict
        Rows of the tables ``functional``, ``functional_effects`` and ``primitives``; empty where
        nothing is known about the inputs of the task.
    """
    rows = {"functional": [], "functional_effects": [], "primitives": []}
    asked = ASKED.get(source.name)
    if asked is None:
        return rows
    part, runs = source.draw(TEST, n_sequences), largest(found.tables["runs"])
    for n_pwl, solved in runs[runs["solved"]].groupby("n_pwl"):
        networks = [found.network(n_pwl, restart) for restart in solved["restart"]]
        if len(networks) > 1:
            judged, effects = compare_computations(asked, part, networks)
            own = {"n_pwl": n_pwl, "n_networks": len(networks)}
            rows["functional"].append(own | judged)
            rows["functional_effects"] += [{"n_pwl": n_pwl} | each for each in effects]
        if asked.cue and n_pwl:
            better = solved["validation_score"] * (-1 if is_low(found) else 1)
            restart = int(solved.loc[better.idxmax(), "restart"])
            looked = look_for_primitives(asked, part, found.network(n_pwl, restart))
            own = {"n_pwl": n_pwl, "restart": restart}
            rows["primitives"] += [own | each for each in looked]
    return rows
