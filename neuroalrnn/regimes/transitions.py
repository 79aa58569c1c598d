"""How long a regime lasts, and which one follows."""

import numpy as np
import pandas as pd
import xarray as xr

from neuroalrnn.exceptions import DataError
from neuroalrnn.network.codes import check_codes, flipped_units
from neuroalrnn.regimes import used_regimes
from neuroalrnn.regimes.steps import steps_in_order, with_variables
from neuroalrnn.stats.null_tests import number_labels


def compute_dwell_times(regimes: xr.DataArray, trials=None, *, carry: str = "session"):
    """Lengths of the runs of equal regimes.

    Parameters
    ----------
    regimes : DataArray (trial, step) of int
    trials : Dataset, optional
    carry : {"session", "block", "trial"}
        A run ends where the latent state is reset.

    Returns
    -------
    runs : DataFrame
        subject, session, sequence, regime, n_steps, censored (the run is cut by the end of its
        sequence, so it might have been longer), row and column of its first step. The first run
        of a sequence is not cut: the latent state starts anew, and so does the run.
    """
    steps = steps_in_order(regimes, trials, carry=carry)
    new = (steps[["sequence", "regime"]] != steps[["sequence", "regime"]].shift()).any(axis=1)
    runs = steps.groupby(new.cumsum().to_numpy()).first()
    runs["n_steps"] = new.groupby(new.cumsum()).size().to_numpy()
    runs["censored"] = runs["sequence"].ne(runs["sequence"].shift(-1))
    columns = ["subject", "session", "sequence", "regime", "n_steps", "censored", "row", "column"]
    return runs[columns].reset_index(drop=True)


def compute_dwell_survival(dwell_times: pd.DataFrame) -> pd.DataFrame:
    """Share of visits to each regime that last at least so many steps (Kaplan & Meier 1958).

    ``S(k) = prod_{j < k} (1 - d_j / n_j)``, with n_j visits of which the step after the j-th was
    observed; d_j of them are left then. A visit cut by the end of its sequence counts up to the
    step before its last one, of which the next is unknown. Leaving such visits out would make dwell
    times too short.

    Parameters
    ----------
    dwell_times : DataFrame
        From `compute_dwell_times`; visits of all subjects and sequences are pooled.

    Returns
    -------
    survival : DataFrame
        regime, n_steps (k; the lengths that were observed, between which the share is that of the
        next row), survival (S(k), 1 in the first row of a regime), n_at_risk (n_k, 0 where the
        longest visit was cut).
    """
    keys = ["regime", "n_steps"]
    visits = dwell_times.assign(left=~dwell_times["censored"]).groupby(keys)["left"]
    count = visits.agg(n_left="sum", n_visits="size").reset_index()
    longer = count[::-1].groupby("regime")["n_visits"].cumsum() - count["n_visits"]
    count["n_at_risk"] = longer + count["n_left"]
    count["kept"] = 1 - count["n_left"] / count["n_at_risk"]
    through = count.groupby("regime")["kept"].cumprod()
    count["survival"] = through.groupby(count["regime"]).shift(fill_value=1.0)
    return count[[*keys, "survival", "n_at_risk"]]


def compute_mean_dwell_times(dwell_times: pd.DataFrame) -> pd.DataFrame:
    """Mean length of a visit to each regime, with and without the visits that were cut.

    Parameters
    ----------
    dwell_times : DataFrame
        From `compute_dwell_times`; visits are pooled.

    Returns
    -------
    means : DataFrame, one row per regime
        regime, n_visits, n_censored; naive_mean (steps; of the visits not cut, NaN without any),
        kaplan_meier_mean (steps; ``sum_k S(k)`` up to the longest visit, too small where that one
        was cut), geometric_mean (steps; ``1 / (1 - T_ii)`` of the pooled transitions, infinite
        where the regime is never left). The last two differ where visits are not geometric.
    """
    parts = dwell_times.groupby("regime")
    means = parts["censored"].agg(n_visits="size", n_censored="sum")
    n_left = means["n_visits"] - means["n_censored"]
    ended = dwell_times[~dwell_times["censored"]]
    means["naive_mean"] = ended.groupby("regime")["n_steps"].mean()
    survival = compute_dwell_survival(dwell_times)
    width = survival.groupby("regime")["n_steps"].diff().fillna(survival["n_steps"])
    area = survival["survival"] * width
    means["kaplan_meier_mean"] = area.groupby(survival["regime"]).sum()
    n_pairs = parts["n_steps"].sum() - means["n_censored"]
    means["geometric_mean"] = n_pairs / n_left.where(n_left > 0)
    means.loc[n_left == 0, "geometric_mean"] = np.inf
    return means.reset_index()


def transition_matrix(codes, sequence=None, *, regimes=None, leaving: bool = False) -> np.ndarray:
    """Relative frequencies of the next regime.

    ``T_ij = n(b_t = i, b_{t+1} = j) / n(b_t = i, t + 1 in the sequence)``

    Parameters
    ----------
    codes : array (step,) of int
        In time order.
    sequence : array (step,), optional
        Pairs are counted inside a sequence only.
    regimes : array (regime,), optional
        Codes of the rows, in ascending order; those in use if absent.
    leaving : bool
        Count only pairs of different regimes (zero diagonal).

    Returns
    -------
    matrix : array (regime, regime_next)
        Rows sum to 1. A row without any pair is NaN: nothing is known of what follows.

    Raises
    ------
    DataError
        Steps without regime, codes that `regimes` lack, or a sequence of another length.
    """
    codes = check_codes(codes, title="transitions")
    sequence = np.zeros(codes.size, int) if sequence is None else np.asarray(sequence)
    regimes = used_regimes(codes) if regimes is None else np.unique(regimes)
    unknown = sorted({*codes.tolist()} - {*regimes.tolist()})
    if unknown or sequence.shape != codes.shape:
        raise DataError(
            f"transitions: found codes {unknown} that are no row, and {sequence.size} entries of "
            f"sequence for {codes.size} steps; leave steps without regime (-1) out"
        )
    pair = sequence[:-1] == sequence[1:]
    if leaving:
        pair &= codes[:-1] != codes[1:]
    start, stop = codes[:-1][pair], codes[1:][pair]
    count = np.zeros((regimes.size, regimes.size))
    np.add.at(count, (np.searchsorted(regimes, start), np.searchsorted(regimes, stop)), 1.0)
    total = count.sum(axis=1, keepdims=True)
    return np.divide(count, total, out=np.full_like(count, np.nan), where=total > 0)


def compute_transitions(
    regimes: xr.DataArray, trials=None, *, carry: str = "session", leaving: bool = False
) -> xr.DataArray:
    """Transition matrix of each subject.

    Parameters
    ----------
    regimes : DataArray (trial, step) of int
    trials : Dataset, optional
    carry : {"session", "block", "trial"}
        Pairs never cross a reset of the latent state.
    leaving : bool
        False: diagonal included. True: given that the regime is left (zero diagonal).

    Returns
    -------
    transitions : DataArray (subject, regime, regime_next)
        Rows sum to 1, or are NaN where the subject has no pair that starts there. All subjects
        share the regimes used by any of them.
    """
    steps = steps_in_order(regimes, trials, carry=carry)
    used = used_regimes(steps["regime"])
    subject, names = number_labels(steps["subject"].to_numpy())
    place = np.searchsorted(used, steps["regime"].to_numpy())
    sequence, shape = steps["sequence"].to_numpy(), (len(names), len(used), len(used))
    pair = sequence[:-1] == sequence[1:]
    if leaving:
        pair &= place[:-1] != place[1:]
    at = np.ravel_multi_index((subject[:-1][pair], place[:-1][pair], place[1:][pair]), shape)
    count = np.bincount(at, minlength=np.prod(shape)).reshape(shape)
    total = np.broadcast_to(count.sum(axis=2, keepdims=True), shape)
    return xr.DataArray(
        np.divide(count, total, out=np.full(shape, np.nan), where=total > 0),
        dims=("subject", "regime", "regime_next"),
        coords={"subject": list(names), "regime": used, "regime_next": used},
        name="leaving_probability" if leaving else "transition_probability",
    )


def compute_regime_graph(
    regimes: xr.DataArray, trials=None, *, by=(), carry: str = "session"
) -> pd.DataFrame:
    """Edges of the directed graph of regimes: which one follows which, and how often.

    Parameters
    ----------
    regimes : DataArray (trial, step) of int
        Sign patterns of one network: units that flip cannot be read from labels.
    trials : Dataset, optional
        Holds the variables named in `by`.
    by : sequence of str
        One graph for each value of these, such as "subject" or "step"; of a pair of steps, the
        value of the first counts. One graph of all steps if empty.
    carry : {"session", "block", "trial"}
        Pairs never cross a reset of the latent state.

    Returns
    -------
    edges : DataFrame, one row per pair of regimes that follow each other
        The columns of `by`, code, code_next, n_pairs; transition_probability (``T_ij``, share of
        the pairs that start at ``code``, so that staying counts); leaving_probability (share of
        the pairs that leave ``code``; 0 where ``code_next`` is the same); flipped_units (PWL
        units that flip, such as "0 2"), n_flipped (Hamming distance).

    Raises
    ------
    DataError
    """
    by = list(by)
    steps = with_variables(steps_in_order(regimes, trials, carry=carry), by, regimes, trials)
    follows = steps["sequence"].eq(steps["sequence"].shift(-1))
    pairs = steps.assign(code_next=steps["regime"].shift(-1, fill_value=0))[follows]
    pairs = pairs.rename(columns={"regime": "code"})
    parts = pairs.groupby([*by, "code", "code_next"], sort=True, observed=True)
    edges = parts.size().rename("n_pairs").reset_index()
    start = [edges[name] for name in [*by, "code"]]
    left = edges["n_pairs"].where(edges["code"] != edges["code_next"], 0)
    n_pairs, n_left = (
        n.groupby(start, observed=True).transform("sum") for n in (edges["n_pairs"], left)
    )
    flipped = [flipped_units(*pair) for pair in zip(edges["code"], edges["code_next"], strict=True)]
    return edges.assign(
        transition_probability=edges["n_pairs"] / n_pairs,
        leaving_probability=left / n_left.where(n_left > 0, 1),
        flipped_units=[" ".join(map(str, units)) for units in flipped],
        n_flipped=[len(units) for units in flipped],
    )
