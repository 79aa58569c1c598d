"""Fixed points of all regimes, from one factorisation and eliminations among the PWL units.

With constant input, ``g = C s + h`` and a base regime b, ``Y = (I - J_b)^-1 g`` and
``X = (I - J_b)^-1 W[:, PWL]``. A regime differs from the base in units E, switched on (sigma = 1)
or off (sigma = -1). Its fixed point is ``z = Y + X[:, E] sigma q_E`` with
``q = Y_PWL + X_PWL,E sigma q_E`` (Woodbury), and
``det(I - J_S) = det(I - J_b) det(I - X_EE sigma)``.
"""

import numpy as np
import xarray as xr

from neuroalrnn.exceptions import NotTestableError
from neuroalrnn.mechanism.dynamics._regions import (
    compute_bits,
    compute_drives,
    compute_margin,
    find_deepest,
    is_inside,
    split,
)
from neuroalrnn.network.maps import compute_jacobian, count_unstable
from neuroalrnn.network.run import Network
from neuroalrnn.regimes import ABSENT

MOST_EXHAUSTIVE = 12
SINGULAR = 1e-6
# condition numbers: of a base that will do, and of one that will not; of a regime to solve again,
# and of its small system if that will not do
GOOD_BASE, ILL_BASE, SUSPECT, ILL_SMALL = 1e4, 1e6, 3e4, 1e8
RESIDUAL, CLOSE = 1e-12, 1e-7
N_PROBES = 3
PART = 512
STABILITY = ("real", "all", "none")
KINDS = ("isolated", "line", "plane")


def compute_fixed_points(
    network: Network,
    *,
    inputs: np.ndarray | None = None,
    regimes: np.ndarray | None = None,
    stability: str = "real",
) -> xr.Dataset:
    """Compute the fixed points of all regimes for constant inputs.

    Each regime has an affine map, and at most one isolated fixed point. It is real if it lies in
    the region of its regime, else virtual: it organises the flow of its regime from outside.

    Parameters
    ----------
    network : Network
        Trained network.
    inputs : array, shape (feature,) or (condition, feature), optional
        Constant inputs as encoded; zeros if absent.
    regimes : array of int, optional
        Codes in use, of any shape; -1 is left out. Needed if P > 12: then only these and the
        regimes that differ from them by one unit are looked at, else all 2^P.
    stability : {"real", "all", "none"}
        Regimes whose eigenvalues are computed: those with a real point for some input, and those
        in use; all; or none. Eigenvalues cost far more than fixed points.

    Returns
    -------
    xarray.Dataset, dims (code, condition, latent)
        ``point`` (code, condition, latent); of a line or plane the point deepest in the region,
        NaN where there is none. ``kind`` (code, condition): isolated; line or plane (of dimension 2
        and more) where ``I - J_S`` is singular (singular value at most 1e-6 of the largest) and
        balances the drive; none where it does not. ``is_real`` and ``margin`` (signed distance to
        the nearest boundary, latent units, positive inside). Of each code ``n_directions`` (small
        singular values), ``log_det`` and ``det_sign`` of ``I - J_S`` (-inf and 0 if singular),
        ``spectral_radius`` and ``n_unstable`` (`count_unstable`) of ``J_S``, NaN where not
        computed, and ``is_used`` if regimes are given. ``attrs["search"]`` is "all regimes" or
        "used regimes and their neighbours".

    Raises
    ------
    DataError

    See Also
    --------
    neuroalrnn.mechanism.dynamics.attractors.compute_attractors : lines and planes as a whole.

    Notes
    -----
    Points are never merged: there is one candidate per regime. The limits of singular are a
    definition of this package. That a regime is singular is noticed through solutions for random
    drives, fixed once and for all, and confirmed by its SVD. A singular regime costs an SVD and two
    linear programs, thousands of times as much as another one.

    Examples
    --------
    >>> from neuroalrnn.tasks import flip_flop
    >>> found = compute_fixed_points(flip_flop().network)
    >>> found.drop_vars("point").to_dataframe()["kind"].tolist()
    ['isolated', 'line', 'isolated', 'isolated']
    """
    used = np.unique([] if regimes is None else regimes).astype(int)
    used = used[used != ABSENT]
    drives = compute_drives(network, inputs, used, _problems(network, used, stability))
    codes = _choose_codes(network.n_pwl, used)
    bits = compute_bits(codes, network.n_pwl)
    points, log_det, det_sign, solved = _solve(network, codes, drives)
    n_directions = np.zeros(len(codes), dtype=int)
    kind = np.full(points.shape[:2], KINDS[0])
    for i in np.flatnonzero(~solved):
        parts = _solve_alone(compute_jacobian(network, codes[i]), drives, bits[i])
        points[i], kind[i], n_directions[i], log_det[i], det_sign[i] = parts
    is_real = is_inside(points, bits[:, None])
    wanted = is_real.any(axis=1) | np.isin(codes, used) | (stability == "all")
    radius, n_unstable = _compute_stability(network, codes, wanted & (stability != "none"))
    each, cases = "code", ("code", "condition")
    variables = {
        "point": ((*cases, "latent"), points),
        "kind": (cases, kind),
        "is_real": (cases, is_real),
        "margin": (cases, compute_margin(points, bits[:, None])),
        "n_directions": (each, n_directions),
        "log_det": (each, log_det),
        "det_sign": (each, det_sign),
        "spectral_radius": (each, radius),
        "n_unstable": (each, n_unstable),
    }
    if regimes is not None:
        variables["is_used"] = (each, np.isin(codes, used))
    is_all = network.n_pwl <= MOST_EXHAUSTIVE
    search = "all regimes" if is_all else "used regimes and their neighbours"
    return xr.Dataset(variables, {"code": codes}, {"search": search})


def _has_one_fixed_point(fixed_points: xr.Dataset) -> bool:
    """Whether a network has exactly one real fixed point for every constant drive.

    This holds if ``det(I - J_S)`` has the same sign in all regimes (P-matrix criterion). "Every"
    drive includes values of ``C s + h`` that no input of this network gives.

    Parameters
    ----------
    fixed_points : xarray.Dataset
        See `compute_fixed_points`.

    Returns
    -------
    bool
        Whether there is exactly one for every drive.

    Raises
    ------
    NotTestableError
        Not all regimes were looked at.
    """
    if fixed_points.attrs["search"] != "all regimes":
        raise NotTestableError("one fixed point for every input: needs all 2^P regimes")
    sign = fixed_points["det_sign"].to_numpy()
    return bool(abs(sign.sum()) == len(sign))


def _problems(network, used, stability):
    found = []
    if stability not in STABILITY:
        found.append(f"stability: found {stability!r}, expected one of {', '.join(STABILITY)}")
    if network.n_pwl > MOST_EXHAUSTIVE and not len(used):
        found.append(f"n_pwl = {network.n_pwl} > {MOST_EXHAUSTIVE}: pass the used regimes")
    return found


def _choose_base(network):
    """The first regime that is well-conditioned, among all off, all on, one unit on or off.

    Else the best of these, or None if all are nearly singular; and its ``I - J_b``.
    """
    every = 2**network.n_pwl - 1
    single = [2**i for i in range(network.n_pwl)]
    best = ILL_BASE, None, None
    for base in (0, every, *single, *(every ^ unit for unit in single)):
        gap = np.eye(len(network.bias)) - compute_jacobian(network, base)
        best = min(best, (np.linalg.cond(gap, 1), base, gap), key=lambda each: each[0])
        if best[0] < GOOD_BASE:
            break
    return best[1:]


def _choose_codes(n_pwl, used):
    """All regimes, or those in use and their neighbours."""
    if n_pwl <= MOST_EXHAUSTIVE:
        return np.arange(2**n_pwl)
    return np.unique(used[:, None] ^ np.r_[0, 2 ** np.arange(n_pwl)])


@np.errstate(all="ignore")
def _solve(network, codes, drives):
    """Points, log|det|, its sign, and which regimes are solved and not singular."""
    n_pwl, points = network.n_pwl, np.empty((len(codes), *drives.shape))
    solution = points, *np.zeros((2, len(codes))), np.zeros(len(codes), dtype=bool)
    base, gap = _choose_base(network)
    if gap is None or not n_pwl:
        return solution
    X = np.linalg.solve(gap, network.weight[:, len(gap) - n_pwl :])
    # at least the largest singular value that I - J_S of any regime has
    norm = np.abs(1 - network.self_slope).max() + np.linalg.norm(network.weight, 2)
    sigma = 1.0 - 2.0 * compute_bits([base], n_pwl)[0]
    if n_pwl <= MOST_EXHAUSTIVE:
        solution = _solve_at_once(base, gap, X, sigma, drives, norm)
    left = np.flatnonzero(~solution[-1])
    for start in range(0, len(left), PART):
        part = left[start : start + PART]
        switched = sigma * compute_bits(codes[part] ^ base, n_pwl)
        again = _solve_again(network, gap, X, switched, drives, norm)
        for each, value in zip(solution, again, strict=True):
            each[part] = value
    points, log_det, sign, solved = solution
    base_sign, base_log = np.linalg.slogdet(gap)
    return points, base_log + log_det, base_sign * sign, solved


def _solve_at_once(base, gap, X, sigma, drives, norm):
    """As `_solve` for all regimes, but determinants are relative to that of the base."""
    n_pwl, (n_drives, n_latent) = X.shape[1], drives.shape
    probes = np.random.default_rng(0).standard_normal((N_PROBES, n_latent))
    right = np.r_[drives, probes].T
    Y = np.linalg.solve(gap, right)
    sets = np.arange(2**n_pwl)
    q, det = _eliminate(X[n_latent - n_pwl :], Y[n_latent - n_pwl :], sigma)
    step = (sigma * compute_bits(sets, n_pwl)).T[:, None] * q
    solved = _is_solved(X, Y, q, step, np.linalg.norm(right, axis=0) / norm)
    solved &= norm * _inverse_norm(X, Y[:, n_drives:], step[:, n_drives:]) < SUSPECT
    # from sets of switched units to codes
    order = sets ^ base
    points = step[:, :n_drives, order].reshape(n_pwl, len(sets) * n_drives).T @ X.T
    points = points.reshape(n_drives, len(sets), n_latent)
    points += Y.T[:n_drives, None]
    log_det, sign = np.log(np.abs(det)), np.sign(det)
    return points.transpose(1, 0, 2), log_det[order], sign[order], solved[order]


def _eliminate(X, Y, sigma):
    """Solve for all 2^P sets of switched units, each from the set without its last unit.

    Each unit doubles the number of solved sets by a rank-one update (Sherman & Morrison 1950), and
    its column of X is not needed after that: O(2^P P) instead of O(2^P P^3).

    Returns
    -------
    q : array, shape (n_pwl, right, set)
        Sets coded as regimes are.
    det : array, shape (set,)
        ``det(I - X_EE sigma)``
    """
    n_pwl = len(sigma)
    table = np.empty((n_pwl, n_pwl + Y.shape[1], 2**n_pwl))
    table[..., 0] = np.c_[X, Y]
    det = np.ones(2**n_pwl)
    for i in range(n_pwl):
        before, after = slice(2**i), slice(2**i, 2 ** (i + 1))
        column, rest = table[:, i, before], table[:, i + 1 :, before]
        pivot = 1 - sigma[i] * column[i]
        update = table[:, i + 1 :, after]
        np.multiply(column[:, None], sigma[i] / pivot * rest[i], out=update)
        update += rest
        det[after] = det[before] * pivot
    return table[:, n_pwl:], det


def _is_solved(X, Y, q, step, size):
    """Whether residuals, and rounding errors of X and Y, are those of a backward stable solver."""
    reduced = slice(len(X) - len(q), None)
    residual = (X[reduced] @ step.reshape(len(q), q[:1].size)).reshape(q.shape)
    residual += Y[reduced, :, None]
    residual -= q
    length = _norm(q)
    rounding = np.linalg.norm(X) * length + np.linalg.norm(Y, axis=0)[:, None]
    error = _norm(residual) + np.finfo(float).eps * rounding
    return (error <= RESIDUAL * (length + size[:, None])).all(axis=0)


def _solve_again(network, gap, X, switched, drives, norm):
    """As `_solve_at_once` for some regimes, by a small system for each, refined once."""
    n_pwl, first = switched.shape[1], len(gap) - switched.shape[1]
    small = np.eye(n_pwl) - X[first:] * switched[:, None]
    small[~(np.linalg.cond(small, "fro") < ILL_SMALL)] = np.nan
    sign, log_det = np.linalg.slogdet(small)
    base, back = np.linalg.inv(gap), switched[..., None] * np.linalg.inv(small)
    points = np.zeros((len(switched), *drives.shape))
    for _ in range(2):
        residual = drives - points @ gap.T
        residual += (points[..., first:] * switched[:, None]) @ network.weight[:, first:].T
        change = residual @ base.T
        change += change[..., first:] @ back.transpose(0, 2, 1) @ X.T
        points += change
    is_close = np.linalg.norm(change, axis=2) <= CLOSE * np.linalg.norm(points, axis=2)
    inverse = _inverse_norm(X, base, (back @ base[first:]).transpose(1, 2, 0)) * np.sqrt(len(gap))
    return points, log_det, sign, is_close.all(axis=1) & (norm * inverse < 1 / SINGULAR)


def _norm(values):
    return np.sqrt(np.einsum("irs,irs->rs", values, values))


def _inverse_norm(X, probes, step):
    """About the Frobenius norm of every ``(I - J_S)^-1``, which takes probes to probes + X step."""
    basis, upper = np.linalg.qr(X)
    inside = basis.T @ probes
    outside = ((probes - basis @ inside) ** 2).sum()
    parts = (upper @ step.reshape(X.shape[1], step[:1].size)).reshape(step.shape)
    parts += inside[..., None]
    return np.sqrt(((_norm(parts) ** 2).sum(axis=0) + outside) / probes.shape[1])


def _solve_alone(jacobian, drives, bits):
    """Points, kinds, number of directions, log|det| and its sign of one regime, by its SVD."""
    parts = split(jacobian, SINGULAR)
    points = parts.point(drives)
    if not parts.n_small:
        sign, log_det = np.linalg.slogdet(np.eye(len(jacobian)) - jacobian)
        return points, KINDS[0], 0, log_det, sign
    push = np.linalg.norm(parts.push(drives), axis=1)
    balanced = push <= SINGULAR * np.linalg.norm(drives, axis=1)
    points[~balanced] = np.nan
    for i in np.flatnonzero(balanced):
        points[i] = find_deepest(points[i], parts.directions(), bits)
    kind = np.where(balanced, KINDS[min(parts.n_small, 2)], "none")
    return points, kind, parts.n_small, -np.inf, 0


def _compute_stability(network, codes, wanted):
    radius, n_unstable = np.full((2, len(codes)), np.nan)
    for i in np.flatnonzero(wanted):
        radius[i], n_unstable[i] = count_unstable(compute_jacobian(network, codes[i]))
    return radius, n_unstable
