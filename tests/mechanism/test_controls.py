"""Controls keep what they promise to keep, and take away the rest."""

import numpy as np
import pytest

from neuroalrnn.exceptions import NotTestableError
from neuroalrnn.mechanism.controls import cost_without_switching, shuffle_choices
from neuroalrnn.results import Fit


def test_shuffling_keeps_the_choices_of_each_session_and_everything_else(fit):
    trials = fit.trials.assign(scored=("trial", np.arange(fit.trials.sizes["trial"]) % 5 != 0))
    before = trials.copy(deep=True)
    shuffled = shuffle_choices(trials)
    assert trials.identical(before)
    assert shuffled.drop_vars("choice").identical(trials.drop_vars("choice"))
    assert shuffled["choice"].attrs == trials["choice"].attrs
    old, new, scored = trials["choice"].values, shuffled["choice"].values, trials["scored"].values
    np.testing.assert_array_equal(new[~scored], old[~scored])
    for name in np.unique(trials["subject"].values):
        here = scored & (trials["subject"].values == name)
        np.testing.assert_array_equal(np.sort(new[here]), np.sort(old[here]))
        assert np.mean(new[here] != old[here]) > 0.25


def test_shuffled_choices_depend_on_nothing(fit):
    """Choices follow stimulus x rule in 90 % of trials; under the null 50 +- 2 % (one s.d.)."""
    meant = (fit.trials["stimulus"] * fit.trials["rule"] > 0).values
    shares = [
        np.mean(shuffle_choices(fit.trials, rng=np.random.default_rng(i))["choice"].values == meant)
        for i in range(20)
    ]
    assert np.mean(fit.trials["choice"].values == meant) > 0.85
    assert np.mean(shares) == pytest.approx(0.5, abs=0.02)


def test_what_is_lost_without_switching_is_a_difference_of_log_likelihoods(fit):
    found = cost_without_switching(fit)
    value = fit.predictions["log_likelihood"]
    difference = value.sel(model="AL-RNN") - value.sel(model="AL-RNN P=0")
    for subject in found.index:
        here = difference[fit.trials["subject"].values == subject]
        assert found[subject] == pytest.approx(np.nanmean(here))
    assert len(found) == 6
    assert (found > 0).all()


def test_without_the_linear_network_there_is_nothing_to_compare_with(fit):
    tree = fit.tree.copy(deep=True)
    kept = tree["scores"].dataset["model"].values != "AL-RNN P=0"
    tree["scores"].dataset = fit.tree["scores"].to_dataset().isel(model=kept)
    with pytest.raises(NotTestableError, match="0 in n_pwl"):
        cost_without_switching(Fit(tree))
