"""Blocks of lanes for the CPU kernels, and threads that share them."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise
from typing import Protocol

import numpy as np
import torch

from neuroalrnn.ops.numba_chunks import CHUNK, Blocks, add_rows


class _Sizes(Protocol):
    width: int
    step: int


def cut_blocks(
    index: np.ndarray, n_steps: np.ndarray, shape: tuple[int, int, int], layout: _Sizes
) -> Blocks:
    """Sort the lanes of every model by length and cut them into blocks, without empty ones.

    Parameters
    ----------
    index : int array, shape (model, lane)
        Sequences that each model runs over.
    n_steps : int array, shape (sequence,)
        Length of each sequence.
    shape : tuple of int
        Number of sequences, steps and features of the inputs.
    layout : ScanLayout or CellLayout
        Has the number of lanes of a block (``width``), and of numbers of a step (``step``).

    Returns
    -------
    Blocks
        The blocks of all models.
    """
    n_models, n_lanes = index.shape
    n_blocks = -(-n_lanes // layout.width)
    n_sequences, longest, _ = shape
    length = np.minimum(n_steps[index].astype(np.int64), longest)
    order = np.argsort(-length, axis=1, kind="stable")
    row = np.arange(n_models)[:, None]
    cut = np.zeros((3, n_models, n_blocks * layout.width), dtype=np.int64)
    cut[:, :, :n_lanes] = order, length[row, order], index[row, order] % n_sequences
    lane, length, sequence = cut.reshape(3, -1, layout.width)
    n_steps = length.max(axis=1, initial=0)
    real = n_steps > 0
    start = np.append(0, np.cumsum(-(-n_steps[real] // CHUNK) * layout.step))
    model = np.repeat(np.arange(n_models), n_blocks)
    return Blocks(model[real], sequence[real], length[real], lane[real], start)


def share_blocks(run: Callable[[int, int], None], blocks: Blocks, threads: int) -> None:
    """Let threads work on ranges of blocks that take about the same time.

    Parameters
    ----------
    run : callable
        ``run(begin, end)`` works on some blocks.
    blocks : Blocks
        All blocks.
    threads : int
        Number of threads.
    """
    n_blocks = len(blocks.model)
    if threads == 1 or n_blocks < 2:
        run(0, n_blocks)
        return
    equal = np.linspace(0, blocks.start[-1], threads + 1)[1:-1]
    ends = [0, *np.searchsorted(blocks.start, equal).tolist(), n_blocks]
    first, *others = pairwise(ends)
    waiting = [pool().submit(run, *part) for part in others]
    run(*first)
    for each in waiting:
        each.result()


def sum_gradients(
    run: Callable[[int, int, np.ndarray], None],
    blocks: Blocks,
    threads: int,
    total: torch.Tensor,
) -> torch.Tensor:
    """Compute the gradients of all blocks, and sum them for each model in order.

    Parameters
    ----------
    run : callable
        ``run(begin, end, out)`` writes the gradients of some blocks to their rows of `out`.
    blocks : Blocks
        All blocks.
    threads : int
        Number of threads.
    total : Tensor, shape (model, gradient)
        Zeros.

    Returns
    -------
    Tensor, shape (model, gradient)
        `total`, with the sums.
    """
    out = total.new_empty(len(blocks.model), total.shape[1]).numpy()
    share_blocks(lambda begin, end: run(begin, end, out), blocks, threads)
    add_rows(total.numpy(), blocks.model, out)
    return total


def find_reads(n_steps: int, read_steps: torch.Tensor) -> np.ndarray:
    """Find the place of every step among those that are read.

    Parameters
    ----------
    n_steps : int
        Number of steps of the inputs.
    read_steps : Tensor of int, shape (read step,)
        Steps that are read.

    Returns
    -------
    int array, shape (step,)
        Places; -1 for steps that are not read.
    """
    places = np.full(n_steps, -1)
    places[read_steps.numpy()] = np.arange(len(read_steps))
    return places


@cache
def pool() -> ThreadPoolExecutor:
    """Return the threads of all calls, which start when they are needed.

    Returns
    -------
    ThreadPoolExecutor
        As many threads as the machine has cores.
    """
    return ThreadPoolExecutor(os.cpu_count())


# a forked process does not have the threads of its parent
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=pool.cache_clear)


def as_array(tensor: torch.Tensor) -> np.ndarray:
    """View a tensor as an array, without its gradient; it is copied if it is not contiguous.

    Parameters
    ----------
    tensor : Tensor
        On the CPU.

    Returns
    -------
    array
        Its numbers.
    """
    return tensor.detach().contiguous().numpy()
