"""How often the detectors of primitives find something where nothing was built in."""

import json
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from neuroalrnn.data import encode
from neuroalrnn.mechanism.primitives import detect_gating, detect_integration, detect_transients
from neuroalrnn.mechanism.primitives._cues import read_cue
from neuroalrnn.mechanism.primitives._nulls import choose_radius, run_random_network
from neuroalrnn.network.run import compute_latents
from neuroalrnn.regimes import compute_regimes
from neuroalrnn.tasks import addition, delay_line, integration, simulate_known

N_NETWORKS = 200
N_SUBJECTS, N_TRIALS = 4, 40
NULLS = ("linear network", "shuffled labels", "random AL-RNN")


class Case(NamedTuple):
    """A primitive, the network that has it built in, its cue and its detector.

    ``cue(sequences)`` gives labels (sequence, step).
    """

    known: object
    cue: object
    detect: object


def _marker(sequences):
    cue = sequences.inputs[..., 1].copy()
    cue[:, -1] = np.nan
    return cue


def _context(sequences):
    cue = sequences.inputs[..., 2].copy()
    cue[:, -1] = np.nan
    return cue


def _first_value(sequences):
    cue = np.full(sequences.trial.shape, np.nan)
    cue[:, 0] = sequences.inputs[:, 0, 0] > 0.5
    return cue


def _gating(network, sequences, cue, **options):
    return detect_gating(network, sequences, cue, feature=sequences.features[0], **options)


def _integration(network, sequences, cue, **options):
    first, second = sequences.features[:2]
    relevant = {1.0: first, -1.0: second}
    return detect_integration(network, sequences, cue, relevant=relevant, **options)


def _transients(network, sequences, cue, **options):
    return detect_transients(network, sequences, cue, feature=sequences.features[0], **options)


CASES = {
    "gating": Case(addition(), _marker, _gating),
    "rule-based integration": Case(integration(), _context, _integration),
    "memory-dependent transient": Case(delay_line(), _first_value, _transients),
}


def measure(*, n_networks=N_NETWORKS, n_nulls=99, seed=0, cases=CASES) -> pd.DataFrame:
    """Run every detector on networks without the primitive, and on the one that has it.

    Parameters
    ----------
    n_networks : int
        Per detector and kind of null.
    n_nulls : int
        Random networks and permutations inside each detection.
    seed : int
    cases : dict of str to Case

    Returns
    -------
    DataFrame, one row per detector and kind of network
        ``primitive, network, n_networks, beyond`` (share whose effect exceeds all nulls at 5 %),
        ``present`` (share that also pass the causal test), ``low, high`` (95 % Clopper-Pearson
        interval of the latter), ``effect`` (median), ``largest``.
    """
    rows = []
    for primitive, case in cases.items():
        rng = np.random.default_rng(seed)
        for kind in ("built in", *NULLS):
            n = max(n_networks // 10, 1) if kind == "built in" else n_networks
            found = [_detect_in(case, kind, n_nulls, rng) for _ in range(n)]
            rows.append({"primitive": primitive, "network": kind} | _summarise(found))
    return pd.DataFrame(rows)


def write_table(table, path) -> None:
    """Write the rates as a Markdown table.

    Parameters
    ----------
    table : DataFrame
        From `measure`.
    path : Path
    """
    lines = [HEAD]
    for row in table.itertuples():
        lines.append(
            f"| {row.primitive} | {row.network} | {row.n_networks} | {100 * row.beyond:.1f} % | "
            f"{100 * row.present:.1f} % | {100 * row.low:.1f} to {100 * row.high:.1f} % | "
            f"{row.effect:.2f} | {row.largest:.2f} |"
        )
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")


HEAD = f"""# Detectors of computational primitives: how often they are wrong

A primitive counts as present in a network if its effect exceeds the 95th percentile of every null
(labels permuted; random AL-RNNs of equal size and spectral radius on the same inputs) and a causal
test holds at 5 %. Written by `python -m benchmarks primitives`: {N_SUBJECTS} subjects of {N_TRIALS}
trials per network, drawn anew for each.

- **built in**: addition (the marker opens the path of the value), context-dependent integration,
  and a delay line of six steps with two PWL units.
- **linear network**: random, P = 0, of the same size. A delay line is linear as well, so that
  "linear" is no null for transients; only a random linear network is one.
- **shuffled labels**: the network that has it built in; each trial takes the labels of another one
  of the same subject.
- **random AL-RNN**: of the same size and spectral radius.

| primitive | network | n | beyond all nulls | present | 95 % interval | median effect | largest |
|---|---|---|---|---|---|---|---|"""


def _detect_in(case, kind, n_nulls, rng):
    """One detection in a network of this kind, on trials of its own."""
    trials = simulate_known(case.known, N_SUBJECTS, N_TRIALS, rng=rng)
    sequences = encode(trials, **json.loads(trials.attrs["encoding"]))
    network, cue = case.known.network, case.cue(sequences)
    if kind == "shuffled labels":
        cue = _shuffle(cue, sequences, rng)
    elif kind != "built in":
        regimes = compute_regimes(compute_latents(network, sequences), network.n_pwl)
        radius = choose_radius(network, regimes, case.known.n_steps)
        n_pwl = 0 if kind == "linear network" else network.n_pwl
        network, _ = run_random_network(network, sequences, radius, rng, n_pwl=n_pwl)
    return case.detect(network, sequences, cue, n_nulls=n_nulls, rng=rng)


def _shuffle(cue, sequences, rng):
    """The labels of another trial of the same subject."""
    labels = read_cue(cue, sequences, usable=sequences.trial >= 0)
    shuffled = cue.copy()
    drawn = labels.permute(1, rng)[0].astype(int)
    shuffled[labels.sequence, labels.step] = np.asarray(labels.names)[drawn]
    return shuffled


def _summarise(found):
    n, present = len(found), sum(one.present for one in found)
    interval = binomtest(present, n).proportion_ci(method="exact")
    effects = np.array([one.effect for one in found])
    beyond = np.mean([one.effect > 0 and max(one.p.values()) <= 0.05 for one in found])
    return {
        "n_networks": n,
        "beyond": float(beyond),
        "present": present / n,
        "low": interval.low,
        "high": interval.high,
        "effect": float(np.median(effects)),
        "largest": float(effects.max()),
    }
