"""Cues as codes, and what exchanges their labels under the null."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from neuroalrnn.exceptions import DataError, NotTestableError, problems

FEWEST = 5


@dataclass(frozen=True)
class Cue:
    """Labelled steps of sequences, in the order of sequences and steps.

    Labels are exchanged as their memory allows (definition of this package): where sequences are
    single trials, each takes the labels of another one of the same subject with the same labelled
    steps; where blocks are given, these are exchanged as wholes within a subject; otherwise labels
    are shifted around within each sequence, by any number of labelled steps.

    Attributes
    ----------
    names : tuple of two labels
        In sorted order; they are coded 0 and 1.
    sequence, step, label : int array, shape (labelled step,)
    unit, group : int array, shape (labelled step,)
        What is exchanged, and within what; for shifts both are the sequence.
    kind : {"trials", "blocks", "shifts"}
    """

    names: tuple
    sequence: np.ndarray
    step: np.ndarray
    label: np.ndarray
    unit: np.ndarray
    group: np.ndarray
    kind: str

    def permute(self, n, rng):
        """Draw labels.

        Parameters
        ----------
        n : int
        rng : Generator

        Returns
        -------
        float array, shape (n, labelled step)
            0 or 1.
        """
        draw = {"trials": self._swap, "blocks": self._exchange, "shifts": self._shift}[self.kind]
        return draw(n, rng).astype(float)

    def _exchange(self, n, rng):
        """Labels of whole blocks."""
        first = np.unique(self.unit, return_index=True)[1]
        return self.label[first][_reorder(self.group[first], n, rng)][:, self.unit]

    def _swap(self, n, rng):
        """Courses of labels of whole trials; those of one group have the same length."""
        first, length = np.unique(self.unit, return_index=True, return_counts=True)[1:]
        donor = _reorder(self.group[first], n, rng)[:, self.unit]
        place = np.arange(len(self.unit)) - np.repeat(first, length)
        return self.label[first[donor] + place]

    def _shift(self, n, rng):
        first, length = np.unique(self.unit, return_index=True, return_counts=True)[1:]
        moved = np.floor(rng.random((n, len(first))) * length).astype(int)[:, self.unit]
        place = np.arange(len(self.unit)) - first[self.unit]
        return self.label[first[self.unit] + (place + moved) % length[self.unit]]


def read_cue(cue, sequences, *, usable, block=None) -> Cue:
    """Check a cue and find what may be exchanged.

    Parameters
    ----------
    cue : array, shape (sequence,) or (sequence, step)
        Two different labels; missing (NaN or None) at steps that do not belong to the epoch.
    sequences : Sequences
    usable : bool array, shape (sequence, step)
        Steps that can be tested; labels of others are left out.
    block : array, shape (sequence,) or (sequence, step), optional
        Blocks in which the cue stays the same.

    Returns
    -------
    Cue

    Raises
    ------
    DataError
    NotTestableError
        One of the labels occurs in fewer than five units (labelled steps, for shifts).
    """
    usable = usable & (sequences.trial >= 0)
    table = _labelled_steps(_on_steps(cue, sequences, "cue"), usable)
    names = sorted(table["label"].unique())
    if len(names) != 2:
        raise DataError(f"cue: expected two labels, found {len(names)}: {names[:6]}")
    label = (table["label"] == names[1]).to_numpy().astype(int)
    sequence, step = table["sequence"].to_numpy(), table["step"].to_numpy()
    if block is not None:
        block = _on_steps(block, sequences, "block")[sequence, step]
    unit, group, kind = _units(sequence, step, sequences, block)
    found = Cue(tuple(names), sequence, step, label, unit, group, kind)
    _refuse_few(found)
    return found


def _units(sequence, step, sequences, block):
    """What is exchanged, and within what."""
    subject = pd.factorize(np.asarray(sequences.subject))[0][sequence]
    if block is not None:
        unit = pd.MultiIndex.from_arrays([subject, block]).factorize()[0]
        return unit, subject, "blocks"
    unit = pd.factorize(sequence)[0]
    trial = np.where(sequences.trial >= 0, sequences.trial, sequences.trial[:, :1])
    if (trial != trial[:, :1]).any():
        return unit, unit, "shifts"
    steps = pd.Series(step).groupby(unit).agg(tuple).to_numpy()[unit]
    return unit, pd.MultiIndex.from_arrays([subject, steps]).factorize()[0], "trials"


def _reorder(group, n, rng):
    """Positions, exchanged within groups (n, position)."""
    order = np.argsort(group, kind="stable")
    drawn = np.argsort(group[order] + rng.random((n, len(group))), axis=1)
    positions = np.empty(drawn.shape, dtype=int)
    positions[:, order] = order[drawn]
    return positions


def _refuse_few(cue):
    pairs = pd.DataFrame({"unit": cue.unit, "label": cue.label})
    if cue.kind == "blocks" and (pairs.groupby("unit")["label"].nunique() > 1).any():
        raise DataError("cue: it changes inside a block; expected one label per block")
    if cue.kind != "shifts":
        pairs = pairs.drop_duplicates()
    counts = np.bincount(pairs["label"], minlength=2)
    if counts.min() < FEWEST:
        few = [f"{n}: {c}" for n, c in zip(cue.names, counts, strict=True) if c < FEWEST]
        raise problems(NotTestableError, f"cue: fewer than {FEWEST} {cue.kind} of a label", few)


def _on_steps(values, sequences, title):
    values, shape = np.asarray(values), sequences.trial.shape
    if values.shape not in (shape, shape[:1]):
        raise DataError(f"{title}: found shape {values.shape}, expected {shape} or {shape[:1]}")
    return np.broadcast_to(values if values.ndim == 2 else values[:, None], shape)


def _labelled_steps(cue, usable):
    sequence, step = np.nonzero(usable & ~pd.isna(cue))
    return pd.DataFrame({"sequence": sequence, "step": step, "label": cue[sequence, step]})
