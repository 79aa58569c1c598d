"""Rule-based integration: one slow mode accumulates a different input under each of two rules.

Definitions of this package. A slow mode weighs the two inputs by ``w_j = |B r l' C_j|``. In each
regime the slow mode with the largest sum of both weights counts; a regime without a slow mode has
weights 0. Averaged over the steps under a rule they give its selectivity, ``(w_relevant -
w_irrelevant) / (w_relevant + w_irrelevant)``. The effect is the mean selectivity of both rules,
times the cosine between the r of their commonest regimes, times the smaller share of steps in
regimes with a slow mode. A linear network selects the same under both rules: its effect is 0.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from neuroalrnn.data.sequences import Sequences
from neuroalrnn.exceptions import DataError, NotTestableError
from neuroalrnn.mechanism.ablation.activations import impose_regimes
from neuroalrnn.mechanism.inputs import slow_limit
from neuroalrnn.mechanism.primitives._conclude import by_subject, conclude
from neuroalrnn.mechanism.primitives._look import look_at
from neuroalrnn.mechanism.primitives._nulls import null_p, sign_p
from neuroalrnn.mechanism.primitives._segments import choose_samples, read_segments
from neuroalrnn.mechanism.primitives.detection import Detection
from neuroalrnn.network.codes import flipped_units
from neuroalrnn.network.eigen import decompose
from neuroalrnn.network.interventions import Intervention
from neuroalrnn.network.maps import compute_jacobian
from neuroalrnn.network.run import Network
from neuroalrnn.regimes import ABSENT

TINY = np.finfo(float).tiny


def detect_integration(
    network: Network,
    sequences: Sequences,
    cue: ArrayLike,
    *,
    relevant: Mapping[Any, str],
    block: ArrayLike | None = None,
    n_nulls: int = 99,
    n_samples: int = 100,
    rng: np.random.Generator | None = None,
) -> Detection:
    """Look for a slow mode that accumulates the input that a rule makes relevant.

    Parameters
    ----------
    network : Network
        Trained network.
    sequences : Sequences
        Read out where there is a choice.
    cue : array, shape (sequence,) or (sequence, step)
        The rule, two labels; missing at steps without input to be integrated.
    relevant : dict of label to str
        The feature to be integrated under each rule; that of the other rule is irrelevant.
    block : array, shape (sequence,) or (sequence, step), optional
        Blocks in which the cue stays the same. Permutations of labels exchange them as wholes
        within a subject; without them, they exchange the labels of single trials where each
        sequence is one trial, else shift labels around within each sequence.
    n_nulls : int
        Random networks, and permutations of labels.
    n_samples : int
        Stretches per rule in the causal test.
    rng : Generator, optional
        Source of random numbers; default ``default_rng(0)``.

    Returns
    -------
    Detection
        ``details``: one row per regime visited under a rule, ``code, slow, modulus`` (of its slow
        mode), ``first, second`` (weights of the feature of the first and the second rule),
        ``share_first, share_second`` (of the steps under each rule). The causal test imposes the
        commonest regime of the other rule: the selectivity of the read-out, measured by the change
        when the course of one input is replaced by that of another stretch, must fall and follow
        the irrelevant input; ``causal`` is half of the fall, 1 if it turns round completely.

    Raises
    ------
    DataError
        Not two labels, arrays of another shape, or a label that changes inside a block.
    NotTestableError
        Fewer than five trials, blocks or labelled steps of a label, or fewer than two
        labelled steps between read-outs, so that nothing is to be integrated.
    """
    rng = np.random.default_rng(0) if rng is None else rng
    look = look_at(network, sequences, cue, block=block, least_lag=1)
    stretches, n_steps = _find_stretches(look)
    features = _positions(relevant, look.cue.names, sequences.features)
    codes = look.regimes[look.cue.sequence, look.cue.step]
    table = _Regimes(network, codes, features, n_steps)
    counts = table.count()
    effect = table.effects(counts, look.observed)[0]
    nulls = {"labels permuted": table.effects(counts, look.cue.permute(n_nulls, rng))}
    nulls["random AL-RNN"] = _random_effects(look, features, n_steps, n_nulls, rng)
    commonest = table.commonest(counts, look.observed)[0]
    exchanged, causal = table.codes[commonest], (0.0, 1.0)
    if effect > 0 and exchanged[0] != exchanged[1]:
        chosen = choose_samples(stretches["label"].to_numpy(), n_samples, rng)
        causal = _exchange(look, stretches.iloc[chosen], exchanged, features, rng)
    return conclude(
        look,
        "rule-based integration",
        effect,
        {name: (null, null_p(effect, null)) for name, null in nulls.items()},
        causal,
        _finding(table, commonest, relevant, look.cue.names),
        units=flipped_units(*exchanged),
        regimes=tuple(int(code) for code in np.unique(exchanged)),
        by_subject=by_subject(look, lambda steps, labels: table.effects(counts[steps], labels)[0]),
        details=table.describe(counts, look.observed),
    )


def _random_effects(look, features, n_steps, n_nulls, rng):
    """Effects in random networks."""
    effects = []
    for network, regimes in look.random_networks(n_nulls, n_steps, rng):
        codes = regimes[look.cue.sequence, look.cue.step]
        table = _Regimes(network, codes, features, n_steps)
        effects.append(table.effects(table.count(), look.observed)[0])
    return np.array(effects)


class _Regimes:
    """Slow modes of the regimes of labelled steps.

    Attributes: ``codes`` (regime,), ``index`` (step,) into them, ``weight`` (regime, 2), ``slow``
    (regime,), ``right`` (regime, latent) and ``modulus`` (regime,) of the mode.
    """

    def __init__(self, network, codes, features, n_steps):
        self.codes, self.index = np.unique(codes, return_inverse=True)
        found = [_slow_mode(network, code, features, n_steps) for code in self.codes]
        self.weight, self.right, self.modulus = (
            np.array(each) for each in zip(*found, strict=True)
        )
        self.slow = np.isfinite(self.modulus)

    def count(self):
        """Regime of each labelled step, as 0 and 1 (step, regime)."""
        return np.eye(len(self.codes))[self.index]

    def shares(self, counts, labels):
        """Share of steps in each regime by label (labelling, 2, regime)."""
        second = labels @ counts
        both = np.stack([counts.sum(axis=0) - second, second], axis=1)
        return both / np.maximum(both.sum(axis=2, keepdims=True), 1)

    def commonest(self, counts, labels):
        """Commonest regime with a slow mode by label (labelling, 2), as positions."""
        return (self.shares(counts, labels) * np.where(self.slow, 1, 1e-12)).argmax(axis=2)

    def effects(self, counts, labels):
        """Effect of each labelling (labelling,)."""
        shares = self.shares(counts, labels)
        weight = shares @ self.weight
        chosen = weight[:, [0, 1], [0, 1]] - weight[:, [0, 1], [1, 0]]
        selectivity = (chosen / np.maximum(weight.sum(axis=2), TINY)).mean(axis=1)
        modes = self.right[self.commonest(counts, labels)]
        aligned = np.abs((modes[:, 0].conj() * modes[:, 1]).sum(axis=1))
        return np.maximum(selectivity, 0) * aligned * (shares @ self.slow).min(axis=1)

    def describe(self, counts, labels):
        """One row per regime."""
        columns = {"code": self.codes, "slow": self.slow, "modulus": self.modulus}
        columns |= {"first": self.weight[:, 0], "second": self.weight[:, 1]}
        shares = self.shares(counts, labels)[0]
        return pd.DataFrame(columns | {"share_first": shares[0], "share_second": shares[1]})


def _slow_mode(network, code, features, n_steps):
    """Weights of both features, r and modulus of the slow mode of largest weights."""
    values, right, left = decompose(compute_jacobian(network, code))
    seen = np.linalg.norm(network.readout @ right, axis=0)
    weight = np.abs(left @ network.input_weight[:, features]) * seen[:, None]
    usable = (np.abs(values) >= slow_limit(n_steps)) & np.isfinite(weight).all(axis=1)
    if not usable.any():
        return np.zeros(2), np.zeros(len(values), dtype=complex), np.nan
    mode = np.where(usable, np.nan_to_num(weight).sum(axis=1), -1).argmax()
    return weight[mode], right[:, mode], np.abs(values[mode])


def _find_stretches(look):
    """Labelled steps of one label that lead to one read-out, and the length of an epoch."""
    cue, reads = look.cue, look.reads
    table = pd.DataFrame({"sequence": cue.sequence, "label": cue.label, "step": cue.step})
    table["read"] = reads[cue.sequence, cue.step]
    keys = ["sequence", "label", "read"]
    table["stretch"] = (table[keys] != table[keys].shift()).any(axis=1).cumsum()
    stretches = table.groupby("stretch").agg(
        sequence=("sequence", "first"),
        label=("label", "first"),
        read=("read", "first"),
        first=("step", "min"),
        last=("step", "max"),
        n=("step", "size"),
    )
    if stretches["n"].median() < 2:
        raise NotTestableError(
            "rule-based integration: found one labelled step per read-out, so that there is "
            "nothing to be integrated; expected at least two"
        )
    return stretches, float((stretches["read"] - stretches["first"] + 1).median())


def _positions(relevant, names, features):
    missing = [name for name in names if name not in relevant]
    unknown = [each for each in relevant.values() if each not in features]
    if missing or unknown or len(set(relevant.values())) != 2:
        raise DataError(
            f"relevant: expected a feature of its own for each rule {names}, out of "
            f"{', '.join(features)}; found {relevant}"
        )
    return [features.index(relevant[name]) for name in names]


def _exchange(look, samples, codes, features, rng):
    """Half of the fall of selectivity when the rules exchange their regimes, and its p."""
    label, network = samples["label"].to_numpy(), look.network
    place = tuple(samples[name].to_numpy() for name in ("sequence", "first", "read"))
    own = look.cut(*place)
    n_inside = (samples["last"] - samples["first"] + 1).to_numpy()
    inside = np.arange(own.inputs.shape[1]) < n_inside[:, None]
    imposed = np.where(inside, codes[1 - label][:, None], ABSENT)
    interventions = [Intervention("none"), impose_regimes(network, imposed)]
    base, moved = read_segments(network, own, interventions), []
    donor = rng.permutation(len(samples))
    for feature in features:
        other = look.cut(*place)
        swapped, course = inside & inside[donor], own.inputs[donor, :, feature]
        other.inputs[..., feature] = np.where(swapped, course, own.inputs[..., feature])
        change = read_segments(network, other, interventions) - base
        moved.append(np.linalg.norm(change, axis=-1))
    moved = np.array(moved)
    mine, others = (moved[each, :, np.arange(len(label))] for each in (label, 1 - label))
    selectivity = (mine - others) / np.maximum(mine + others, TINY)
    fall = selectivity[:, 0] - selectivity[:, 1]
    return float(fall.mean() / 2), sign_p(fall)


def _finding(table, commonest, relevant, names):
    parts = []
    for position, name in zip(commonest, names, strict=True):
        first, second = table.weight[position]
        parts.append(
            f"under {name} regime {table.codes[position]} gives {relevant[names[0]]} "
            f"{first:.2f} and {relevant[names[1]]} {second:.2f}"
        )
    return ", ".join(parts)
