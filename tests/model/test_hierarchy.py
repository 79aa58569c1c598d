"""Subject vectors: the limits (pooled, one model per subject), gauge, and gradients."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from neuroalrnn.config import Setting
from neuroalrnn.fit._penalties import with_latents
from neuroalrnn.model import stack
from neuroalrnn.model.hierarchy import (
    VARYING,
    SubjectWeights,
    _log_prior,
    _project,
    _scan_subjects,
    canonical_vectors,
    subject_architecture,
)
from neuroalrnn.ops import Weights, numba_cpu, reference
from tests.model.scaled import make_inputs, make_scaling, standardised

N_SUBJECTS, N_MODELS = 4, 2
SETTING = Setting(n_latent=5, initialisation="orthogonal")
N_PWL = torch.tensor([2, 0])
READ = torch.tensor([1, 3, 5])


def draw(n_dimensions, varying=VARYING, seed=0, n_features=3):
    of = subject_architecture(n_dimensions, varying)
    drawn = [
        of.draw(
            SETTING,
            int(p),
            n_features,
            offset=[0.2],
            is_known=np.ones(N_SUBJECTS),
            rng=np.random.default_rng([seed, int(p)]),
        )
        for p in N_PWL
    ]
    # large enough to matter
    weights = stack(drawn)
    return of, weights._replace(vectors=10 * weights.vectors)


@pytest.fixture
def observations():
    generator = torch.Generator().manual_seed(1)
    inputs = torch.randn(9, 6, 3, generator=generator, dtype=torch.float64)
    inputs[-1] = 0
    return SimpleNamespace(
        inputs=inputs,
        n_steps=torch.tensor([6, 6, 4, 6, 2, 6, 6, 5, 0]),
        subject=torch.tensor([0, 1, 1, 3, 2, 0, 3, 3, 0]),
    )


INDEX = torch.tensor([[0, 1, 2, 3, 5, -1], [6, 4, 3, 7, 7, 0]])


def by_hand(weights, observations, index=INDEX):
    """Every lane alone, with the parameters of its subject written out."""
    rows = []
    for model, lanes in enumerate(index.tolist()):
        for lane in lanes:
            subject = int(observations.subject[lane])
            known = weights.is_known[model]
            mean = (weights.vectors[model] * known[:, None]).sum(0) / known.sum()
            vector = weights.vectors[model, subject] - mean * known[subject]
            own = Weights(
                *(
                    (bar[model] + sum(v * b for v, b in zip(vector, by[model], strict=True)))[None]
                    for bar, by in zip(weights.group, weights.maps, strict=True)
                )
            )
            rows.append(
                reference.scan(own, N_PWL[model : model + 1], observations.inputs,
                               torch.tensor([[lane]]), observations.n_steps, READ)
            )  # fmt: skip
    eta = torch.cat(rows).unflatten(0, index.shape)
    return eta[:, :, :, 0].transpose(1, 2)


def test_every_lane_runs_with_the_parameters_of_its_subject(observations):
    _, weights = draw(2)
    weights = weights._replace(is_known=torch.tensor([[1.0, 1, 0, 1], [1, 1, 1, 1]]).double())
    found = _scan_subjects(weights, N_PWL, observations, INDEX, READ, reference.scan)
    torch.testing.assert_close(found, by_hand(weights, observations), rtol=0, atol=1e-12)
    fast = _scan_subjects(weights, N_PWL, observations, INDEX, READ, numba_cpu.scan)
    torch.testing.assert_close(fast, found, rtol=0, atol=1e-12)


def test_no_dimension_is_the_pooled_model(observations):
    _, weights = draw(0)
    found = _scan_subjects(weights, N_PWL, observations, INDEX, READ, reference.scan)
    pooled = reference.scan(
        weights.group, N_PWL, observations.inputs, INDEX, observations.n_steps, READ
    )
    torch.testing.assert_close(found, pooled, rtol=0, atol=1e-12)
    assert (_log_prior(weights) == 0).all()


def test_one_dimension_per_subject_is_a_model_per_subject(observations):
    """Gradients too: what moves a subject's own parameters is the gradient of its own lanes."""
    _, weights = draw(N_SUBJECTS)
    one_hot = torch.eye(N_SUBJECTS).double().expand(N_MODELS, -1, -1)
    maps = [by.clone().requires_grad_() for by in weights.maps]
    weights = SubjectWeights(*weights.group, one_hot, weights.is_known, *maps)
    eta = _scan_subjects(weights, N_PWL, observations, INDEX, READ, reference.scan)
    gradient = torch.autograd.grad(eta.square().sum(), maps)
    parts = []
    for subject in range(N_SUBJECTS):
        model = torch.arange(N_MODELS)
        own = _project(weights, model, torch.full((N_MODELS,), subject))
        leaves = [part.detach().requires_grad_() for part in own]
        lanes = torch.where(observations.subject[INDEX] == subject, INDEX, -1)
        alone = reference.scan(Weights(*leaves), N_PWL, observations.inputs, lanes,
                               observations.n_steps, READ)  # fmt: skip
        here = (lanes >= 0)[:, None, :, None].expand_as(alone)
        torch.testing.assert_close(alone[here], eta[here], rtol=0, atol=1e-12)
        parts.append(torch.autograd.grad(alone.square().sum(), leaves))
    for k, by in enumerate(gradient):
        own = torch.stack([part[k] for part in parts], dim=1)
        # vectors act around their mean
        expected = own - own.mean(1, keepdim=True)
        torch.testing.assert_close(by, expected, rtol=0, atol=1e-10)


def test_equal_vectors_predict_alike_and_a_stranger_is_the_average(observations):
    _, weights = draw(2)
    equal = weights._replace(vectors=weights.vectors[:, :1].expand(-1, N_SUBJECTS, -1))
    found = _scan_subjects(equal, N_PWL, observations, INDEX, READ, reference.scan)
    group = reference.scan(
        equal.group, N_PWL, observations.inputs, INDEX, observations.n_steps, READ
    )
    torch.testing.assert_close(found, group, rtol=0, atol=1e-12)
    vectors = weights.vectors * torch.tensor([1.0, 1, 0, 1])[:, None]
    stranger = weights._replace(
        vectors=vectors, is_known=torch.tensor([[1.0, 1, 0, 1]] * 2).double()
    )
    own = _project(stranger, torch.tensor([0]), torch.tensor([2]))
    for mine, bar in zip(own, weights.group, strict=True):
        torch.testing.assert_close(mine[0], bar[0])


def test_a_rotation_of_the_vectors_changes_nothing(observations):
    _, weights = draw(2)
    turn = torch.tensor([[0.6, -0.8], [0.8, 0.6]], dtype=torch.float64)
    maps = [torch.einsum("gf,mf...->mg...", turn.T, by) for by in weights.maps]
    turned = SubjectWeights(*weights.group, weights.vectors @ turn, weights.is_known, *maps)
    torch.testing.assert_close(
        *(_scan_subjects(w, N_PWL, observations, INDEX, READ, reference.scan)
          for w in (weights, turned)), rtol=0, atol=1e-12,
    )  # fmt: skip
    torch.testing.assert_close(_log_prior(weights), _log_prior(turned))
    np.testing.assert_allclose(canonical_vectors(weights), canonical_vectors(turned), atol=1e-10)
    assert not np.allclose(weights.centred, turned.centred)


def test_canonical_places_are_centred_and_along_orthogonal_axes():
    places = canonical_vectors(draw(2)[1])
    np.testing.assert_allclose(places.mean(axis=1), 0, atol=1e-12)
    covariance = np.einsum("msf,msg->mfg", places, places)
    np.testing.assert_allclose(covariance[:, 0, 1], 0, atol=1e-10)
    assert (covariance[:, 0, 0] >= covariance[:, 1, 1]).all()


def test_a_draw_starts_strangers_at_the_average():
    of = subject_architecture(2, VARYING)
    drawn = of.draw(
        SETTING, 1, 3, offset=[0.0], is_known=np.array([True, False, True, True]),
        rng=np.random.default_rng(0),
    )  # fmt: skip
    assert (drawn.vectors[1] == 0).all()
    assert (drawn.vectors[[0, 2, 3]] != 0).all()


def test_gradients(observations):
    _, weights = draw(2)
    weights = weights._replace(is_known=torch.tensor([[1.0, 1, 0, 1], [1, 1, 1, 1]]).double())

    def compute(*parts):
        parts = list(parts)
        parts.insert(8, weights.is_known)
        own = SubjectWeights(*parts)
        return _scan_subjects(own, N_PWL, observations, INDEX, READ, reference.scan), _log_prior(
            own
        )

    leaves = [p.clone().requires_grad_() for k, p in enumerate(weights) if k != 8]
    assert torch.autograd.gradcheck(compute, leaves)


def test_only_what_may_vary_is_trained():
    of, weights = draw(2, varying=("bias", "self_slope"))
    frozen = of.frozen(weights, N_PWL, SETTING)
    assert frozen.is_known.all()
    assert not frozen.vectors.any()
    assert not frozen.by_bias.any()
    assert frozen.by_weight.all()
    assert (weights.by_weight == 0).all()
    # a of linear units lives in W under the "reduced" convention
    expected = torch.tensor([[True] * 3 + [False] * 2, [True] * 5])
    assert torch.equal(frozen.by_self_slope, expected[:, None].expand(-1, 2, -1))


def test_input_scales_reach_group_and_maps(observations):
    of, weights = draw(2, n_features=4)
    scaling, inputs = make_scaling(N_MODELS), make_inputs((9, 6))
    observations = SimpleNamespace(**vars(observations) | {"inputs": inputs})
    scaled = of.scale_inputs(weights, scaling)
    for model in range(N_MODELS):
        one = type(weights)(*(part[model : model + 1] for part in scaled))
        other = type(weights)(*(part[model : model + 1] for part in weights))
        standard = standardised(inputs, scaling, model)
        scaled_by_hand = SimpleNamespace(**vars(observations) | {"inputs": standard})
        index, n_pwl = INDEX[model : model + 1], N_PWL[model : model + 1]
        torch.testing.assert_close(
            _scan_subjects(one, n_pwl, observations, index, READ, reference.scan),
            _scan_subjects(other, n_pwl, scaled_by_hand, index, READ, reference.scan),
        )


@pytest.mark.parametrize("n_outputs", [1, 3])
def test_penalised_latents_are_those_of_the_subject(observations, n_outputs):
    """The read-out may vary over subjects; the latents behind it are read as they are."""
    _, weights = draw(2)
    if n_outputs > 1:
        weights = weights._replace(
            readout=weights.readout.expand(-1, n_outputs, -1),
            offset=weights.offset.expand(-1, n_outputs),
            by_readout=weights.by_readout.expand(-1, -1, n_outputs, -1),
            by_offset=weights.by_offset.expand(-1, -1, n_outputs),
        )
    unit = torch.eye(5).double().expand(N_MODELS, -1, -1)
    zeros = torch.zeros(N_MODELS, 2, 5, 5).double()
    bare = weights._replace(
        readout=unit, offset=torch.zeros(N_MODELS, 5).double(), by_readout=zeros,
        by_offset=zeros[:, :, 0],
    )  # fmt: skip
    read, plain, latents = (
        _scan_subjects(w, N_PWL, observations, INDEX, READ, reference.scan)
        for w in (with_latents(weights), weights, bare)
    )
    torch.testing.assert_close(read[..., :n_outputs], plain)
    torch.testing.assert_close(read[..., n_outputs:], latents)


def test_neither_offset_nor_unit_of_an_input_moves_the_vectors():
    of, weights = draw(2, n_features=4)
    scaling = make_scaling(N_MODELS)
    found = canonical_vectors(of.scale_inputs(weights, scaling), scaling)
    np.testing.assert_allclose(found, canonical_vectors(weights), atol=1e-12)
