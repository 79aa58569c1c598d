"""Cues, segments, null networks and p values against brute force."""

import dataclasses

import numpy as np
import pytest
from scipy import stats

from neuroalrnn.data import encode
from neuroalrnn.exceptions import DataError, NotTestableError
from neuroalrnn.mechanism.primitives._cues import read_cue
from neuroalrnn.mechanism.primitives._nulls import (
    choose_radius,
    null_p,
    random_network,
    run_random_network,
    sign_p,
)
from neuroalrnn.mechanism.primitives._segments import (
    cut_segments,
    next_read,
    read_segments,
    run_segments,
)
from neuroalrnn.network.maps import compute_jacobian
from neuroalrnn.network.run import compute_latents
from neuroalrnn.tasks import addition, flip_flop, integration, simulate_known
from neuroalrnn.tasks.simulate import ENCODING


def every_step(sequences):
    return sequences.trial >= 0


def sessions(simulated, n_sequences=6, n_steps=9):
    """Sequences of several trials of three steps."""
    sequences = simulated(addition(n_steps), n_trials=n_sequences, n_subjects=1)
    trial = np.arange(n_steps) // 3 + 10 * np.arange(n_sequences)[:, None]
    return dataclasses.replace(sequences, trial=trial)


def test_labelled_steps_are_those_that_can_be_used(simulated):
    sequences = simulated(flip_flop(), n_trials=10)
    cue = np.full(sequences.trial.shape, np.nan)
    cue[:, :3] = [0, 1, 1]
    cue[1, :3] = [1, np.nan, 1]
    usable = every_step(sequences)
    usable[0, 2] = False
    found = read_cue(cue, sequences, usable=usable)
    assert found.sequence[:5].tolist() == [0, 0, 1, 1, 2]
    assert found.step[:5].tolist() == [0, 1, 0, 2, 0]
    assert found.label[:5].tolist() == [0, 1, 1, 1, 0]


def test_trials_take_the_labels_of_another_trial_of_the_subject(simulated):
    sequences = simulated(addition(), n_trials=12)
    course = np.random.default_rng(0).integers(0, 2, (48, 9))
    cue = np.full(sequences.trial.shape, np.nan)
    cue[:, :9] = course
    found = read_cue(cue, sequences, usable=every_step(sequences))
    assert found.kind == "trials"
    drawn = found.permute(400, np.random.default_rng(1)).reshape(400, 4, 12, 9)
    own = course.reshape(4, 12, 9)
    for subject in range(4):
        expected = sorted(map(tuple, own[subject]))
        assert all(sorted(map(tuple, one[subject])) == expected for one in drawn)
        means = np.broadcast_to(own[subject].mean(axis=0), (12, 9))
        np.testing.assert_allclose(drawn[:, subject].mean(axis=0), means, atol=0.12)


def test_trials_with_other_labelled_steps_are_not_exchanged(simulated):
    sequences = simulated(addition(), n_trials=20, n_subjects=1)
    cue = np.full(sequences.trial.shape, np.nan)
    cue[:10, 0] = np.arange(10) % 2
    cue[10:, 1] = np.arange(10) < 9
    found = read_cue(cue, sequences, usable=every_step(sequences))
    drawn = found.permute(50, np.random.default_rng(0))
    assert (drawn[:, :10].sum(axis=1) == 5).all()
    assert (drawn[:, 10:].sum(axis=1) == 9).all()


def test_labels_of_sessions_are_shifted_around(simulated):
    sequences = sessions(simulated)
    cue = np.random.default_rng(2).integers(0, 2, sequences.trial.shape).astype(float)
    cue[:, 4] = np.nan
    found = read_cue(cue, sequences, usable=every_step(sequences))
    assert found.kind == "shifts"
    drawn = found.permute(300, np.random.default_rng(3)).reshape(300, 6, 8)
    for row in range(6):
        own = np.delete(cue[row], 4)
        shifts = {tuple(np.roll(own, k)) for k in range(8)}
        assert {tuple(one) for one in drawn[:, row]} == shifts


def test_blocks_are_exchanged_as_wholes(simulated):
    sequences = sessions(simulated)
    block = sequences.trial
    label = np.random.default_rng(4).permutation(18)[np.unique(block, return_inverse=True)[1]] % 2
    label = label.reshape(block.shape)
    found = read_cue(label, sequences, usable=every_step(sequences), block=block)
    assert found.kind == "blocks"
    drawn = found.permute(500, np.random.default_rng(5)).reshape(500, 18, 3)
    assert (drawn == drawn[:, :, :1]).all()
    assert (drawn[:, :, 0].sum(axis=1) == 9).all()
    np.testing.assert_allclose(drawn.mean(axis=0), 0.5, atol=0.1)
    wrong = np.arange(9) % 2 * np.ones(block.shape)
    with pytest.raises(DataError, match="changes inside a block"):
        read_cue(wrong, sequences, usable=every_step(sequences), block=block)


def test_unusable_cues(simulated):
    sequences = simulated(addition(), n_trials=5)
    usable = every_step(sequences)
    with pytest.raises(DataError, match=r"expected two labels, found 3"):
        read_cue(np.arange(20) % 3, sequences, usable=usable)
    with pytest.raises(NotTestableError, match=r"1\.0: 2"):
        read_cue(np.r_[np.ones(2), np.zeros(18)], sequences, usable=usable)
    with pytest.raises(DataError, match="shape"):
        read_cue(np.zeros(7), sequences, usable=usable)


def test_next_read_is_found_by_looking(simulated):
    sequences = simulated(flip_flop(), n_trials=10)
    target = np.where(np.random.default_rng(0).random(sequences.trial.shape) < 0.3, 1.0, np.nan)
    sequences = dataclasses.replace(sequences, target=target)
    for ahead in (0, 2):
        found = next_read(sequences, ahead)
        for row in range(len(target)):
            for step in range(target.shape[1]):
                later = [
                    t
                    for t in range(step, target.shape[1])
                    if np.isfinite(target[row, t]) and sequences.trial[row, t] >= 0
                ]
                expected = later[ahead] if len(later) > ahead else -1
                assert found[row, step] == expected


def test_segments_run_as_the_sequences_that_they_are_cut_from(simulated):
    known = addition()
    sequences = simulated(known, n_trials=10)
    latents = compute_latents(known.network, sequences)
    sequence, start = np.repeat(np.arange(40), 2), np.tile([0, 4], 40)
    end = start + np.tile([2, 0], 40)
    segments = cut_segments(known.network, sequences, latents, sequence, start, end)
    found = run_segments(known.network, segments)
    np.testing.assert_array_equal(found[::2], latents[:, :3])
    np.testing.assert_array_equal(found[1::2, 0], latents[:, 4])
    assert np.isnan(found[1::2, 1:]).all()
    expected = latents[sequence, end] @ known.network.readout.T
    np.testing.assert_allclose(read_segments(known.network, segments), expected)


@pytest.mark.parametrize("n_pwl", [0, 1, 3])
def test_random_networks_have_the_radius_and_the_size_that_was_asked_for(n_pwl):
    network = integration().network
    drawn = [
        random_network(network, 0.9, np.random.default_rng(seed), n_pwl=n_pwl)
        for seed in range(300)
    ]
    for one in drawn[:20]:
        radii = [
            np.abs(np.linalg.eigvals(compute_jacobian(one, code))).max() for code in range(2**n_pwl)
        ]
        np.testing.assert_allclose(max(radii), 0.9)
        assert one.n_pwl == n_pwl
        np.testing.assert_array_equal(one.offset, network.offset)
    squares = np.mean([one.input_weight**2 for one in drawn], axis=(0, 1))
    np.testing.assert_allclose(squares, (network.input_weight**2).mean(axis=0), rtol=0.2)


def test_radius_is_that_of_visited_regimes_within_bounds():
    network = integration().network
    assert choose_radius(network, np.array([0, -1]), 5) == 1
    slow = network._replace(weight=network.weight * 0.9)
    np.testing.assert_allclose(choose_radius(slow, np.array([0, 1]), 5), 0.9)
    np.testing.assert_allclose(choose_radius(slow, np.array([0, 1]), 20), np.exp(-1 / 20))


def test_random_networks_of_many_pwl_units_do_not_list_all_regimes():
    network, rng = integration().network, np.random.default_rng(0)
    sizes = {"self_slope": (40,), "bias": (40,), "initial": (40,), "weight": (40, 40)}
    sizes |= {"input_weight": (40, network.input_weight.shape[1])}
    sizes |= {"readout": (*network.readout.shape[:-1], 40)}
    large = network._replace(
        n_pwl=40, **{name: rng.standard_normal(size) for name, size in sizes.items()}
    )
    drawn = random_network(large, 0.9, rng)
    assert drawn.n_pwl == 40
    assert np.abs(np.linalg.eigvals(compute_jacobian(drawn, 2**40 - 1))).max() < 2


def test_random_networks_that_explode_are_refused(simulated):
    sequences = simulated(addition(n_steps=30), n_trials=5)
    with pytest.raises(NotTestableError, match="50 in a row"):
        run_random_network(addition().network, sequences, 40.0, np.random.default_rng(0))


def test_p_values():
    assert null_p(0.5, np.r_[np.zeros(96), 0.5, 0.7, 0.9]) == 4 / 100
    assert null_p(0.0, np.zeros(19)) == 1
    values = np.array([1, 2, 3, -1, 0, 2, 5, 4, 0.0])
    np.testing.assert_allclose(sign_p(values), stats.binom.sf(5, 7, 0.5))
    assert sign_p(np.zeros(5)) == 1


def test_random_networks_do_not_depend_on_the_origin_of_inputs():
    """The same network on inputs that are stored with an offset draws the same regimes."""
    known = flip_flop()
    sequences = encode(simulate_known(known, 1, 20, rng=np.random.default_rng(0)), **ENCODING)
    offset = np.array([100.0, -3.0, 7.0])[: sequences.inputs.shape[-1]]
    real = (sequences.trial >= 0)[..., None]
    moved = dataclasses.replace(sequences, inputs=np.where(real, sequences.inputs + offset, 0.0))
    network = known.network
    other = network._replace(bias=network.bias - network.input_weight @ offset)
    (one, codes), (two, same) = (
        run_random_network(n, s, 0.9, np.random.default_rng(1))
        for n, s in ((network, sequences), (other, moved))
    )
    np.testing.assert_allclose(one.input_weight, two.input_weight)
    np.testing.assert_allclose(one.bias, two.bias + two.input_weight @ offset, atol=1e-9)
    np.testing.assert_array_equal(codes, same)
