"""Starting values of GRU and LSTM, and which entries are decayed or scaled."""

import numpy as np
import pytest
import torch

from neuroalrnn.model import scale_inputs, unscale_inputs
from neuroalrnn.peers import _torch_scan as torch_scan
from neuroalrnn.peers.networks import _decayed_entries, _draw_gru, _draw_lstm, _frozen_entries
from tests.model.scaled import make_inputs, make_scaling, standardised

DRAWS = pytest.mark.parametrize("draw", [_draw_gru, _draw_lstm])


def drawn(draw, n_latent=16, n_features=3, offset=(0.3,), seed=0):
    return draw(n_latent, n_features, offset=offset, rng=np.random.default_rng(seed))


def with_model_axis(weights):
    return type(weights)(*(part[None] for part in weights))


@DRAWS
def test_recurrent_weights_start_like_those_of_torch(draw):
    """Uniform within 1 / sqrt(n_latent): the ends are reached and the variance is a third."""
    weight = drawn(draw, n_latent=64).recurrent_weight
    assert weight.abs().max() == pytest.approx(1 / 8, rel=1e-3)
    assert weight.var() == pytest.approx(1 / 64 / 3, rel=0.05)


@DRAWS
def test_input_weights_have_variance_one_over_features(draw):
    assert drawn(draw, 200, 10).input_weight.var() == pytest.approx(0.1, rel=0.05)


@DRAWS
def test_states_start_at_zero_and_the_offset_as_given(draw):
    weights = drawn(draw, offset=[0.3, -1.0])
    starts = [getattr(weights, name) for name in weights._fields if name.startswith("initial")]
    assert not any(start.any() for start in starts)
    assert weights.offset.tolist() == [0.3, -1.0]
    assert {part.dtype for part in weights} == {torch.float64}


def test_the_forget_gates_of_an_lstm_and_no_others_start_open():
    assert drawn(_draw_lstm).bias.eq(1).nonzero().flatten().tolist() == list(range(16, 32))


@DRAWS
def test_one_seed_draws_the_same_numbers_another_others(draw):
    one, again, other = drawn(draw), drawn(draw), drawn(draw, seed=1)
    assert all(map(torch.equal, one, again))
    assert not torch.equal(one.recurrent_weight, other.recurrent_weight)


@DRAWS
def test_without_features_there_is_still_a_network(draw):
    assert drawn(draw, n_features=0).input_weight.shape[1] == 0


@DRAWS
def test_matrices_are_decayed_and_nothing_is_frozen(draw):
    weights = with_model_axis(drawn(draw))
    decayed = _decayed_entries(weights)
    names = {name for name in weights._fields if getattr(decayed, name).any()}
    assert names == {"input_weight", "recurrent_weight", "readout"}
    assert all(getattr(decayed, name).all() for name in names)
    assert not any(part.any() for part in _frozen_entries(weights))


@DRAWS
def test_scaled_input_weights_act_like_scaled_inputs(draw):
    weights = with_model_axis(drawn(draw, n_features=4))
    scaling, inputs = make_scaling(1), make_inputs((2, 9))
    call = torch.tensor([[0, 1]]), torch.tensor([9, 9]), torch.arange(9)
    folded = scale_inputs(weights, scaling)
    found = torch_scan.scan(folded, inputs, *call)
    expected = torch_scan.scan(weights, standardised(inputs, scaling, 0), *call)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)
    for back, part in zip(unscale_inputs(folded, scaling), weights, strict=True):
        torch.testing.assert_close(back, part, rtol=1e-12, atol=1e-12)


@DRAWS
def test_every_parameter_has_a_gradient(draw):
    weights = with_model_axis(drawn(draw))
    weights = type(weights)(*(part.requires_grad_() for part in weights))
    inputs = torch.from_numpy(np.random.default_rng(1).normal(size=(2, 9, 3)))
    call = torch.tensor([[0, 1]]), torch.tensor([9, 9]), torch.arange(9)
    gradients = torch.autograd.grad(torch_scan.scan(weights, inputs, *call).sin().sum(), weights)
    assert all(gradient.ne(0).all() for gradient in gradients)
