"""Subjects who stand for all of them where networks are taken apart, if there are very many."""

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import xarray as xr

from neuroalrnn.questions.asked import Asked
from neuroalrnn.results import Fit

# subjects on whom networks are taken apart; of more, as many are drawn
MOST_SUBJECTS = 2000


@dataclass(frozen=True, eq=False)
class AskedSample(Asked):
    """A fit of which some subjects are looked at; its networks are those that all were fitted by.

    Attributes
    ----------
    whole : Asked
        What is asked of all subjects. Regimes are those that were found there.
    kept : int array, shape (trial,)
        Trials of the subjects who are looked at.
    """

    whole: Asked | None = field(default=None, repr=False)
    kept: np.ndarray | None = field(default=None, repr=False)

    @property
    def of_sample(self):
        """See `Asked`."""
        n_subjects = (len(np.unique(each.trials["subject"])) for each in (self, self.whole))
        return dict(zip(("sampled_subjects", "all_subjects"), n_subjects, strict=True))

    @cached_property
    def functional(self):
        """See `Asked`."""
        found = self.whole.functional
        labels, effects = (each.isel(trial=self.kept) for each in (found.labels, found.effects))
        return replace(found, labels=labels, effects=effects, by_fold=found.by_fold[:, self.kept])

    @cached_property
    def held_out(self):
        """See `Asked`."""
        found = self.whole.held_out
        return replace(found, regimes=found.regimes.isel(trial=self.kept))

    @property
    def example(self):
        """The fold that is drawn of all subjects, as captions name it."""
        return self.fit.folds[self.whole.example.name]

    @property
    def sampled(self):
        """Itself."""
        return self


def sample(asked):
    """Draw the subjects on whom networks are taken apart.

    Parameters
    ----------
    asked : Asked

    Returns
    -------
    Asked
        The same, unless there are more than 2,000 subjects.
    """
    subject = asked.trials["subject"].values
    names = np.unique(subject)
    if len(names) <= MOST_SUBJECTS:
        return asked
    drawn = asked.rng().choice(names, MOST_SUBJECTS, replace=False)
    kept = np.flatnonzero(np.isin(subject, drawn))
    fit = _of_subjects(asked.fit, kept, np.sort(drawn))
    own = {name: getattr(asked, name) for name in ("conditions", "rule", "random_state", "map_by")}
    found = AskedSample(fit, **own, tables=asked.tables, whole=asked, kept=kept)
    return found if _is_encoded_alike(asked.fit, fit, kept) else asked


def _of_subjects(fit, kept, names):
    """The fit as if it had these trials of these subjects alone."""
    nodes = {}
    for node in fit.tree.subtree:
        part = node.to_dataset(inherit=False)
        part = part.isel(trial=kept) if "trial" in part.dims else part
        is_named = "subject" in part.dims and "subject" in part.coords
        nodes[node.path] = part.sel(subject=names) if is_named else part
    return Fit(xr.DataTree.from_dict(nodes))


def _is_encoded_alike(fit, part, kept):
    """Whether networks get the same inputs of these trials as they did among all."""
    if fit.sequences.features != part.sequences.features:
        return False
    all_steps, steps = (each.sequences.trial for each in (fit, part))
    own = np.isin(all_steps, kept) & (all_steps >= 0)
    return np.array_equal(fit.sequences.inputs[own], part.sequences.inputs[steps >= 0])


def describe_sample(asked):
    """How many subjects are looked at, where it is not all of them.

    Parameters
    ----------
    asked : Asked

    Returns
    -------
    str
    """
    found = asked.sampled.of_sample
    if not found:
        return ""
    return (
        f"Networks are taken apart on {found['sampled_subjects']:,} of {found['all_subjects']:,} "
        "subjects, drawn at random once for this section. Networks and functional regimes are "
        "those of all; means, intervals and tests of this section are over the subjects drawn."
    )
