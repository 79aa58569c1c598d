"""Traces of many sessions followed side by side, with what the likelihood of choices needs.

Inner loops are over lanes, see `neuroalrnn.baselines._hidden_states.Lanes`, those of all options in
one row where options do not matter, as a processor does the same to many numbers at once.
"""

import math

import numpy as np

from neuroalrnn.running import kernel, part

# columns of derivatives that are multiplied at once, and probabilities before one logarithm
WIDTH, MOST_FACTORS = 256, 100


@kernel
def walk(which, falling, target, begins, first, edges, given, of_group, of_rate, rates, weights,
         bias, code, offered, slope, information):  # fmt: skip
    """Compute the log-likelihood of all rows, and add to its gradient and to the information.

    Shapes are (step, group or trace, option x lane), (step, lane), and (step, option, lane) of
    `offered`, which has no lanes where all options always are.
    """
    n_steps, n_traces, n_wide = target.shape
    n_lanes, size, n_options = code.shape[1], len(slope), len(bias)
    x, sensitivity = np.zeros((n_traces, n_wide)), np.zeros((len(of_rate), n_wide))
    drive, error = np.empty((n_options, n_lanes)), np.empty((n_options, n_lanes))
    root, lasting = np.empty((n_options, n_lanes)), np.empty(n_wide)
    ahead, mass, slopes = np.zeros(n_lanes), np.ones(n_lanes), np.zeros((size, n_lanes))
    by, places = np.zeros((n_options - 1, size, n_lanes)), _places(of_rate, len(rates) - 2)
    for i in range(n_options - 1):
        by[i, size - n_options + 1 + i] = 1.0
    per_step = n_lanes if n_options == 2 else n_wide
    block, n_filled, n_factors = np.zeros((size, per_step * max(1, WIDTH // per_step))), 0, 0
    for t in range(n_steps):
        if begins[t]:
            for j in range(n_wide):
                lasting[j] = 1.0 - first[t, j % n_lanes]
            _fade(x, lasting)
            _fade(sensitivity, lasting)
        for m in given:
            for j in range(n_wide):
                x[m, j] = target[t, m, j]
        _add_up(x, weights, bias, drive)
        among = offered[t if len(offered) > 1 else 0]
        _choose(drive, code[t], among, ahead, mass, error, root)
        n_factors += 1
        if n_factors == MOST_FACTORS:
            _take_logarithm(ahead, mass)
            n_factors = 0
        _derive(x, sensitivity, of_rate, places, by)
        rows = block[:, n_filled : n_filled + per_step]
        if n_options == 2:
            _count_two(by[0], error[1], root[0], slopes, rows)
        else:
            _count_many(by, drive, error, root, slopes, rows)
        n_filled += per_step
        if n_filled == block.shape[1]:
            information += np.dot(block, block.T)
            n_filled = 0
        _move(which[t], falling[t], target[t], edges, of_group, of_rate, rates, weights, x,
              sensitivity)  # fmt: skip
    block[:, n_filled:] = 0.0
    information += np.dot(block, block.T)
    _take_logarithm(ahead, mass)
    for a in range(size):
        slope[a] += slopes[a].sum()
    return ahead.sum()


@part
def _places(of_rate, n_rates):
    """Whether a derivative is the first by its rate."""
    found, seen = np.zeros(len(of_rate), np.bool_), np.zeros(n_rates, np.bool_)
    for q in range(len(of_rate)):
        found[q] = not seen[of_rate[q]]
        seen[of_rate[q]] = True
    return found


@part
def _fade(values, lasting):
    for m in range(len(values)):
        row = values[m]
        for j in range(len(row)):
            row[j] *= lasting[j]


@part
def _add_up(x, weights, bias, drive):
    """Log-odds of the options."""
    for i in range(len(bias)):
        drive[i] = bias[i]
    flat = drive.reshape(drive.size)
    for m in range(len(weights)):
        row, weight = x[m], weights[m]
        for j in range(len(row)):
            flat[j] += weight * row[j]


@part
def _choose(drive, code, offered, ahead, mass, error, root):
    """Turn log-odds into probabilities, in place, with error and root; 0 if rows do not count.

    The error of an option is 1 or 0 for its choice, minus its probability; the root is that of its
    probability, of two options that of the product of both. Log-likelihoods are `ahead` minus the
    logarithm of `mass`.
    """
    n_options, n_lanes = drive.shape
    for j in range(n_lanes):
        if code[j] < 0:
            for i in range(n_options):
                drive[i, j], error[i, j], root[i, j] = 0.0, 0.0, 0.0
            continue
        highest, total = -math.inf, 0.0
        for i in range(n_options):
            if offered.shape[1] and not offered[i, j]:
                drive[i, j] = -math.inf
            highest = max(highest, drive[i, j])
        if n_options == 2:
            further = drive[1, j] - drive[0, j]
            small = math.exp(-abs(further))
            likely = 1.0 / (1.0 + small)
            ahead[j] += min(further if code[j] else -further, 0.0)
            mass[j] *= 1.0 + small
            error[1, j] = code[j] - (likely if further > 0 else small * likely)
            root[0, j] = math.sqrt(small) * likely
            continue
        ahead[j] += drive[code[j], j] - highest
        for i in range(n_options):
            drive[i, j] = math.exp(drive[i, j] - highest)
            total += drive[i, j]
        mass[j] *= total
        for i in range(n_options):
            drive[i, j] /= total
            error[i, j] = (1.0 if code[j] == i else 0.0) - drive[i, j]
            root[i, j] = math.sqrt(drive[i, j])


@part
def _take_logarithm(ahead, mass):
    for j in range(len(mass)):
        ahead[j] -= math.log(mass[j])
        mass[j] = 1.0


@part
def _derive(x, sensitivity, of_rate, places, by):
    """Derivatives of the log-odds of each option but the first, by rates and by weights."""
    n_others, size, n_lanes = by.shape
    n_rates = size - len(x) - n_others
    for o in range(n_others):
        start = (o + 1) * n_lanes
        for q in range(len(of_rate)):
            found, own = by[o, of_rate[q]], sensitivity[q]
            if places[q]:
                for j in range(n_lanes):
                    found[j] = own[start + j] - own[j]
            else:
                for j in range(n_lanes):
                    found[j] += own[start + j] - own[j]
        for m in range(len(x)):
            found, own = by[o, n_rates + m], x[m]
            for j in range(n_lanes):
                found[j] = own[start + j] - own[j]


@part
def _count_two(by, error, root, slopes, rows):
    """Add to the gradient, and fill in rows whose squares are the covariance of the gradient."""
    for a in range(len(by)):
        own, added, filled = by[a], slopes[a], rows[a]
        for j in range(len(own)):
            added[j] += error[j] * own[j]
            filled[j] = root[j] * own[j]


@part
def _count_many(by, p, error, root, slopes, rows):
    """Do the same as `_count_two` for more options."""
    n_others, size, n_lanes = by.shape
    mean = np.empty(n_lanes)
    for a in range(size):
        added, filled = slopes[a], rows[a]
        mean[:] = 0.0
        for o in range(n_others):
            own, chance, missed = by[o, a], p[o + 1], error[o + 1]
            for j in range(n_lanes):
                added[j] += missed[j] * own[j]
                mean[j] += chance[j] * own[j]
        for j in range(n_lanes):
            filled[j] = -root[0, j] * mean[j]
        for o in range(n_others):
            own, share, start = by[o, a], root[o + 1], (o + 1) * n_lanes
            for j in range(n_lanes):
                filled[start + j] = share[j] * (own[j] - mean[j])


@part
def _move(which, falling, target, edges, of_group, of_rate, rates, weights, x, sensitivity):
    """Move all traces, and their derivatives by the rates, to the next row."""
    n_wide, after = target.shape[1], 0
    error, rate, kind = np.empty(n_wide), np.empty(n_wide), np.empty(n_wide)
    for g in range(len(edges) - 1):
        before = after
        while after < len(of_group) and of_group[after] == g:
            after += 1
        if before == after:  # traces that are given, or never move
            continue
        error[:] = 0.0
        for m in range(edges[g], edges[g + 1]):
            weight, aim, now = weights[m], target[m], x[m]
            for j in range(n_wide):
                error[j] += weight * (aim[j] - now[j])
        _find_kinds(which[g], falling[g], error, weights[edges[g]] >= 0, kind)
        rate[:] = 0.0
        for q in range(before, after):
            own, number, along = rates[of_rate[q]], float(of_rate[q]), sensitivity[q]
            for j in range(n_wide):
                rate[j] += own if kind[j] == number else 0.0
        for m in range(edges[g], edges[g + 1]):
            aim, now = target[m], x[m]
            for j in range(n_wide):
                now[j] += rate[j] * (aim[j] - now[j])
        for q in range(before, after):
            number, along = float(of_rate[q]), sensitivity[q]
            for j in range(n_wide):
                moved = error[j] if kind[j] == number else 0.0
                along[j] += moved - rate[j] * along[j]


@part
def _find_kinds(rises, falls, error, lead, kind):
    """Find the number of the rate that moves each trace."""
    for j in range(len(kind)):
        kind[j] = rises[j]
    if len(falls):
        for j in range(len(kind)):
            if (error[j] < 0) if lead else (error[j] > 0):
                kind[j] = falls[j]
