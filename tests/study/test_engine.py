"""How models share threads and memory."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from neuroalrnn.config import Setting
from neuroalrnn.ops import BACKENDS
from neuroalrnn.study.engine import Engine

SETTING = Setting(n_latent=4, batch_size=32)
OBSERVATION_MODELS = SimpleNamespace(
    inputs=torch.zeros(9, 10, 2), read_steps=torch.arange(10), observation_model=None
)


def split(threads, memory, *, n_groups=10, size=3, held_out=5, backend="torch_eager", **observed):
    jobs = SimpleNamespace(
        group=np.repeat(np.arange(n_groups), size),
        validate=[np.arange(held_out)] * (n_groups * size),
    )
    engine = Engine(BACKENDS[backend], "named", threads, memory)
    observations = SimpleNamespace(**vars(OBSERVATION_MODELS) | observed)
    members, at_once = engine.split(jobs, observations, SETTING)
    assert np.array_equal(np.concatenate(members), np.arange(n_groups * size))
    for models in members:
        groups = jobs.group[models]
        assert len(models) == size * len(np.unique(groups)), "a group was parted"
    return [len(models) for models in members], at_once


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_with_memory_enough_every_thread_has_one_chunk(threads):
    sizes, at_once = split(threads, 2**40)
    assert (len(sizes), at_once) == (threads, threads)


def test_there_are_no_more_chunks_than_groups():
    assert split(8, 2**40, n_groups=2) == ([3, 3], 2)
    assert split(8, 2**40, n_groups=1) == ([3], 1)


def test_memory_for_less_than_a_group_trains_one_group_after_the_other():
    assert split(4, 1) == ([3] * 10, 1)


@pytest.mark.parametrize("groups_at_once", [1, 2, 3, 5, 7])
@pytest.mark.parametrize("threads", [1, 2, 4])
def test_what_is_trained_at_once_fits_into_memory(groups_at_once, threads):
    # 32 lanes of 10 steps: 12 numbers of latents a step in torch, 18 of the likelihood
    group = 3 * 32 * 10 * (12 + 18) * 4
    sizes, at_once = split(threads, groups_at_once * group)
    assert max(sizes) / 3 * at_once <= groups_at_once
    assert at_once == min(threads, groups_at_once)


def test_long_validation_and_backends_that_keep_more_take_more_memory():
    memory = 2**20
    assert max(split(1, memory, held_out=500)[0]) < max(split(1, memory)[0])
    assert max(split(1, memory)[0]) < max(split(1, memory, backend="numba_cpu")[0])


def test_every_output_of_an_observation_model_takes_memory():
    joint = SimpleNamespace(outputs=("choice.logit", "rt.location", "rt.log_scale"))
    # one group with one output takes 12 + 18 numbers, with three 12 + 3 * 18
    memory = 2 * 3 * 32 * 10 * (12 + 3 * 18) * 4
    assert max(split(1, memory, observation_model=joint)[0]) == 2 * 3
    assert max(split(1, memory)[0]) == 4 * 3
