"""What a fit is asked with, and what several questions need of it: computed once, when needed.

Questions speak of functional regimes; `Asked.linear` asks the same questions of linear ones, and
`Asked.hidden` of the hidden states of a GLM-HMM.
"""

from dataclasses import dataclass, field, fields
from functools import cached_property

import numpy as np
import pandas as pd

from neuroalrnn.effects import compare_effects, find_functional_regimes, name_regimes
from neuroalrnn.exceptions import NotTestableError
from neuroalrnn.questions.tables import Prefixed, Tables
from neuroalrnn.questions.words import count, strong
from neuroalrnn.regimes.held_out import HeldOutRegimes, compute_held_out_regimes
from neuroalrnn.regimes.replication import is_independent
from neuroalrnn.regimes.stability import compute_stability
from neuroalrnn.regimes.switches import compute_switches
from neuroalrnn.regimes.transitions import compute_dwell_times

LINEAR, HIDDEN = "linear_", "hidden_"
ONE_REGIME = strong("All held-out steps lie in one linear regime") + (
    ": the chosen networks act linearly on these data, so there are no switches and there is "
    "nothing to show here."
)
NO_REGIMES = {
    "one": strong("Inputs do the same to the choice on all trials")
    + ": there is one functional regime, so there are no switches and there is nothing to show.",
    "graded": strong("What inputs do to the choice varies by degrees")
    + ": the networks of all folds agree on it, but trials form no groups, so there are axes along "
    "which effects vary and no functional regimes to speak of.",
    "not reproducible": strong("What inputs do to the choice is not reproducible")
    + ": the networks of different folds disagree about it, so there are no functional regimes to "
    "speak of.",
}


@dataclass(frozen=True, eq=False)
class Asked:
    """A fit and what it is asked with.

    Attributes
    ----------
    fit : Fit
    conditions : sequence of str
        Trial variables that split occupancy and switch probability.
    rule : str, optional
        Trial variable whose changes are rule changes.
    random_state : int
        Seed of everything that is drawn, see `rng`.
    map_by : sequence of str
        Trial variables that split the map of ablations.
    given_regimes : HeldOutRegimes, optional
        Linear regimes to speak of; default those of the fit.
    tables : Tables
        What the questions have answered so far, by name.
    """

    fit: object
    conditions: tuple = ()
    rule: str | None = None
    random_state: int = 0
    map_by: tuple = ()
    given_regimes: HeldOutRegimes | None = field(default=None, repr=False)
    tables: Tables = field(default_factory=Tables, repr=False)

    def rng(self):
        """A generator that starts anew for everything that is drawn.

        Returns
        -------
        numpy.random.Generator
        """
        return np.random.default_rng(self.random_state)

    @property
    def trials(self):
        """The trials of the fit, as an xarray.Dataset."""
        return self.fit.trials

    @property
    def carry(self):
        """Where regimes begin anew: functional ones with a session."""
        return "session"

    @property
    def unit(self):
        """What has a regime."""
        return "trial"

    @property
    def of_sample(self):
        """How many subjects of how many are looked at, by column; empty if it is all of them."""
        return {}

    @cached_property
    def sampled(self):
        """The same of subjects who stand for all, where there are very many; see `sample`."""
        from neuroalrnn.questions.sample import sample  # which makes such a class

        return sample(self)

    @cached_property
    def functional(self):
        """Trials grouped by what inputs do, see `neuroalrnn.effects.find_functional_regimes`."""
        return find_functional_regimes(self.fit, random_state=self.random_state)

    @property
    def regimes(self):
        """Functional regimes of held-out trials, dims (trial,)."""
        return self.functional.labels

    @cached_property
    def called(self):
        """Names of the regimes, in order; none of linear ones."""
        return name_regimes(self.functional.regimes)

    @cached_property
    def held_out(self):
        """Linear regimes of held-out steps, as `HeldOutRegimes`."""
        return self.given_regimes or compute_held_out_regimes(self.fit)

    @cached_property
    def linear(self):
        """The same fit, whose linear regimes (sign patterns) are asked about, as `AskedLinear`."""
        return self._of(AskedLinear, LINEAR)

    @cached_property
    def hidden(self):
        """The same fit, whose hidden states of a GLM-HMM are asked about, as `AskedHidden`."""
        from neuroalrnn.questions.asked_hidden import AskedHidden  # which is made of this class

        return self._of(AskedHidden, HIDDEN)

    def _of(self, kind, prefix):
        named = {each.name: getattr(self, each.name) for each in fields(Asked)}
        return kind(**named | {"tables": Prefixed(self.tables, prefix)}, whole=self)

    @property
    def locked(self):
        """Switches around rule changes; None where they were not asked for or are not testable."""
        return self.tables.get("locked")

    @cached_property
    def switches(self):
        """1 where the regime differs from that of the step before, dims (trial, step)."""
        return compute_switches(self.regimes, self.trials, carry=self.carry)

    @cached_property
    def dwell_times(self):
        """Table of visits, see `neuroalrnn.regimes.transitions.compute_dwell_times`."""
        return compute_dwell_times(self.regimes, self.trials, carry=self.carry)

    @cached_property
    def stability(self):
        """Agreement of networks, see `neuroalrnn.regimes.stability.compute_stability`."""
        return compute_stability(self.fit, rng=self.rng())

    @cached_property
    def compared_models(self):
        """What models compute, see `neuroalrnn.effects.compare_effects`."""
        return compare_effects(self.fit, self.functional, random_state=self.random_state)

    @cached_property
    def known(self):
        """Trials on which every condition is known, shape (trial,) of positions."""
        known = [pd.notna(self.trials[name].values) for name in self.conditions]
        n_trials = self.trials.sizes["trial"]
        return np.flatnonzero(np.all(known, axis=0) if known else np.ones(n_trials, bool))

    @property
    def by(self):
        """What splits occupancy and switch probability."""
        return ("step", *self.conditions)

    @cached_property
    def n_independent(self):
        """Number of subjects, and of those that count once if a stimulus order is shared."""
        subject = self.trials["subject"].values.astype(str)
        return len(np.unique(subject)), len(np.unique(subject[is_independent(self.fit)]))

    @cached_property
    def example(self):
        """The fold with most held-out steps, whose network is drawn."""
        return max(self.fit.folds, key=lambda fold: fold.test.n_steps.sum())

    @cached_property
    def labels(self):
        """Label of each linear regime of the network of `example`, as a dict."""
        codes = self.held_out.codes
        codes = codes[codes["fold"] == self.example.name]
        return dict(zip(codes["code"], codes["regime"], strict=True))

    def of_example(self, table):
        """Rows of a table that are about the network of `example`.

        Parameters
        ----------
        table : str

        Returns
        -------
        pandas.DataFrame
        """
        rows = self.tables[table]
        return rows[rows["fold"] == self.example.name]

    def over_folds(self, describe):
        """A table of the network of every fold by itself, the name of the fold in front.

        Parameters
        ----------
        describe : callable
            A fold to a data frame.

        Returns
        -------
        pandas.DataFrame
        """
        parts = {fold.name: describe(fold) for fold in self.fit.folds if len(fold.test.n_steps)}
        return pd.concat(parts, names=["fold"]).reset_index("fold").reset_index(drop=True)

    def replicates(self, n):
        """A number of subjects that a test counts: those of one stimulus order count once.

        Parameters
        ----------
        n : int

        Returns
        -------
        str
        """
        n_subjects, n_units = self.n_independent
        text = count(int(n), "subject")
        if n_units == n_subjects or n > n_units:
            return text
        return f"{text}, one for each stimulus order that the {n_subjects} share"

    def shared_orders(self, where="Here"):
        """A sentence for captions where subjects of one stimulus order count once.

        Parameters
        ----------
        where : str
            Its first word.

        Returns
        -------
        str
        """
        n_subjects, n_units = self.n_independent
        if n_units == n_subjects:
            return ""
        return (
            f" {where} a stimulus order counts once: the {n_subjects} subjects share "
            f"{count(n_units, 'stimulus order')}, and one subject stands for each."
        )

    def dependence(self):
        """A remark for data in which several subjects count as one.

        Returns
        -------
        str
        """
        n_subjects, n_units = self.n_independent
        if n_units == n_subjects:
            return ""
        return (
            f"The {n_subjects} subjects share {count(n_units, 'stimulus order')}: subjects of one "
            "order see the same inputs through the same network, and have the same regimes where "
            "only these are inputs. Standard errors over such subjects are too small."
        )

    def meanings(self):
        """What the values of conditions stand for, where the dataset says so.

        Returns
        -------
        str
        """
        told = [
            f" {name}: {'; '.join(map(str, self.trials[name].attrs['labels']))}."
            for name in self.conditions
            if len(self.trials[name].attrs.get("labels", ()))
        ]
        return "".join(told)


@dataclass(frozen=True, eq=False)
class AskedLinear(Asked):
    """A fit whose linear regimes are asked about.

    Attributes
    ----------
    tables : Prefixed
        Tables about linear regimes by the names that those about functional ones have, and all
        others.
    whole : Asked
        What is asked of the fit, and computed once.
    """

    whole: Asked | None = field(default=None, repr=False)

    unit = "step"
    called = ()

    @property
    def linear(self):
        """Itself."""
        return self

    @property
    def carry(self):
        """How long the latent state is carried on."""
        return self.fit.carry

    @property
    def functional(self):
        """See `Asked`."""
        return self.whole.functional

    @property
    def held_out(self):
        """See `Asked`."""
        return self.whole.held_out

    @property
    def regimes(self):
        """Linear regimes of held-out steps, dims (trial, step)."""
        return self.held_out.regimes


def not_discrete(asked):
    """Why there are no regimes to ask about; functional ones need not exist.

    Parameters
    ----------
    asked : Asked

    Returns
    -------
    str
        Empty where there are, as there always are linear ones.

    Raises
    ------
    NotTestableError
        Functional regimes cannot be looked for.
    """
    if isinstance(asked, AskedLinear) or asked.functional.verdict == "discrete":
        return ""
    return NO_REGIMES[asked.functional.verdict]


def no_regimes(asked):
    """Why there is nothing to show of regimes: there is one, or there are none to speak of.

    Parameters
    ----------
    asked : Asked

    Returns
    -------
    str
        Empty where there is something to show.

    Raises
    ------
    NotTestableError
        There are no linear regimes.
    """
    if not isinstance(asked, AskedLinear):
        try:
            return not_discrete(asked)
        except NotTestableError as error:
            return f"There are no functional regimes to speak of: {error}."
    if "held_out_regimes" not in asked.tables:
        raise NotTestableError(asked.tables.reasons["held_out_regimes"])
    found = asked.tables["held_out_regimes"]
    return "" if (found.values > 0).any() else ONE_REGIME
