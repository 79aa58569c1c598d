"""Gating: a PWL unit opens or closes an input's path to the read-out, depending on a cue.

Definitions of this package. At each labelled step t the gain of the input on the next read-out is
``|B J ... J_{b_t} C_j|`` along the real path; the part that unit i carries is this minus the same
with the slope of unit i set to 0 throughout. With means over the steps of both labels, the effect
of a unit is the smaller one of the differences of gain and of its part between labels, where they
have the same sign, over the sum of both gains: 1 if the path is closed under one label and the unit
alone closes it, 0 if the cue changes no gain.
"""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from neuroalrnn.data.sequences import Sequences
from neuroalrnn.mechanism.ablation.activations import identity, zero
from neuroalrnn.mechanism.primitives._conclude import by_subject, conclude
from neuroalrnn.mechanism.primitives._look import look_at
from neuroalrnn.mechanism.primitives._nulls import null_p, sign_p
from neuroalrnn.mechanism.primitives._segments import choose_samples, read_segments
from neuroalrnn.mechanism.primitives.detection import Detection
from neuroalrnn.network.interventions import Intervention
from neuroalrnn.network.maps import compute_slopes
from neuroalrnn.network.run import Network
from neuroalrnn.stats.information import mutual_information


def detect_gating(
    network: Network,
    sequences: Sequences,
    cue: ArrayLike,
    *,
    feature: str,
    block: ArrayLike | None = None,
    n_nulls: int = 99,
    n_samples: int = 100,
    rng: np.random.Generator | None = None,
) -> Detection:
    """Look for a unit that opens or closes the path of an input, depending on a cue.

    Parameters
    ----------
    network : Network
        Trained network.
    sequences : Sequences
        Read out where there is a choice.
    cue : array, shape (sequence,) or (sequence, step)
        Two labels; missing at steps where the input does not matter.
    feature : str
        The input whose path is looked at, one of ``sequences.features``.
    block : array, shape (sequence,) or (sequence, step), optional
        Blocks in which the cue stays the same. Permutations of labels exchange them as wholes
        within a subject; without them, they exchange the labels of single trials where each
        sequence is one trial, else shift labels around within each sequence.
    n_nulls : int
        Random networks, and permutations of labels.
    n_samples : int
        Labelled steps per label in the causal test.
    rng : Generator, optional
        Source of random numbers; default ``default_rng(0)``.

    Returns
    -------
    Detection
        ``details``: one row per PWL unit, ``unit, effect, on_first, on_second`` (share of
        steps at which it is on, by label), ``information`` (between its state and the
        cue, nats, bias-corrected). The causal test exchanges the input between steps: clamped as it
        is under the closed label, the unit must lower its influence on the read-out where it was
        open, and the other way round; ``causal`` is the mean share of the influence lost and
        regained, ``causal_p`` the larger one of the two sign tests.

    Raises
    ------
    DataError
        Not two labels, arrays of another shape, or a label that changes inside a block.
    NotTestableError
        Fewer than five trials, blocks or labelled steps of a label.
    """
    rng = np.random.default_rng(0) if rng is None else rng
    look = look_at(network, sequences, cue, block=block)
    position = sequences.features.index(feature)
    values = _step_values(look, network, look.regimes, position)
    effects, direction = _effects(values, look.observed)
    opening = int(direction[0] > 0)
    effect, nulls = _largest(effects)[0], _nulls(look, values, position, n_nulls, rng)
    nulls = {name: (null, null_p(effect, null)) for name, null in nulls.items()}
    details = _describe_units(effects[0], look)
    units: tuple[int, ...] = ()
    causal = (0.0, 1.0)
    finding = f"no PWL unit carries an effect of the cue on the path of {feature}"
    if effect > 0:
        units = (int(effects[0].argmax()),)
        causal = _clamp(look, details.loc[units[0]], opening, position, n_samples, rng)
        name = look.cue.names[opening]
        finding = f"PWL unit {units[0]} opens the path of {feature} when the cue is {name}"
    codes = np.unique(look.regimes[look.cue.sequence, look.cue.step])
    return conclude(
        look,
        "gating",
        effect,
        nulls,
        (causal[0], min(1.0, causal[1] * max(network.n_pwl, 1))),
        finding,
        units=units,
        regimes=tuple(int(code) for code in codes),
        by_subject=by_subject(
            look, lambda steps, labels: _effects(values[steps], labels)[0][0, list(units)].sum()
        ),
        details=details,
    )


def _nulls(look, values, position, n_nulls, rng):
    """Largest effects over units with permuted labels, and in random networks."""
    permuted = _effects(values, look.cue.permute(n_nulls, rng))[0]
    random = [
        _effects(_step_values(look, *one, position), look.observed)[0]
        for one in look.random_networks(n_nulls, max(np.median(look.lag), 1) + 1, rng)
    ]
    return {
        "labels permuted": _largest(permuted),
        "random AL-RNN": _largest(np.concatenate(random)),
    }


def _step_values(look, network, regimes, position):
    """Gain, parts of units, and 1, at labelled steps (step, 1 + unit + 1)."""
    sizes = _gain_sizes(network, regimes, look.reads, position)
    sizes = sizes[:, look.cue.sequence, look.cue.step]
    return np.concatenate([sizes[:1], sizes[:1] - sizes[1:], np.ones_like(sizes[:1])]).T


def _gain_sizes(network, regimes, reads, position):
    """Gain on the next read-out, whole and with each PWL unit cut: (1 + unit, sequence, step)."""
    codes, index = np.unique(regimes, return_inverse=True)
    table = np.array([compute_slopes(network, max(code, 0)) for code in codes])
    slopes, n_linear = table[index.reshape(regimes.shape)], len(network.bias) - network.n_pwl
    kept = np.ones((1 + network.n_pwl, 1, 1, len(network.bias)))
    units = np.arange(network.n_pwl)
    kept[1 + units, :, :, n_linear + units] = 0
    n_sequences, n_steps = regimes.shape
    rows = np.zeros((len(kept), n_sequences, *network.readout.shape))
    paths = np.empty((len(kept), n_sequences, n_steps, len(network.readout)))
    for t in reversed(range(n_steps)):
        through = (rows @ network.weight) * (slopes[:, t, None] * kept)
        rows = rows * network.self_slope + through
        rows = np.where((reads[:, t] == t)[:, None, None], network.readout, rows)
        paths[..., t, :] = rows @ network.input_weight[:, position]
    return np.linalg.norm(paths, axis=-1)


def _effects(values, labels):
    """Effect of every unit under each labelling (labelling, unit), and the sign of the contrast."""
    second = labels @ values
    first = values.sum(axis=0) - second
    first, second = (each[:, :-1] / np.maximum(each[:, -1:], 1) for each in (first, second))
    change = second - first
    sign = np.sign(change[:, :1])
    shared = np.minimum(sign * change[:, :1], sign * change[:, 1:])
    whole = first[:, :1] + second[:, :1]
    return np.maximum(shared, 0) / np.maximum(whole, np.finfo(float).tiny), sign[:, 0]


def _largest(effects):
    return effects.max(axis=1, initial=0)


def _describe_units(effects, look):
    rows, label = [], look.cue.label
    codes = look.regimes[look.cue.sequence, look.cue.step]
    for unit, effect in enumerate(effects):
        on = (codes >> unit) & 1
        shares = on[label == 0].mean(), on[label == 1].mean()
        rows.append((unit, effect, *shares, mutual_information(on, label)))
    return pd.DataFrame(rows, columns=["unit", "effect", "on_first", "on_second", "information"])


def _clamp(look, row, opening, position, n_samples, rng):
    """Influence of the input lost where it was open and regained where it was closed."""
    own, other, label = _draw(look, position, n_samples, rng)
    unit, network = int(row["unit"]), look.network
    on_if_open = (row["on_second"] > row["on_first"]) == (opening == 1)
    as_open, as_closed = (identity, zero) if on_if_open else (zero, identity)
    clamps = [Intervention("none"), as_open(network, unit), as_closed(network, unit)]
    moved = read_segments(network, other, clamps) - read_segments(network, own, clamps)
    intact, opened, closed = np.linalg.norm(moved, axis=-1)
    lost = (intact - closed)[label == opening]
    regained = (opened - intact)[label != opening]
    scale = max(intact[label == opening].mean(), np.finfo(float).tiny)
    shares = np.clip([lost.mean() / scale, regained.mean() / scale], -1, 1)
    return float(shares.mean()), max(sign_p(lost), sign_p(regained))


def _draw(look, position, n_samples, rng):
    """Segments as they are, the same with the input of another step, and their labels."""
    cue = look.cue
    chosen = choose_samples(cue.label, n_samples, rng)
    sequence, start = cue.sequence[chosen], cue.step[chosen]
    place = (sequence, start, look.reads[sequence, start])
    own, other = look.cut(*place), look.cut(*place)
    other.inputs[:, 0, position] = rng.permutation(own.inputs[:, 0, position])
    return own, other, cue.label[chosen]
