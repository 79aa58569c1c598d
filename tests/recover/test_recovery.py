"""What comes back from simulated networks and agents, at sizes that fit in a test."""

import numpy as np
import pytest
from scipy.optimize import minimize

from neuroalrnn.config import Setting
from neuroalrnn.data import SubjectKFold
from neuroalrnn.exceptions import ConfigError
from neuroalrnn.network.run import Network
from neuroalrnn.recover.families import bandit_families, recognise_family, recover_family
from neuroalrnn.recover.recovery import (
    SETTING,
    compare_networks,
    recover_fitted,
    recover_known,
)
from neuroalrnn.recover.refit import refit
from neuroalrnn.tasks import (
    AGENTS,
    addition,
    compute_log_odds,
    decision,
    gated_paths,
    scalar_memory,
    simulate_agents,
    simulate_known,
)

QUICK = SETTING.model_copy(update={"n_latent": 4, "check_every": 40, "max_checks": 10})
ONE = {"n_restarts": 2, "threads": 1}


def simulated(known, n_subjects=8, n_trials=250, seed=0):
    return simulate_known(known, n_subjects, n_trials, rng=np.random.default_rng(seed))


def turned(network, rng):
    """The same choices from other latents: linear ones mixed, PWL units scaled and permuted."""
    n_latent, n_pwl = len(network.bias), network.n_pwl
    linear, pwl = n_latent - n_pwl, np.arange(n_pwl)
    mix = np.zeros((n_latent, n_latent))
    mix[:linear, :linear] = rng.normal(size=(linear, linear))
    mix[linear + pwl, linear + rng.permutation(n_pwl)] = rng.uniform(0.5, 2, n_pwl)
    back = np.linalg.inv(mix)
    return Network(
        n_pwl,
        network.self_slope,
        mix @ network.weight @ back,
        mix @ network.input_weight,
        mix @ network.bias,
        mix @ network.initial,
        network.readout @ back,
        network.offset,
    )


class TestCompareNetworks:
    @pytest.mark.parametrize(
        "known", [addition(), decision(), gated_paths(3)], ids=lambda k: k.name
    )
    def test_an_equivalent_network_agrees_in_everything(self, known):
        trials = simulated(known, 1)
        other = turned(known.network, np.random.default_rng(1))
        assert np.allclose(
            compute_log_odds(other, trials), compute_log_odds(known.network, trials), atol=1e-9
        )
        row = compare_networks(known.network, other, trials)
        assert row["adjusted_rand"] == row["adjusted_rand_clear"] == 1
        assert row["n_found"] == row["n_exact"] == row["n_switches"]
        assert row["n_extra"] == 0
        assert row["eigenvalue_gap"] < 1e-6

    def test_another_network_does_not(self):
        known, rng = addition(), np.random.default_rng(2)
        trials = simulated(known, 1)
        other = known.network._replace(input_weight=rng.normal(size=(2, 2)))
        row = compare_networks(known.network, other, trials)
        assert row["adjusted_rand"] < 0.3
        assert row["n_exact"] < 0.7 * row["n_switches"]

    def test_a_linear_network_has_neither_regimes_nor_switches(self):
        known = scalar_memory()
        row = compare_networks(known.network, known.network, simulated(known, 1))
        assert np.isnan(row["adjusted_rand"])
        assert row["n_switches"] == row["n_made"] == 0


class TestRefit:
    def test_takes_p_by_the_rule_and_keeps_every_network(self):
        trials = simulated(gated_paths(2), 6, 200)
        found = refit(trials, QUICK, n_pwl=(0, 1, 2, 3), **ONE)
        table = found.table.set_index("n_pwl")
        assert found.sufficient == table.index[table["chosen"]].item() == 2
        assert found.sufficient == table.index[table["explained_share"] >= 0.95].min()
        assert table.loc[found.best, "explained_share"] >= 0.999
        assert [found.networks[p].n_pwl for p in table.index] == [0, 1, 2, 3]
        # trained networks predict, those they started from do not
        sign = 2 * trials["choice"].values - 1
        for networks, low, high in ((found.networks, 0.7, 1.0), (found.starts, 0.3, 0.65)):
            right = (sign * compute_log_odds(networks[2], trials) > 0).mean()
            assert low < right < high

    def test_linear_networks_reach_their_floor_and_do_not_pass_it(self):
        known = gated_paths(2)
        found = refit(simulated(known), QUICK, n_pwl=(0,), **ONE)
        fresh = simulated(known, 4, 1000, seed=1)
        floor, ceiling = linear_floor(known, fresh)
        reached = expected_score(compute_log_odds(found.networks[0], fresh), known, fresh)
        assert floor - 0.01 < reached <= floor < ceiling - 0.1


def expected_score(log_odds, known, trials):
    """Mean log-probability over the choices that the truth could make."""
    p = 1 / (1 + np.exp(-compute_log_odds(known.network, trials)))
    return (p * log_odds - np.logaddexp(0, log_odds)).mean()


def linear_floor(known, trials):
    """Best expected score of what is affine in all inputs, by an optimiser of its own; ceiling."""
    eta = compute_log_odds(known.network, trials)
    design = np.c_[np.ones(len(eta)), trials["inputs"].values.reshape(len(eta), -1)]
    p = 1 / (1 + np.exp(-eta))

    def loss(beta):
        residual = 1 / (1 + np.exp(-design @ beta)) - p
        return -expected_score(design @ beta, known, trials), design.T @ residual / len(p)

    best = minimize(loss, np.zeros(design.shape[1]), jac=True, method="BFGS")
    return -best.fun, expected_score(eta, known, trials)


class TestRecover:
    @pytest.mark.parametrize(("known", "n_pwl"), [(scalar_memory(), 0), (gated_paths(1), 1)])
    def test_p_comes_back(self, known, n_pwl):
        table = recover_known(known, 6, 200, QUICK, n_pwl=(0, 1, 2), **ONE)
        row = table.iloc[0]
        assert row["true_n_pwl"] == row["found_n_pwl"] == n_pwl
        assert not row["badly_trained"]
        assert abs(row["score"] - row["true_score"]) < 0.02

    def test_runs_differ_and_repeat(self):
        setting = QUICK.model_copy(update={"max_checks": 2})
        first, again = (
            recover_known(scalar_memory(), 4, 40, setting, n_runs=2, n_pwl=(0, 1), **ONE)
            for _ in range(2)
        )
        assert first.equals(again)
        assert first["true_score"].nunique() == 2

    def test_fitted_network_keeps_the_design_of_the_data(self):
        known = gated_paths(1)
        trials = simulated(known, 5, 150)
        table = recover_fitted(known.network, trials, QUICK, n_pwl=(0, 1), **ONE)
        assert table[["task", "n_subjects", "n_trials"]].iloc[0].tolist() == [known.name, 5, 150]
        assert table["found_n_pwl"].item() == 1

    def test_the_true_p_must_be_in_the_grid(self):
        with pytest.raises(ConfigError, match="true P = 1 is not in the grid 0, 2"):
            recover_known(gated_paths(1), 4, 40, QUICK, n_pwl=(0, 2), **ONE)


class TestFamilies:
    @pytest.mark.parametrize("name", AGENTS)
    def test_agents_are_recognised(self, name):
        table = recover_family(name, 9, 150, bandit_families())
        assert table["found_family"].item() == name

    def test_ties_go_to_the_simpler_family(self):
        trials = simulate_agents("logistic", 6, 50, rng=np.random.default_rng(0))

        def coin(trials, train, test, inner):
            return np.log(np.full((len(test), 2), 0.5))

        found = recognise_family(trials, {"coin": coin, "same coin": coin})
        assert found.family == "coin"
        assert found.table["difference"].tolist() == [0, 0]

    def test_test_subjects_are_never_trained_on(self):
        trials = simulate_agents("logistic", 6, 20, rng=np.random.default_rng(0))
        subject, seen = trials["subject"].values, []

        def spy(trials, train, test, inner):
            seen.append(set(subject[test]))
            assert not seen[-1] & set(subject[train])
            for fit, validate in inner(train):
                assert set(fit) | set(validate) == set(train)
                assert not set(subject[fit]) & set(subject[validate])
            return np.log(np.full((len(test), 2), 0.5))

        recognise_family(trials, {"spy": spy}, SubjectKFold(3))
        assert set.union(*seen) == set(subject)

    def test_an_alrnn_can_be_a_candidate(self):
        setting = Setting(n_latent=2, check_every=5, max_checks=2)
        trials = simulate_agents("logistic", 6, 40, rng=np.random.default_rng(0))
        families = bandit_families(setting, n_pwl=(0, 1), n_restarts=1, threads=1)
        found = recognise_family(trials, {"AL-RNN": families["AL-RNN"]})
        assert -1 < found.table["score"].item() < 0
