"""Entropies against closed forms."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from neuroalrnn.exceptions import DataError, NotTestableError
from neuroalrnn.regimes.entropy import (
    block_entropy_rate,
    compute_entropies,
    markov_entropy_rate,
    occupancy_entropy,
    summarise_entropies,
    topological_entropy,
)

CHAIN = np.array([[0.5, 0.2, 0.3], [0.1, 0.6, 0.3], [0.0, 0.1, 0.9]])
GOLDEN = np.log((1 + np.sqrt(5)) / 2)


def rate_of(chain):
    """Entropy rate of a Markov chain, from its stationary distribution."""
    values, vectors = np.linalg.eig(chain.T)
    share = np.real(vectors[:, np.argmax(values.real)])
    logs = np.log(np.where(chain > 0, chain, 1.0))
    return -(share / share.sum()) @ (chain * logs).sum(axis=1)


def sequences_of(chain, shape, seed=0, warm_up=50):
    rng = np.random.default_rng(seed)
    uniform = rng.random((shape[0], shape[1] + warm_up))
    codes = np.zeros(uniform.shape, int)
    for t in range(1, codes.shape[1]):
        codes[:, t] = (uniform[:, t, None] > np.cumsum(chain, axis=1)[codes[:, t - 1]]).sum(axis=1)
    return codes[:, warm_up:]


class TestClosedForms:
    def test_a_fair_coin_has_log_two_everywhere(self):
        coin = np.random.default_rng(0).integers(0, 2, 20_000)
        for found in (
            occupancy_entropy(coin),
            markov_entropy_rate(coin),
            *(block_entropy_rate(coin, length=k) for k in (1, 2, 5)),
        ):
            assert found == pytest.approx(np.log(2), abs=1e-3)
        assert topological_entropy(coin) == pytest.approx(np.log(2))

    def test_a_sequence_of_period_two_is_certain(self):
        codes = np.tile([3, 5], 50)
        assert occupancy_entropy(codes, corrected=False) == pytest.approx(np.log(2))
        assert markov_entropy_rate(codes) == pytest.approx(0, abs=1e-12)
        assert block_entropy_rate(codes, length=3, corrected=False) == pytest.approx(0, abs=1e-3)
        assert topological_entropy(codes) == pytest.approx(0, abs=1e-12)

    def test_golden_mean_shift(self):
        """No two ones in a row; the chain of largest entropy among those is known too."""
        ratio = np.exp(-GOLDEN)
        codes = sequences_of(np.array([[ratio, ratio**2], [1, 0]]), (1, 20_000))[0]
        assert topological_entropy(codes) == pytest.approx(GOLDEN)
        assert markov_entropy_rate(codes) == pytest.approx(GOLDEN, abs=5e-3)

    def test_regimes_never_returned_to_add_no_topological_entropy(self):
        assert topological_entropy(np.arange(60)) == 0.0
        runs = np.repeat(np.arange(40), 3)
        assert topological_entropy(runs) == pytest.approx(0, abs=1e-12)
        tail = np.r_[[0, 0, 1, 0, 1, 0, 0], 7, 8, 8]
        assert topological_entropy(tail) == pytest.approx(GOLDEN)

    def test_a_chain_and_its_bias(self):
        expected = rate_of(CHAIN)
        assert expected == pytest.approx(0.4738, abs=5e-5)
        for n, most in ((200, 0.002), (60, 0.016)):
            draws = sequences_of(CHAIN, (300, n))
            plug_in, corrected = (
                np.mean([markov_entropy_rate(x, corrected=flag) for x in draws])
                for flag in (False, True)
            )
            assert plug_in < corrected < expected + 0.005
            assert expected - corrected < most < expected - plug_in

    def test_correction_is_half_a_symbol_over_n(self):
        codes = np.array([0, 0, 0, 0, 1, 1, 0, 0, 1])
        plain = [f(codes, corrected=False) for f in (occupancy_entropy, markov_entropy_rate)]
        share = np.array([4 / 6, 2 / 6])
        by_hand = -(6 / 8) * (share @ np.log(share)) + (2 / 8) * np.log(2)
        assert plain[1] == pytest.approx(by_hand)
        assert occupancy_entropy(codes) - plain[0] == pytest.approx(1 / 18)
        assert markov_entropy_rate(codes) - plain[1] == pytest.approx(2 / 16)
        assert block_entropy_rate(codes, length=1) == occupancy_entropy(codes)


class TestSequences:
    def test_blocks_never_cross_the_end_of_a_sequence(self):
        codes, sequence = np.array([0, 0, 1, 1, 0, 0]), np.array([0, 0, 1, 1, 2, 2])
        assert markov_entropy_rate(codes, sequence) == pytest.approx(0, abs=1e-12)
        assert markov_entropy_rate(codes) > 0.5
        assert topological_entropy(np.tile([0, 0, 1, 1], 5), np.repeat(np.arange(10), 2)) == 0
        assert np.isnan(block_entropy_rate(codes, sequence, length=3))
        assert np.isnan(markov_entropy_rate([4]))

    def test_refusals(self):
        for function in (occupancy_entropy, markov_entropy_rate, topological_entropy):
            with pytest.raises(DataError, match="1 of them absent steps"):
                function([0, -1])
            with pytest.raises(DataError, match="type float64"):
                function([0.0, np.nan])
        with pytest.raises(DataError, match="length: found 0"):
            block_entropy_rate([0, 1], length=0)


class TestTables:
    @pytest.fixture
    def regimes(self, labelled):
        draws = sequences_of(CHAIN, (6, 90))
        return xr.concat(
            [labelled(x.reshape(30, 3), f"s{i}") for i, x in enumerate(draws)], "trial"
        )

    def test_measures_of_each_subject(self, regimes):
        found = compute_entropies(regimes, longest=3)
        assert found["measure"].unique().tolist() == [
            "occupancy",
            "Markov rate",
            "block rate 2",
            "block rate 3",
            "topological",
        ]
        codes = regimes[regimes["subject"] == "s2"].to_numpy().ravel()
        row = found.set_index(["subject", "measure"]).loc[("s2", "Markov rate")]
        assert row["entropy_plug_in"] == markov_entropy_rate(codes, corrected=False)
        assert row["entropy"] == markov_entropy_rate(codes)
        assert row["n_steps"] == 90
        by_trial = compute_entropies(regimes, carry="trial", longest=4)
        assert by_trial.query("measure == 'block rate 4'")["entropy"].isna().all()
        with pytest.raises(DataError, match="longest: found 1, expected whole numbers from 2 on"):
            compute_entropies(regimes, longest=1)

    def test_intervals_are_those_of_resampled_subjects(self, regimes):
        table = compute_entropies(regimes, carry="trial")
        found = summarise_entropies(table, n_draws=4999).set_index("measure")
        values = table.query("measure == 'Markov rate'")["entropy"]
        row = found.loc["Markov rate"]
        assert row["entropy"] == pytest.approx(values.mean())
        half = 1.96 * values.std(ddof=0) / np.sqrt(6)
        assert row["ci_high"] - row["ci_low"] == pytest.approx(2 * half, rel=0.15)
        assert row["ci_low"] < row["entropy"] < row["ci_high"]
        short = found.loc["block rate 4"]
        assert short["n_subjects"] == 0
        assert short["excluded"] == "s0, s1, s2, s3, s4, s5"
        with pytest.raises(NotTestableError, match="at least 2 of them, found 1"):
            summarise_entropies(table[table["subject"] == "s0"])


def test_sequences_fit_the_codes_and_do_not_join_across_others():
    codes = np.tile([0, 1, 2], 10)
    for label in (np.zeros(50), np.zeros(5)):
        for measure in (markov_entropy_rate, block_entropy_rate, topological_entropy):
            with pytest.raises(DataError, match="expected a label for each of 30 steps"):
                measure(codes, label)
    with pytest.raises(DataError, match="'sequence' is missing"):
        markov_entropy_rate(codes, np.full(30, np.nan))
    # a, b, a: no three steps of one sequence follow each other
    assert np.isnan(block_entropy_rate(codes, np.tile([0, 1, 0], 10), length=3))
    for wrong in ({"length": 2.5}, {"length": "a"}):
        with pytest.raises(DataError, match="length"):
            block_entropy_rate(codes, **wrong)


def test_nothing_to_describe_is_said(labelled):
    with pytest.raises(DataError, match="found no present step"):
        compute_entropies(labelled(np.full((5, 2), -1)))
    with pytest.raises(DataError, match="no column 'subject'"):
        summarise_entropies(pd.DataFrame())
    with pytest.raises(DataError, match="n_draws: found 0"):
        summarise_entropies(compute_entropies(labelled([[0, 1], [1, 0]])), n_draws=0)


@pytest.mark.parametrize("most", [2**62, 1])
def test_subjects_together_have_the_entropies_of_each_alone(labelled, monkeypatch, most):
    """Sessions of unequal length, and a subject without a pair; blocks with and without numbers."""
    monkeypatch.setattr("neuroalrnn.regimes.entropy.MOST_NUMBERED", most)
    rng, parts = np.random.default_rng(3), []
    for k, n in enumerate((40, 7, 1)):
        part = labelled(rng.choice([0, 2, 5], (n, 1)))
        session = np.where(np.arange(n) < n // 3, "a", "b")
        parts.append(
            part.assign_coords(subject=("trial", [f"s{k}"] * n), session=("trial", session))
        )
    found = compute_entropies(xr.concat(parts, "trial"), longest=3).set_index(
        ["subject", "measure"]
    )
    for k, part in enumerate(parts):
        codes, sequence = part.values[:, 0], (part["session"].values == "b").astype(int)
        own = found.loc[f"s{k}", "entropy"]
        assert own["occupancy"] == pytest.approx(occupancy_entropy(codes), abs=1e-12)
        for name, measure in {
            "Markov rate": markov_entropy_rate(codes, sequence),
            "block rate 3": block_entropy_rate(codes, sequence, length=3),
            "topological": topological_entropy(codes, sequence),
        }.items():
            assert own[name] == pytest.approx(measure, abs=1e-12, nan_ok=True)
        assert (found.loc[f"s{k}", "n_regimes"] == len(np.unique(codes))).all()
