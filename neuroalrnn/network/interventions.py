"""Interventions on a running network: another activation, or another state, at chosen steps.

An intervention says, for every step, which activation the PWL units have,

``phi_i(z) = above_i max(0, z) + below_i min(0, z) + shift_i``,

with the ReLU (1, 0, 0) wherever it says nothing; and at which steps the state is moved,
``z_t <- Q z_t + v_t``, before it is read out and passed on. Everything else stays as fitted: no
parameter is changed and nothing is trained again. The activation of step t acts on ``z_t``, and so
on ``z_{t+1}``; ``z_0`` belongs to no step.

Make interventions with the functions of `neuroalrnn.mechanism.ablation`; hand one, or a list of
them, to `neuroalrnn.network.run.compute_latents`.
"""

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from neuroalrnn.data.sequences import Sequences
from neuroalrnn.exceptions import DataError, problems

if TYPE_CHECKING:
    from neuroalrnn.network.run import Network

RELU = (0.0, 1.0, 0.0)
# an unstable network ends with a finite state, which predicts as badly as an infinite one
LARGEST = 1e100


@dataclass(frozen=True)
class Intervention:
    """One intervention. What is left at its default is not touched.

    Parameters
    ----------
    name : str
        What messages and tables call it.
    activations : array, shape (activation, 3, unit)
        ``below, above, shift`` of every PWL unit.
    used : int array, broadcastable to (sequence, step)
        Which of the `activations` acts on ``z_t``; -1 is the ReLU.
    used_at_start : int
        The same for ``z_0``.
    matrix : array, shape (latent, latent)
        ``Q``.
    value : array, broadcastable to (sequence, step, latent)
        ``v_t``.
    moved : bool array, broadcastable to (sequence, step)
        Steps at which the state is moved.
    moved_at_start : bool
        Whether ``z_0`` is; its ``v`` is that of the first step.
    """

    name: str
    activations: np.ndarray | None = None
    used: np.ndarray = field(default_factory=lambda: np.full((1, 1), -1))
    used_at_start: int = -1
    matrix: np.ndarray | None = None
    value: np.ndarray = field(default_factory=lambda: np.zeros((1, 1, 1)))
    moved: np.ndarray = field(default_factory=lambda: np.zeros((1, 1), dtype=bool))
    moved_at_start: bool = False


@dataclass(frozen=True)
class Acting:
    """Interventions laid out over the steps of some sequences; made by `lay_out`.

    Parameters
    ----------
    table : array, shape (activation, 3, unit)
        The ReLU first.
    used : int array, shape ([intervention,] sequence, step + 1)
        Row of the table; the start first.
    matrix : array, shape ([intervention,] latent, latent)
        ``Q`` of each intervention.
    value : array, shape ([intervention,] sequence or 1, step + 1 or 1, latent)
        ``v_t``; one sequence or step stands for all where they do not differ.
    moved : bool array, shape ([intervention,] sequence, step + 1)
        Whether the state is moved; the start first.
    """

    table: np.ndarray
    used: np.ndarray
    matrix: np.ndarray
    value: np.ndarray
    moved: np.ndarray

    @cached_property
    def parts(self) -> np.ndarray:
        """The table with parts and units in front, (3, unit, activation)."""
        return np.ascontiguousarray(np.moveaxis(self.table, 0, -1))

    @cached_property
    def is_moving(self) -> np.ndarray:
        """Whether anything is moved at a step, shape (step + 1,)."""
        return np.any(self.moved.reshape(-1, self.moved.shape[-1]), axis=0)

    @cached_property
    def is_changing(self) -> np.ndarray:
        """Whether any activation differs from that of the step before, shape (step + 1,)."""
        same = self.used[..., 1:] == self.used[..., :-1]
        return np.r_[True, ~same.reshape(-1, same.shape[-1]).all(axis=0)]

    def take(self, rows: np.ndarray) -> "Acting":
        """The same for some sequences, or for all of them in another order.

        Parameters
        ----------
        rows : int array, shape (row,)
            Positions of the sequences.

        Returns
        -------
        Acting
            The interventions over these sequences, in this order.
        """
        value = self.value if self.value.shape[-3] == 1 else self.value[..., rows, :, :]
        used, moved = self.used[..., rows, :], self.moved[..., rows, :]
        return replace(self, used=used, value=value, moved=moved)

    def bends(self, t: int) -> np.ndarray:
        """Slopes below and above 0, and shifts, of all PWL units.

        Parameters
        ----------
        t : int
            Step; -1 is the start.

        Returns
        -------
        array, shape (3, unit, [intervention,] sequence)
            One sequence stands for all where they do not differ.
        """
        used = self.used[..., t + 1]
        is_one = (used == used[..., :1]).all()
        return self.parts.take(used[..., :1] if is_one else used, axis=2)

    def activate(self, z: np.ndarray, bends: np.ndarray) -> np.ndarray:
        """Output of all units.

        Parameters
        ----------
        z : array, shape (latent, [intervention,] sequence)
            Of all sequences, or of the first of them.
        bends : array, shape (3, unit, [intervention,] sequence)
            See `bends`.

        Returns
        -------
        array, shape (latent, [intervention,] sequence)
            ``phi(z)`` of all units, the linear ones first.
        """
        n_linear = len(z) - self.table.shape[-1]
        below, above, shift = bends[..., : z.shape[-1]]
        last = z[n_linear:]
        phi = np.empty(z.shape)
        phi[:n_linear] = z[:n_linear]
        bent = phi[n_linear:]
        np.multiply(np.maximum(last, 0.0), above, out=bent)
        bent += np.minimum(last, 0.0) * below
        bent += shift
        return phi

    def move(self, z: np.ndarray, t: int) -> np.ndarray:
        """State after what is done to it at a step.

        Parameters
        ----------
        z : array, shape (latent, [intervention,] sequence)
            Of all sequences, or of the first of them.
        t : int
            Step of `z`; -1 is the start.

        Returns
        -------
        array, shape (latent, [intervention,] sequence)
            The moved state, cut off at 1e100 on both sides.
        """
        z = np.maximum(np.minimum(z, LARGEST), -LARGEST)
        if not self.is_moving[t + 1]:
            return z
        z = np.moveaxis(z, 0, -1)
        moved = self.moved[..., : z.shape[-2], t + 1]
        value = self.value[..., : z.shape[-2], min(t + 1, self.value.shape[-2] - 1), :]
        found = np.where(moved[..., None], z @ np.swapaxes(self.matrix, -1, -2) + value, z)
        return np.ascontiguousarray(np.moveaxis(found, -1, 0))


def lay_out(
    interventions: Intervention | list[Intervention], network: "Network", sequences: Sequences
) -> Acting:
    """Bring interventions to the steps of some sequences.

    Parameters
    ----------
    interventions : Intervention or list of Intervention
        A list makes arrays with a leading axis, so that all of them run at once.
    network : Network
        Trained network.
    sequences : Sequences
        Trials as encoded for the network.

    Returns
    -------
    Acting
        The interventions at every step, the start included.

    Raises
    ------
    DataError
        Naming every intervention that does not fit the network or the sequences.
    """
    several = [interventions] if isinstance(interventions, Intervention) else interventions
    shape, n_latent = sequences.trial.shape, len(network.bias)
    if found := _unfit(several, shape, n_latent, network.n_pwl):
        raise problems(DataError, "interventions", found)
    tables = [_table(each, network.n_pwl) for each in several]
    first = np.cumsum([1, *(len(each) for each in tables)])
    parts = (
        np.stack([_used(one, begin, shape) for one, begin in zip(several, first, strict=False)]),
        np.stack([np.eye(n_latent) if i.matrix is None else i.matrix for i in several]),
        _values(several, n_latent),
        np.stack([_with_start(i.moved, i.moved_at_start, shape) for i in several]),
    )
    relu = np.broadcast_to(np.array(RELU)[:, None], (1, 3, network.n_pwl))
    is_one = isinstance(interventions, Intervention)
    return Acting(np.concatenate([relu, *tables]), *(p[0] if is_one else p for p in parts))


def _unfit(several, shape, n_latent, n_pwl):
    found = [] if several else ["none given"]
    for each in several:
        n_units = n_pwl if each.activations is None else each.activations.shape[-1]
        expected = {
            "used": (each.used, shape),
            "moved": (each.moved, shape),
            "value": (each.value, (*shape, n_latent)),
            "matrix": (each.value if each.matrix is None else each.matrix, (n_latent, n_latent)),
        }
        if each.matrix is None:
            del expected["matrix"]
        if n_units != n_pwl:
            found.append(f"{each.name}: activations of {n_units} PWL units, expected {n_pwl}")
        found += [
            f"{each.name}: {name} has shape {array.shape}, expected {wanted}, or 1 where all alike"
            for name, (array, wanted) in expected.items()
            if not _fits(array.shape, wanted)
        ]
    return found


def _fits(shape, wanted):
    return len(shape) == len(wanted) and all(
        n in (1, m) for n, m in zip(shape, wanted, strict=True)
    )


def _table(intervention, n_pwl):
    activations = intervention.activations
    return np.empty((0, 3, n_pwl)) if activations is None else activations


def _used(intervention, begin, shape):
    """Rows of the common table, where those of this intervention begin at `begin`."""
    own = _with_start(intervention.used, intervention.used_at_start, shape)
    return np.where(own < 0, 0, own + begin).astype(np.int32)


def _with_start(values, start, shape):
    values = np.broadcast_to(values, shape)
    return np.concatenate([np.full((shape[0], 1), start), values], axis=1)


def _values(several, n_latent):
    """Values with the start in front, as short as they can be."""
    arrays = [np.concatenate([i.value[:, :1], i.value], axis=1) for i in several]
    arrays = [each[:, :1] if each.shape[1] == 2 else each for each in arrays]
    common = np.broadcast_shapes(*(each.shape for each in arrays), (1, 1, n_latent))
    return np.stack([np.broadcast_to(each, common) for each in arrays])
