"""What the hidden states of a GLM-HMM are asked with."""

from dataclasses import dataclass, field
from functools import cached_property

from neuroalrnn.questions.asked import Asked
from neuroalrnn.regimes import hidden_states


@dataclass(frozen=True, eq=False)
class AskedHidden(Asked):
    """A fit whose hidden states of a GLM-HMM are asked about.

    Attributes
    ----------
    tables : Prefixed
        Tables about hidden states by the names that those about functional regimes have, and all
        others.
    whole : Asked
        What is asked of the fit, and computed once.
    """

    whole: Asked | None = field(default=None, repr=False)

    @property
    def functional(self):
        """See `Asked`."""
        return self.whole.functional

    @cached_property
    def states(self):
        """Parameters and posteriors of the GLM-HMM asked about, as an xarray.Dataset.

        Of several the one that validation subjects prefer, where that is kept; else the first.
        """
        states = self.fit.states
        if "adaptive" not in self.fit.tree.children:
            return states.isel(model=0)
        score = self.fit.adaptive["plain"].sel(model=states["model"].values).mean("fold")
        return states.isel(model=int(score.argmax("model")))

    @cached_property
    def regimes(self):
        """Likeliest state of held-out trials given all choices of their session, dims (trial,)."""
        return hidden_states.label_states(self.fit, self.states)

    @cached_property
    def before_choice(self):
        """That given the choices before, which predicts, dims (trial,)."""
        return hidden_states.label_states(self.fit, self.states, "before_choice")

    @cached_property
    def weights(self):
        """Weights of every state, see `neuroalrnn.regimes.hidden_states.describe_weights`."""
        return hidden_states.describe_weights(self.states)

    @cached_property
    def called(self):
        """Names of the states, in order."""
        labels = [str(label) for label in self.trials["choice"].attrs["labels"]]
        return hidden_states.name_states(self.weights, labels)
