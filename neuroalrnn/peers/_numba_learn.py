"""What GRUs and LSTMs learn by: scores of choices and their gradients, with little beside them.

An update of small networks takes a millisecond. So all that does not change from update to update
is prepared once, and neither arguments are checked nor is a graph of operations kept.
"""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import torch

from neuroalrnn.ops import trim
from neuroalrnn.ops.numba_blocks import as_array, cut_blocks, find_reads
from neuroalrnn.ops.numba_chunks import CHUNK, Blocks, add_rows
from neuroalrnn.peers._kernels import learn_blocks
from neuroalrnn.peers._numba_scan import as_cells, lay_out_scan, unpack
from neuroalrnn.peers.contract import GRUWeights, LSTMWeights, check_gated_scan


class Learner:
    """The log-likelihood of choices between two options, and its gradient.

    Parameters
    ----------
    weights : GRUWeights or LSTMWeights
        Of as many inputs as there are; only shapes and types count.
    inputs, n_steps, read_steps : Tensor
        As in a scan; with one output.
    sides : Tensor, shape (read step, sequence)
        1 or -1 where one or the other option was chosen, 0 where nothing is scored.
    """

    def __init__(
        self,
        weights: GRUWeights | LSTMWeights,
        inputs: torch.Tensor,
        n_steps: torch.Tensor,
        read_steps: torch.Tensor,
        sides: torch.Tensor,
    ):
        nothing = torch.empty(len(weights.bias), 0, dtype=torch.int64)
        check_gated_scan(weights, inputs, nothing, n_steps, read_steps)
        self.layout = lay_out_scan(weights, inputs)
        self.shape = len(inputs), trim(inputs, read_steps).shape[1], inputs.shape[2]
        self.n_steps = as_array(n_steps)
        read = find_reads(inputs.shape[1], read_steps)
        self.data = as_array(inputs), read, as_array(sides)
        size = self.layout.sums - self.layout.z
        n_chunks = -(-min(int(n_steps.max()), self.shape[1]) // CHUNK)
        self.memory = inputs.new_empty(self.layout.end + n_chunks * size).numpy()
        self.n_sums = (self.layout.eta - self.layout.sums) // self.layout.width
        places = unpack(torch.arange(self.n_sums)[None], self.layout)
        self.places = [places[name][0] for name in weights._fields]

    def cut(self, lanes: np.ndarray) -> Iterator[Blocks]:
        """Cut the lanes of many updates into blocks.

        Parameters
        ----------
        lanes : int array, shape (update, model, lane)
            Sequences that each model runs over, -1 for the last.

        Yields
        ------
        Blocks
            Those of an update.
        """
        n_updates, n_models, n_lanes = lanes.shape
        lanes = lanes.reshape(-1, n_lanes)
        blocks = cut_blocks(lanes, self.n_steps, self.shape, self.layout)
        ends = np.searchsorted(blocks.model, np.arange(n_updates + 1) * n_models)
        blocks = blocks._replace(model=blocks.model % n_models)
        for begin, end in pairwise(ends):
            yield Blocks(*(part[begin:end] for part in blocks))

    def __call__(
        self, weights: GRUWeights | LSTMWeights, blocks: Blocks, share: torch.Tensor
    ) -> tuple[torch.Tensor, GRUWeights | LSTMWeights]:
        """Compute the score of every model, and its gradient.

        Parameters
        ----------
        weights : GRUWeights or LSTMWeights
            Those that act on the inputs as they are.
        blocks : Blocks
            Lanes of an update.
        share : Tensor, shape (model,)
            What the gradient is multiplied by.

        Returns
        -------
        score : Tensor, shape (model,)
            Summed over scored choices, nats.
        gradient : GRUWeights or LSTMWeights
        """
        total = share.new_zeros(len(share), self.n_sums)
        out = share.new_empty(len(blocks.model), self.n_sums).numpy()
        call = blocks, self.layout, as_cells(weights), *self.data, self.memory, out
        learn_blocks(0, len(out), *call)
        add_rows(total.numpy(), blocks.model, out)
        shared = total * share[:, None]
        return total[:, -1], type(weights)(*(shared[:, place] for place in self.places))
