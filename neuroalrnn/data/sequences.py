"""Padded sequences of steps, and the way back from a step to its trial."""

from dataclasses import dataclass, field, replace

import numpy as np

# where an input is present: at every step, or where a feature with such a name is 1
ALWAYS, PRESENT = "", "present="


@dataclass(frozen=True)
class Sequences:
    """What a recurrent model runs over: padded arrays, numpy only.

    Parameters
    ----------
    inputs : ndarray, shape (sequence, step, feature), float64
        Values of the features, 0 in padding.
    target : ndarray, shape (sequence, step), float64
        Choice code at the read-out step, NaN elsewhere.
    scored : ndarray, shape (sequence, step), bool
        True only at the read-out step of a scored trial with a choice; in trials without choices,
        at every scored step of their targets.
    trial, step_in_trial : ndarray, shape (sequence, step), int
        Index into the trials, step within that trial; -1 in padding.
    n_steps : ndarray, shape (sequence,), int
        Length without padding.
    subject, session : ndarray, shape (sequence,), str
        Labels of the sequence.
    features, steps, labels : tuple of str
        Names of the inputs; names of the steps of a trial; labels of the choice in code order.
    steps_to_choice : dict of str to int
        Steps between an input and the first choice it reaches. An input with 0 steps acts on the
        choice only linearly.
    steps_to_next_choice : dict of str to int
        Steps between an input and the choice of the next trial, where the input reaches it. This is
        the first choice that is reached by what is known only after a choice.
    notes : tuple of str
        Sentences on the encoding: what was lost, and what acts only linearly.
    n_trials : int
        Number of trials of the encoded dataset.
    observed : dict of str to ndarray, shape (sequence, step), float64
        Further values of trials at their read-out steps, NaN elsewhere; see `observe`. Trials
        without choices bring their targets, one for each output, at scored steps.
    present_at : dict of str to str
        For every feature that models get centred and scaled, the 0/1 feature that is 1 at the steps
        where it is present: the marker of an event, or a feature of its own, such as
        ``"present=cue"``, which stand last; "" where it is present at every step.
    """

    inputs: np.ndarray
    target: np.ndarray
    scored: np.ndarray
    trial: np.ndarray
    step_in_trial: np.ndarray
    n_steps: np.ndarray
    subject: np.ndarray
    session: np.ndarray
    features: tuple[str, ...]
    steps: tuple[str, ...]
    labels: tuple[str, ...]
    steps_to_choice: dict[str, int]
    steps_to_next_choice: dict[str, int]
    notes: tuple[str, ...]
    n_trials: int
    observed: dict[str, np.ndarray] = field(default_factory=dict)
    present_at: dict[str, str] = field(default_factory=dict)

    @property
    def n_own(self) -> int:
        """Number of features, without those that mark where others are present."""
        return len(self.features) - len(self.presence)

    @property
    def presence(self) -> list[str]:
        """Features with a 0/1 feature of their own, which marks where they are present."""
        carriers = dict.fromkeys(self.present_at.values())
        return [name.removeprefix(PRESENT) for name in carriers if name.startswith(PRESENT)]

    @property
    def place(self) -> dict[str, int]:
        """Column of every feature in ``inputs``."""
        return {name: k for k, name in enumerate(self.features)}

    def take(self, index: np.ndarray) -> "Sequences":
        """Keep some sequences, without steps that are padding in all of them.

        Parameters
        ----------
        index : ndarray
            Positions of sequences, or a mask, shape (sequence,).

        Returns
        -------
        sequences : Sequences
            Those that are kept. Trial numbers still point into the whole dataset.
        """
        n_steps = self.n_steps[index]
        longest = int(n_steps.max(initial=0))
        names = ("inputs", "target", "scored", "trial", "step_in_trial")
        arrays = {name: getattr(self, name)[index][:, :longest] for name in names}
        labels = {name: getattr(self, name)[index] for name in ("subject", "session")}
        observed = {name: values[index][:, :longest] for name, values in self.observed.items()}
        return replace(self, n_steps=n_steps, observed=observed, **arrays, **labels)

    def observe(self, values: dict[str, np.ndarray]) -> "Sequences":
        """Put values of trials at the steps where their choice is read out.

        Parameters
        ----------
        values : dict of str to ndarray, shape (trial,), float
            Values by name, NaN where missing.

        Returns
        -------
        sequences : Sequences
            The same sequences with these values as ``observed``, NaN in trials without a choice.
        """
        is_read = np.isfinite(self.target)
        trial = np.where(is_read, self.trial, 0)
        observed = {name: np.where(is_read, each[trial], np.nan) for name, each in values.items()}
        return replace(self, observed=observed)

    def leave_out(self, trials: np.ndarray) -> "Sequences":
        """Stop scoring some trials, and keep them as context.

        Parameters
        ----------
        trials : ndarray, shape (trial,), bool
            True for the trials that are no longer scored.

        Returns
        -------
        sequences : Sequences
            The same sequences with fewer scored steps.
        """
        return replace(self, scored=self.scored & ~trials[self.trial])

    def windows(self, n_steps: int, warm_up: int) -> "Sequences":
        """Cut long sequences into overlapping pieces for training.

        Each piece has up to `warm_up` steps that are not scored, fewer at the start of a sequence,
        then up to `n_steps` steps with the scored choices: every scored choice lies in exactly one
        piece. Where all trials have the same number of steps both lengths are rounded up to whole
        trials. Pieces without a scored choice are left out.

        Parameters
        ----------
        n_steps, warm_up : int
            Lengths in steps; `n_steps` is at least 1, `warm_up` at least 0.

        Returns
        -------
        pieces : Sequences
            Pieces in the order of the sequences and of time.

        Raises
        ------
        ValueError
            A length is too small.
        """
        if n_steps < 1 or warm_up < 0:
            raise ValueError(f"n_steps={n_steps}, warm_up={warm_up}: expected >= 1 and >= 0")
        unit = self._steps_per_trial()
        n_steps, warm_up = (-(-length // unit) * unit for length in (n_steps, warm_up))
        count = -(-self.n_steps // n_steps)
        sequence = np.repeat(np.arange(len(count)), count)
        piece = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        begin = np.maximum(piece * n_steps - warm_up, 0)
        end = np.minimum((piece + 1) * n_steps, self.n_steps[sequence])
        cut = self._cut(sequence, begin, end, piece * n_steps)
        return cut.take(np.any(cut.scored, axis=1))

    def to_trials(self, values: np.ndarray) -> np.ndarray:
        """Bring values of steps back to their trials.

        Parameters
        ----------
        values : ndarray, shape (sequence, step, ...)
            Numbers of every step, in any unit.

        Returns
        -------
        by_trial : ndarray, shape (trial, step_in_trial, ...), float
            The same numbers, NaN where a trial has no such step, or is not among these sequences. A
            step that occurs in two windows takes its value from the one where it is not warm-up.
        """
        values = np.asarray(values)
        real = self.trial >= 0
        by_step = np.full((self.n_trials * len(self.steps), *values.shape[2:]), np.nan)
        place = self.trial[real] * len(self.steps) + self.step_in_trial[real]
        # windows follow in time and begin with warm-up: the first occurrence is not warm-up
        place, first = np.unique(place, return_index=True)
        by_step[place] = values[real][first]
        return by_step.reshape(self.n_trials, len(self.steps), *values.shape[2:])

    def _steps_per_trial(self) -> int:
        real = self.trial >= 0
        lengths = np.bincount(self.trial[real])
        lengths = np.unique(lengths[lengths > 0])
        return int(lengths[0]) if len(lengths) == 1 else 1

    def _cut(self, sequence, begin, end, scored_from) -> "Sequences":
        length = end - begin
        step = np.arange(length.max())
        real = step < length[:, None]
        place = sequence[:, None], np.where(real, begin[:, None] + step, 0)
        scored = real & self.scored[place] & (place[1] >= scored_from[:, None])
        return replace(
            self,
            inputs=np.where(real[..., None], self.inputs[place], 0.0),
            target=np.where(real, self.target[place], np.nan),
            scored=scored,
            trial=np.where(real, self.trial[place], -1),
            step_in_trial=np.where(real, self.step_in_trial[place], -1),
            n_steps=length,
            subject=self.subject[sequence],
            session=self.session[sequence],
            observed={
                name: np.where(real, values[place], np.nan)
                for name, values in self.observed.items()
            },
        )
