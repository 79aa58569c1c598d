"""Latents recomputed with numpy are those that predicted."""

import numpy as np
import pytest
import torch
from scipy.special import expit

from neuroalrnn.exceptions import DataError
from neuroalrnn.mechanism.dynamics.spectra import compute_spectra
from neuroalrnn.mechanism.primitives._segments import Segments
from neuroalrnn.network.agent import NetworkAgent
from neuroalrnn.network.interventions import Intervention
from neuroalrnn.network.maps import compute_jacobian
from neuroalrnn.network.run import Network, compute_latents, compute_latents_together
from neuroalrnn.ops import Weights, reference
from neuroalrnn.regimes import compute_regimes
from neuroalrnn.regimes.held_out import compute_held_out_latents, compute_held_out_regimes
from neuroalrnn.results import Fit


def network(n_pwl, n_latent=5, n_features=3, seed=0):
    rng = np.random.default_rng(seed)
    shapes = [(n_latent,), (n_latent, n_latent), (n_latent, n_features), (n_latent,), (n_latent,)]
    values = [0.4 * rng.standard_normal(shape) for shape in shapes]
    return Network(n_pwl, *values, rng.standard_normal((1, n_latent)), np.zeros(1))


def test_numpy_latents_equal_the_reference(fit):
    sequences = fit.sequences
    for n_pwl in (0, 2, 5):
        one = network(n_pwl, n_features=len(sequences.features))
        tensors = [torch.as_tensor(np.asarray(value))[None] for value in one[1:6]]
        unit = torch.eye(5, dtype=torch.float64)[None], torch.zeros(1, 5, dtype=torch.float64)
        inputs, n_steps = torch.as_tensor(sequences.inputs), torch.as_tensor(sequences.n_steps)
        index = torch.arange(len(inputs))[None]
        expected = reference.scan(
            Weights(*tensors, *unit), torch.tensor([n_pwl]), inputs, index, n_steps,
            torch.arange(inputs.shape[1]),
        )  # fmt: skip
        found = compute_latents(one, sequences)
        np.testing.assert_allclose(found, expected[0].transpose(0, 1).numpy(), atol=1e-12)


@pytest.mark.parametrize("interventions", [None, [Intervention("none")]])
def test_sequences_of_unequal_length_can_start_from_states_of_their_own(interventions):
    rng = np.random.default_rng(1)
    n_steps = np.array([2, 5, 3])
    present = np.arange(5) < n_steps[:, None]
    inputs, starts = rng.standard_normal((3, 5, 3)), rng.standard_normal((3, 5))
    pieces = Segments(inputs, n_steps, np.where(present, 0, -1), starts)
    found = compute_latents(network(2)._replace(initial=starts), pieces, interventions)
    found = found if interventions is None else found[0]
    for i, start in enumerate(starts):
        agent, state = NetworkAgent(network(2)), start
        for t in range(n_steps[i]):
            state = agent.advance(state, inputs[i, t])
            np.testing.assert_allclose(found[i, t], state, atol=1e-12)


def test_networks_that_run_together_have_the_latents_of_each(monkeypatch):
    monkeypatch.setattr("neuroalrnn.network.run.AT_ONCE", 2)
    rng = np.random.default_rng(3)
    n_steps = np.array([2, 5, 3])
    present = np.arange(5) < n_steps[:, None]
    starts = rng.standard_normal((3, 5))
    pieces = Segments(rng.standard_normal((3, 5, 3)), n_steps, np.where(present, 0, -1), starts)
    networks = [network(0), network(2, seed=1)._replace(initial=starts), network(5, seed=2)]
    found = compute_latents_together(networks, pieces)
    expected = [compute_latents(each, pieces) for each in networks]
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_held_out_latents_give_the_saved_predictions(fit):
    latents = compute_held_out_latents(fit)
    predicted = fit.predictions["probability"].sel(model="AL-RNN", option="right").values
    for fold in range(fit.parameters.sizes["fold"]):
        here = fit.splits["fold"].values == fold
        one = fit.folds[fold].network
        eta = latents.sel(step="response").values[here] @ one.readout[0] + one.offset
        np.testing.assert_allclose(expit(eta), predicted[here], atol=1e-6)


def test_latents_of_a_fold_are_kept_and_cannot_be_written_to(fit):
    latents = fit.folds[1].latents
    np.testing.assert_array_equal(latents, compute_latents(fit.folds[1].network, fit.sequences))
    assert fit.folds[1].latents is latents
    with pytest.raises(ValueError, match="read-only"):
        latents[0] = 0


def test_latents_beyond_the_limit_are_computed_anew(fit, monkeypatch):
    other = Fit(fit.tree)
    size = fit.folds[0].latents.nbytes
    monkeypatch.setattr("neuroalrnn.results.fold.MOST_KEPT", 1.5 * size)
    kept = [other.folds[fold].latents is other.folds[fold].latents for fold in (0, 1)]
    assert kept == [True, False]
    np.testing.assert_array_equal(other.folds[1].latents, fit.folds[1].latents)


def test_a_trajectory_is_rebuilt_from_its_regimes_and_their_affine_maps(fit):
    sequences = fit.sequences
    one = network(3, n_features=len(sequences.features))
    latents = compute_latents(one, sequences)
    codes = compute_regimes(latents, one.n_pwl)
    drive = sequences.inputs @ one.input_weight.T + one.bias
    for t in range(1, latents.shape[1]):
        for sequence in range(len(latents)):
            J = compute_jacobian(one, codes[sequence, t - 1])
            rebuilt = J @ latents[sequence, t - 1] + drive[sequence, t]
            np.testing.assert_allclose(rebuilt, latents[sequence, t], atol=1e-12)


def test_held_out_regimes_use_only_the_network_that_never_saw_the_trial(fit):
    """Sabotage: changing a fold's parameters changes regimes of its own test trials only."""
    held_out = compute_held_out_regimes(fit)
    latents = compute_held_out_latents(fit)
    for fold in range(3):
        here = fit.splits["fold"].values == fold
        n_pwl = fit.folds[fold].network.n_pwl
        codes = compute_regimes(latents.values[here], n_pwl)
        labels = held_out.regimes.values[here]
        pairs = np.unique(np.stack([codes.ravel(), labels.ravel()], axis=1), axis=0)
        assert len(pairs) == len(np.unique(codes)) == len(np.unique(labels))


def test_labels_are_ordered_by_use_and_agreement_covers_all_pairs(fit):
    held_out = compute_held_out_regimes(fit)
    counts = np.bincount(held_out.regimes.values.ravel())
    assert (np.diff(counts) <= 0).all()
    assert len(held_out.agreement) == 3
    assert held_out.codes["n_steps"].sum() == held_out.regimes.size


def test_spectra_are_eigenvalues_of_the_visited_regimes(fit):
    table = compute_spectra(fit, compute_held_out_regimes(fit))
    row = table.iloc[0]
    J = compute_jacobian(fit.folds[row["fold"]].network, int(row["code"]))
    assert np.isclose(np.abs(np.linalg.eigvals(J)).max(), row["modulus"])
    assert len(table) == 4 * len(table.drop_duplicates(["fold", "regime"]))
    decaying = table[table["modulus"].between(1e-6, 1 - 1e-6)]
    np.testing.assert_allclose(np.exp(-1 / decaying["time_constant"]), decaying["modulus"])


def test_networks_that_are_not_there_are_refused(fit):
    for fold in (-1, 3, "fold 9"):
        with pytest.raises(DataError, match=r"fold: found .*, expected 0 to 2"):
            fit.folds[fold]
    with pytest.raises(DataError, match="n_pwl: found 7, expected one of 0, 2"):
        fit.folds[0].network_of(7)


def test_a_network_is_shown_by_its_sizes(fit):
    network = fit.folds[0].network
    sizes = f"n_latent=4, n_pwl={network.n_pwl}, n_features={network.input_weight.shape[1]}"
    assert repr(network) == f"Network({sizes}, n_outputs=1)"
