"""Memory-dependent transient: a later response depends on an earlier event through decaying modes.

Definitions of this package. From the event to the read-out the change of the state follows ``J ...
J_{b_t} C_j``; its fast part keeps out of the slow modes of every regime on the way, ``B F ...
F_{b_t} C_j`` with ``F_S = J_S (1 - sum r l')``. Normal maps with the same eigenvalues could hold at
most ``|B| |C_j|`` times the product of the largest moduli of the fast eigenvalues. The effect of an
event is what its fast gain, over ``|B| |C_j|``, exceeds this bound by, times the share of the fast
gain in the whole: 1 for a delay line that is read when its content arrives, 0 for a line attractor
and for every normal network. Such transients need no PWL unit.
"""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from neuroalrnn.data.sequences import Sequences
from neuroalrnn.exceptions import NotTestableError
from neuroalrnn.mechanism.ablation.states import reset
from neuroalrnn.mechanism.inputs import slow_limit
from neuroalrnn.mechanism.primitives._conclude import conclude
from neuroalrnn.mechanism.primitives._look import look_at
from neuroalrnn.mechanism.primitives._nulls import null_p, sign_p
from neuroalrnn.mechanism.primitives._segments import choose_samples, read_segments, run_segments
from neuroalrnn.mechanism.primitives.detection import Detection
from neuroalrnn.network.eigen import decompose
from neuroalrnn.network.maps import compute_jacobian
from neuroalrnn.network.run import Network
from neuroalrnn.regimes import compute_regimes

TINY = np.finfo(float).tiny


def detect_transients(
    network: Network,
    sequences: Sequences,
    event: ArrayLike,
    *,
    feature: str,
    ahead: int = 0,
    block: ArrayLike | None = None,
    n_nulls: int = 99,
    n_samples: int = 100,
    rng: np.random.Generator | None = None,
) -> Detection:
    """Look for a response that depends on an earlier event through decaying activity.

    Parameters
    ----------
    network : Network
        Trained network.
    sequences : Sequences
        Read out where there is a choice.
    event : array, shape (sequence, step)
        Two labels of what happened, at the steps where it happened; missing elsewhere.
    feature : str
        The input that carries the event.
    ahead : int
        How many read-outs to pass over: 0 tests the first one at or after the event.
    block : array, shape (sequence,) or (sequence, step), optional
        Blocks in which the event stays the same. Permutations of labels exchange them as wholes
        within a subject; without them, they exchange the labels of single trials where each
        sequence is one trial, else shift labels around within each sequence.
    n_nulls : int
        Random networks of each kind, and permutations of labels.
    n_samples : int
        Events per label in the causal test, and at most as many in the effect.
    rng : Generator, optional
        Source of random numbers; default ``default_rng(0)``.

    Returns
    -------
    Detection
        ``details``: one row per lag from 0 to the longest one, ``lag, whole, fast, slow`` (mean
        size of the gains, output per unit of input) and ``bound`` (of normal dynamics). For the
        permuted labels the statistic is the distance of the mean read-outs after both events. The
        causal test exchanges, half-way between event and read-out, the fast part of the state
        with that of a sequence with the other event: the read-out must follow, more than it
        does when the slow part is exchanged instead; ``causal`` is the difference of both shifts
        over the distance of the mean read-outs.

    Raises
    ------
    DataError
        Not two labels, arrays of another shape, or a label that changes inside a block.
    NotTestableError
        Fewer than five trials, blocks or labelled steps of a label, or the read-out comes less
        than two steps after the event.
    """
    rng = np.random.default_rng(0) if rng is None else rng
    look = look_at(network, sequences, event, block=block, ahead=ahead)
    length = int(np.median(look.lag))
    if length < 2:
        raise NotTestableError(
            "transients: the read-out comes at once, so that nothing is to be remembered; expected "
            "at least two steps after the event, choose a later read-out"
        )
    chosen = choose_samples(look.cue.label, n_samples, rng)
    at = look.cue.sequence[chosen], look.cue.step[chosen], look.lag[chosen]
    position, n_steps = sequences.features.index(feature), np.median(look.lag) + 1
    gains = _gains(network, look.regimes, at, position, n_steps)
    each = _excess(at[2], *gains)
    nulls = _random_effects(look, at, position, n_steps, n_nulls, rng)
    nulls = {name: (null, null_p(each.mean(), null)) for name, null in nulls.items()}
    nulls = {"labels permuted": _permuted_distance(look, n_nulls, rng)} | nulls
    causal = (0.0, 1.0)
    if each.any():
        segments = look.cut(at[0], at[1], at[1] + at[2])
        causal = _exchange(network, segments, look.cue.label[chosen], n_steps, rng)
    details = _describe(gains)
    named = np.asarray(sequences.subject)[at[0]].astype(str)
    return conclude(
        look,
        "memory-dependent transient",
        each.mean(),
        nulls,
        causal,
        _finding(details, length, feature),
        units=(),
        regimes=tuple(int(code) for code in np.unique(look.regimes[at[0], at[1]])),
        steps=(int(at[1].min()), int((at[1] + at[2]).max())),
        by_subject=pd.Series(each, index=named).groupby(level=0).mean().rename_axis("subject"),
        details=details,
    )


def _random_effects(look, at, position, n_steps, n_nulls, rng):
    """Effects in random networks with and without PWL units."""
    effects = {}
    for name, n_pwl in {"random AL-RNN": look.network.n_pwl, "random linear network": 0}.items():
        drawn = look.random_networks(n_nulls, n_steps, rng, n_pwl=n_pwl)
        each = [_excess(at[2], *_gains(*one, at, position, n_steps)).mean() for one in drawn]
        effects[name] = np.array(each)
    return effects


def _permuted_distance(look, n_nulls, rng):
    """Distance of the mean read-outs after both events: permuted labels, and their p."""
    cue = look.cue
    read = look.latents[cue.sequence, look.reads[cue.sequence, cue.step]]
    read_out = read @ look.network.readout.T
    values = np.c_[read_out, np.ones(len(read_out))]
    distance = np.linalg.norm(_distances(values, look.observed)[0])
    null = np.linalg.norm(_distances(values, cue.permute(n_nulls, rng)), axis=1)
    return null, null_p(distance, null)


def _gains(network, regimes, at, position, n_steps):
    """Whole and fast gains over ``|B| |C_j|``, and the bound of normal maps: (event, lag)."""
    sequence, start, length = at
    codes, index = np.unique(regimes, return_inverse=True)
    index = index.reshape(regimes.shape)
    maps = [compute_jacobian(network, max(code, 0)) for code in codes]
    parts = [_fast_map(each, n_steps) for each in maps]
    maps, fast_maps = np.array(maps), np.array([fast for fast, _ in parts])
    moduli = np.array([modulus for _, modulus in parts])
    response = network.input_weight[:, position]
    scale = np.linalg.norm(network.readout, 2) * np.linalg.norm(response)
    scale = max(scale, TINY)
    whole = fast = np.broadcast_to(response, (len(start), len(response)))[..., None]
    bound = np.ones(len(start))
    rows = [(network.readout @ whole, network.readout @ fast, bound)]
    for lag in range(1, int(length.max()) + 1):
        on = lag <= length
        code = index[sequence, np.where(on, start + lag - 1, 0)]
        whole, fast = maps[code] @ whole, fast_maps[code] @ fast
        bound = bound * moduli[code]
        ended = np.where(on, 1.0, np.nan)[:, None, None]
        rows.append((network.readout @ whole * ended, network.readout @ fast * ended, bound))
    whole, fast, bound = (np.stack(each, axis=1) for each in zip(*rows, strict=True))
    return whole[..., 0] / scale, fast[..., 0] / scale, bound


def _excess(length, whole, fast, bound):
    """Effect of every event."""
    rows = np.arange(len(length))
    whole, fast, bound = (each[rows, length] for each in (whole, fast, bound))
    slow, fast = np.linalg.norm(whole - fast, axis=-1), np.linalg.norm(fast, axis=-1)
    return np.maximum(fast - bound, 0) * fast / np.maximum(fast + slow, TINY)


def _fast_map(jacobian, n_steps):
    """``J (1 - sum r l')`` over slow modes, and the largest modulus of all that stays in it."""
    projector, moduli = _split(jacobian, n_steps)
    return jacobian - jacobian @ projector, moduli.max(initial=0)


def _split(jacobian, n_steps):
    """Projector on the slow modes, and the moduli of the others.

    A slow mode of a defective eigenvalue has no l' and stays among the others.
    """
    values, right, left = decompose(jacobian)
    slow = (np.abs(values) >= slow_limit(n_steps)) & np.isfinite(left).all(axis=1)
    return (right[:, slow] @ left[slow]).real, np.abs(values[~slow])


def _distances(values, labels):
    """Difference of mean read-outs between labels (labelling, output)."""
    second = labels @ values
    first = values.sum(axis=0) - second
    return second[:, :-1] / second[:, -1:] - first[:, :-1] / first[:, -1:]


def _exchange(network, segments, label, n_steps, rng):
    """Shift of the read-out when the fast part changes hands, minus that of the slow part."""
    latents, rows = run_segments(network, segments), np.arange(len(label))
    middle = (segments.n_steps - 1) // 2
    state = latents[rows, middle]
    donor = _draw_others(label, rng)
    codes = compute_regimes(state, network.n_pwl)
    projectors = {
        code: _split(compute_jacobian(network, code), n_steps)[0] for code in np.unique(codes)
    }
    difference = state[donor] - state
    slow = np.einsum("sij,sj->si", np.array([projectors[code] for code in codes]), difference)
    at = np.arange(latents.shape[1]) == middle[:, None]
    new = (state + difference - slow, state + slow)
    interventions = [reset(each[:, None], at) for each in new]
    base = read_segments(network, segments)
    direction = base[label == 1].mean(axis=0) - base[label == 0].mean(axis=0)
    distance = np.linalg.norm(direction)
    if distance <= TINY:
        return 0.0, 1.0
    shift = (read_segments(network, segments, interventions) - base) @ direction / distance
    shift = shift * np.where(label == 1, -1, 1)
    return float((shift[0] - shift[1]).mean() / distance), sign_p(shift[0] - shift[1])


def _draw_others(label, rng):
    """For each segment, one with the other label."""
    donor = np.empty(len(label), dtype=int)
    for each in (0, 1):
        donor[label == each] = rng.choice(np.flatnonzero(label != each), (label == each).sum())
    return donor


def _describe(gains):
    whole, fast, bound = gains
    sizes = {"whole": whole, "fast": fast, "slow": whole - fast}
    table = {name: np.nanmean(np.linalg.norm(v, axis=-1), axis=0) for name, v in sizes.items()}
    return pd.DataFrame({"lag": np.arange(whole.shape[1])} | table | {"bound": bound.mean(axis=0)})


def _finding(table, lag, feature):
    row = table.iloc[lag]
    return (
        f"{lag} steps after it, {feature} reaches the read-out by fast modes with "
        f"{row['fast']:.2f} of the largest gain without growth, and by slow ones with "
        f"{row['slow']:.2f}; normal dynamics could hold {row['bound']:.2f}"
    )
