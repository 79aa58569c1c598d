"""The filter compiled, for all subjects in one call; `_reference` says what it computes."""

import math

import numpy as np

from neuroalrnn.adaptive.rows import COARSE, MOST_STEPS, REACH
from neuroalrnn.running import kernel, part

# log-odds below which probabilities are their exponentials
SMALL = -600.0


@kernel
def run_two(
    log_odds, features, choice, offered, drift, first, prior_mean, prior, said, means, kept
):
    """Fill `said` (trial, option), and `means` and `kept` (trial, ...) as far as there is room."""
    n, only, alone = len(prior_mean), np.zeros(1, np.int64), _is_diagonal(prior)
    m, S, SH = np.empty(n), np.empty((n, n)), np.empty((1, n))
    a, g, G, A = np.empty(1), np.empty(1), np.empty((1, 1)), np.empty((1, 1))
    for t in range(len(choice)):
        _move(m, S, first[t], drift[t], prior_mean, prior, alone)
        if math.isnan(log_odds[t, 0]):
            said[t, 0], said[t, 1] = math.nan, math.nan
        else:
            _project(log_odds[t], features[t], only, m, S, a, SH, G)
            _observe_two(a[0], G[0, 0], choice[t], offered[t], said[t], g, A)
            if choice[t] >= 0:
                _shift(m, SH, g)
                _shrink(S, SH[0], A[0, 0])
        _keep(m, S, t, means, kept)


@kernel
def run_many(
    log_odds, features, choice, offered, drift, first, prior_mean, prior, said, means, kept
):
    """Do the same as `run_two` for more options."""
    n, n_options, alone = len(prior_mean), offered.shape[1], _is_diagonal(prior)
    m, S = np.empty(n), np.empty((n, n))
    SH, SHA = np.empty((n_options, n)), np.empty((n_options, n))
    for t in range(len(choice)):
        _move(m, S, first[t], drift[t], prior_mean, prior, alone)
        if math.isnan(log_odds[t, 0]):
            for k in range(n_options):
                said[t, k] = math.nan
        else:
            # options that are not offered tell nothing, and nothing is asked of them
            among = np.flatnonzero(offered[t])
            a, g = np.empty(len(among)), np.zeros(len(among))
            G, A = np.empty((len(among), len(among))), np.zeros((len(among), len(among)))
            _project(log_odds[t], features[t], among, m, S, a, SH, G)
            _observe_many(a, G, choice[t], among, said[t], g, A)
            if choice[t] >= 0 and len(among) > 1:
                _shift(m, SH, g)
                _update(S, SH, A, SHA)
        _keep(m, S, t, means, kept)


# inner loops are along rows of covariances, which are symmetric to the last digit, so that they
# become vector instructions


@part
def _is_diagonal(prior):
    """Whether weights are independent."""
    return np.count_nonzero(prior) == np.count_nonzero(np.diag(prior))


@part
def _move(m, S, is_first, drift, prior_mean, prior, alone):
    """Start a new subject, or let the read-out drift; `alone` says that weights are independent."""
    if is_first:
        for i in range(len(m)):
            m[i] = prior_mean[i]
            for j in range(len(m)):
                S[i, j] = prior[i, j]
    if drift == 0.0:
        return
    if alone:
        for i in range(len(m)):
            S[i, i] += drift * prior[i, i]
        return
    for i in range(len(m)):
        row, own = S[i], prior[i]
        for j in range(len(m)):
            row[j] += drift * own[j]


@part
def _keep(m, S, t, means, kept):
    """Keep what is known after a trial; where there is room for one trial, the last stays."""
    if len(means):
        at = min(t, len(means) - 1)
        for i in range(len(m)):
            means[at, i] = m[i]
            for j in range(len(m)):
                kept[at, i, j] = S[i, j]


@part
def _project(eta, x, among, m, S, a, SH, G):
    """Mean a and covariance G of some log-odds, and covariance SH of the read-out with them."""
    n_features = len(x)
    for j in range(len(among)):
        odds, start = eta[among[j]], 1 + among[j] * n_features
        a[j] = odds * m[0]
        for f in range(n_features):
            a[j] += x[f] * m[start + f]
        along, row = SH[j], S[0]
        for i in range(len(m)):
            along[i] = odds * row[i]
        for f in range(n_features):
            factor, row = x[f], S[start + f]
            for i in range(len(m)):
                along[i] += factor * row[i]
    for i in range(len(among)):
        start = 1 + among[i] * n_features
        for j in range(len(among)):
            total = eta[among[i]] * SH[j, 0]
            for f in range(n_features):
                total += x[f] * SH[j, start + f]
            G[i, j] = total


@part
def _shift(m, SH, g):
    """Move the mean of the read-out by what a choice says of the log-odds."""
    for j in range(len(g)):
        for i in range(len(m)):
            m[i] += SH[j, i] * g[j]


@part
def _shrink(S, along, A):
    """Condition the covariance on one number that goes `along` with the read-out."""
    for i in range(len(S)):
        row, own = S[i], along[i]
        for j in range(len(S)):
            row[j] -= A * (own * along[j])


@part
def _update(S, SH, A, SHA):
    """Condition the covariance on a choice: only differences of log-odds count in it."""
    n, n_rows = len(S), len(A)
    for k in range(1, n_rows):
        for i in range(n):
            SH[k, i] -= SH[0, i]
    if n_rows == 2:
        _shrink(S, SH[1], A[1, 1])
        return
    for j in range(1, n_rows):
        for i in range(n):
            SHA[j, i] = 0.0
        for k in range(1, n_rows):
            for i in range(n):
                SHA[j, i] += SH[k, i] * A[k, j]
    for i in range(n):
        row = S[i]
        for k in range(1, n_rows):
            along, factor = SH[k], SHA[k, i]
            for j in range(i + 1):
                row[j] -= factor * along[j]
        for j in range(i):
            S[j, i] = row[j]


@part
def _observe_two(a, v, choice, offered, said, g, A):
    g[0], A[0, 0] = 0.0, 0.0
    if not (offered[0] and offered[1]):
        said[0] = 0.0 if offered[0] else -math.inf
        said[1] = 0.0 if offered[1] else -math.inf
        return
    rare = 1 if a <= 0 else 0
    sign = 1.0 if rare else -1.0
    log_z, slope, curvature = _unlikely(sign * a, v)
    z = math.exp(log_z)
    said[rare] = log_z
    said[1 - rare] = math.log1p(-z)
    if choice != rare:
        other = -z * slope / (1 - z)
        curvature = z * (slope * slope - curvature) / (1 - z) + other * other
        slope = other
    g[0], A[0, 0] = sign * slope, curvature


@part
def _expit(x):
    if x >= 0:
        return 1 / (1 + math.exp(-x))
    e = math.exp(x)
    return e / (1 + e)


@part
def _log_expit(x):
    return -math.log1p(math.exp(-x)) if x >= 0 else x - math.log1p(math.exp(x))


@kernel
def _unlikely(a, v):
    sd = math.sqrt(max(v, 0.0))
    centre = _mode_of_unlikely(a, sd)
    step = COARSE / max(sd, 1.0)
    n = math.ceil(REACH / step)
    middle = a + sd * centre
    # normal densities and odds of all nodes are products, begun at the centre; odds that small
    # differ from 0 in their ratios alone
    odds = math.exp(max(middle, SMALL))
    likely = odds / (1 + odds) if odds < 1 else 1 / (1 + 1 / odds)
    narrow, wide = math.exp(-step * step), math.exp(sd * step)
    total, first, second, inside = 0.0, 0.0, 0.0, 0.0
    for side in (-1.0, 1.0):
        at, w, ratio = odds, 1.0, math.exp(-step * (side * centre + step / 2))
        growth = wide if side > 0 else 1 / wide
        if side > 0:
            at, w, ratio = at * growth, ratio, ratio * narrow
        for _ in range(n if side > 0 else n + 1):
            residual = 1 / (1 + at)
            p = at * residual if at < 1 else 1 - residual
            share = w * p
            total += share
            first += share * residual
            second += share * residual * residual
            inside += share * residual * p
            at, w, ratio = at * growth, w * ratio, ratio * narrow
    slope = first / total
    curvature = inside / total - (second / total - slope * slope)
    peak = -centre * centre / 2 + _log_expit(middle)
    height = math.log(total / likely * step / math.sqrt(2 * math.pi))
    return peak + height, slope, curvature


@part
def _mode_of_unlikely(a, sd):
    low, high, u = 0.0, sd, 0.0
    for _ in range(MOST_STEPS):
        p = _expit(-(a + sd * u))
        slope = u - sd * p
        if slope > 0:
            high = u
        else:
            low = u
        new = u - slope / (1 + sd * sd * p * (1 - p))
        if not (low <= new and new <= high):
            new = (low + high) / 2
        if abs(new - u) < 1e-3:
            return new
        u = new
    return u


@part
def _observe_many(a, G, choice, among, said, g, A):
    said[:] = -math.inf
    if len(among) < 2:
        said[among[0]] = 0.0
        return
    for k in range(len(among)):
        evidence, slope, curvature = _laplace(a, G, k)
        said[among[k]] = evidence
        if among[k] == choice:
            for i in range(len(g)):
                g[i] = slope[i]
                for j in range(len(g)):
                    A[i, j] = curvature[i, j]
    peak, total = said.max(), 0.0
    for k in range(len(said)):
        total += math.exp(said[k] - peak)
    for k in range(len(said)):
        said[k] -= peak + math.log(total)


@part
def _laplace(a, G, k):
    n = len(a)
    g, p, new = np.empty(n), np.empty(n), np.empty(n)
    for i in range(n):
        g[i] = 0.0
    M, R, change = np.empty((n, n)), np.empty((n, n)), np.empty((n, 1))
    for _ in range(MOST_STEPS):
        _curve(a, G, g, p, M, R)
        for i in range(n):
            change[i, 0] = (1.0 if i == k else 0.0) - p[i]
            for j in range(n):
                change[i, 0] += (M[i, j] - (1.0 if i == j else 0.0)) * g[j]
        _solve(M, change)
        size, before = 1.0, _height(a, G, g, k)
        while True:
            for i in range(n):
                new[i] = g[i] + size * (change[i, 0] - g[i])
            if size <= 1e-6 or _height(a, G, new, k) >= before - 1e-12:
                break
            size /= 2
        largest = 0.0
        for i in range(n):
            largest = max(largest, abs(new[i] - g[i]))
            g[i] = new[i]
        if largest < 1e-10:
            break
    _curve(a, G, g, p, M, R)
    log_determinant = _solve(M, R)
    return _height(a, G, g, k) - log_determinant / 2, g, R


@part
def _curve(a, G, g, p, M, R):
    """Fill probabilities p, curvature R of the softmax, and M = 1 + R G."""
    n = len(a)
    peak, total = -math.inf, 0.0
    for i in range(n):
        p[i] = a[i]
        for j in range(n):
            p[i] += G[i, j] * g[j]
        peak = max(peak, p[i])
    for i in range(n):
        p[i] = math.exp(p[i] - peak)
        total += p[i]
    for i in range(n):
        p[i] /= total
    for i in range(n):
        for j in range(n):
            R[i, j] = (p[i] if i == j else 0.0) - p[i] * p[j]
    for i in range(n):
        for j in range(n):
            M[i, j] = 1.0 if i == j else 0.0
            for k in range(n):
                M[i, j] += R[i, k] * G[k, j]


@part
def _height(a, G, g, k):
    n = len(a)
    peak, square, total = -math.inf, 0.0, 0.0
    e = np.empty(n)
    for i in range(n):
        e[i] = a[i]
        for j in range(n):
            e[i] += G[i, j] * g[j]
        square += g[i] * (e[i] - a[i])
        peak = max(peak, e[i])
    for i in range(n):
        total += math.exp(e[i] - peak)
    return e[k] - peak - math.log(total) - square / 2


@part
def _solve(M, B):
    """Solve M X = B in place, by elimination with pivots; returns the log of the determinant."""
    n, log_determinant = len(M), 0.0
    for c in range(n):
        pivot = c
        for i in range(c + 1, n):
            if abs(M[i, c]) > abs(M[pivot, c]):
                pivot = i
        if pivot != c:
            for j in range(n):
                M[c, j], M[pivot, j] = M[pivot, j], M[c, j]
            for j in range(B.shape[1]):
                B[c, j], B[pivot, j] = B[pivot, j], B[c, j]
        log_determinant += math.log(abs(M[c, c]))
        for i in range(c + 1, n):
            factor = M[i, c] / M[c, c]
            for j in range(c, n):
                M[i, j] -= factor * M[c, j]
            for j in range(B.shape[1]):
                B[i, j] -= factor * B[c, j]
    for c in range(n - 1, -1, -1):
        for j in range(B.shape[1]):
            for i in range(c + 1, n):
                B[c, j] -= M[c, i] * B[i, j]
            B[c, j] /= M[c, c]
    return log_determinant
