"""Clusters of latents by their task variance, and whether any other axes would give the same.

A latent is described by its task variance over that of the task in which it varies most. Ward's
method groups latents for every number of groups; the best mean silhouette decides. The control
rotates the latents at random, each scaled to the same variance first: where groups are only those
that any axes of this space have, the silhouette is as high then.
"""

import numpy as np
import pandas as pd
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import pdist, squareform

from neuroalrnn.mechanism.primitives._nulls import null_p
from neuroalrnn.mechanism.sharing._tasks import TaskRun
from neuroalrnn.mechanism.sharing.variance import _compute_covariances, _is_active

MOST_CLUSTERS = 29
FEWEST_LATENTS = 4
SAME = 1e-9


def cluster_latents(
    run: TaskRun, n_rotations: int, rng: np.random.Generator
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Group latents by their task variance.

    Parameters
    ----------
    run : TaskRun
        Trials in step and without noise, see `compute_task_variance`.
    n_rotations : int
        Random rotations of the latents.
    rng : numpy.random.Generator

    Returns
    -------
    clusters : DataFrame
        One row per active latent: ``latent, unit, cluster`` (from 0, largest first).
    summary : DataFrame
        One row: ``n_latents, n_clusters, silhouette, null_silhouette, null_95, p``. NaN with fewer
        than four active latents.
    """
    covariance = _compute_covariances(run)
    n_latents = covariance.shape[-1]
    active = np.flatnonzero(_is_active(covariance.diagonal(axis1=1, axis2=2).T))
    covariance = covariance[:, active[:, None], active]
    label, best = _group(covariance.diagonal(axis1=1, axis2=2).T)
    unit = np.maximum(active - (n_latents - run.network.n_pwl), -1)
    clusters = pd.DataFrame({"latent": active, "unit": unit, "cluster": label})
    nulls = np.full(0, np.nan)
    if np.isfinite(best):
        nulls = np.array([_group(_rotated(covariance, rng))[1] for _ in range(n_rotations)])
    tested = len(nulls) > 0
    summary = {
        "n_latents": len(active),
        "n_clusters": int(label.max(initial=0)) + 1,
        "silhouette": best,
        "null_silhouette": nulls.mean() if tested else np.nan,
        "null_95": np.quantile(nulls, 0.95) if tested else np.nan,
        "p": null_p(best, nulls) if tested else np.nan,
    }
    return clusters, pd.DataFrame([summary])


def _rotated(covariance, rng):
    """Task variance after a random rotation, (latent, task)."""
    scale = 1 / np.sqrt(covariance.diagonal(axis1=1, axis2=2).sum(axis=0))
    scaled = covariance * scale[:, None] * scale
    turn, upper = np.linalg.qr(rng.standard_normal(scaled.shape[1:]))
    turn = turn * np.sign(upper.diagonal())
    return np.einsum("ij,tjk,ik->it", turn, scaled, turn)


def _group(variance):
    """Labels and the best mean silhouette; one group, silhouette 0, where all are alike."""
    n = len(variance)
    if n < FEWEST_LATENTS:
        return np.zeros(n, dtype=int), np.nan
    profile = variance / variance.max(axis=1, keepdims=True)
    apart = pdist(profile)
    if apart.max() < SAME:
        return np.zeros(n, dtype=int), 0.0
    tree, distance = linkage(profile, "ward"), squareform(apart)
    labels = [fcluster(tree, k, "maxclust") - 1 for k in range(2, min(MOST_CLUSTERS, n - 1) + 1)]
    scores = [_silhouette(distance, label) for label in labels]
    label = labels[int(np.argmax(scores))]
    rank = np.argsort(np.argsort(-np.bincount(label), kind="stable"), kind="stable")
    return rank[label], float(max(scores))


def _silhouette(distance, label):
    """Mean over latents of (b - a) / max(a, b); 0 of a latent that is alone (Rousseeuw 1987)."""
    member = np.eye(label.max() + 1)[label]
    count = member.sum(axis=0)
    if len(count) < 2:
        return 0.0
    total = distance @ member
    own, rows = count[label] - 1, np.arange(len(label))
    within = total[rows, label] / np.maximum(own, 1)
    other = total / count
    other[rows, label] = np.inf
    between = other.min(axis=1)
    larger = np.maximum(within, between)
    score = (between - within) / np.where(larger > 0, larger, 1)
    return float(np.where(own > 0, score, 0.0).mean())
