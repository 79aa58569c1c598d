"""Choices and response times (or counts) from the same latents, through a whole fit."""

import numpy as np
import pytest
import torch
from scipy import stats

from neuroalrnn.config import Setting
from neuroalrnn.data import LeaveOneSubjectOut, SubjectKFold, encode
from neuroalrnn.exceptions import ConfigError, DataError
from neuroalrnn.fit import compute_eta, compute_log_likelihood, make_observations
from neuroalrnn.model import ALRNN_ARCHITECTURE, VARYING, subject_architecture
from neuroalrnn.model.observation import OBSERVATION_MODELS, joint
from neuroalrnn.ops import choose_backend
from neuroalrnn.peers import GRU, LSTM
from neuroalrnn.recover import retrain_without_units
from neuroalrnn.results import Fit
from neuroalrnn.study import select_n_pwl
from neuroalrnn.study.engine import Engine
from neuroalrnn.study.observation import attach_fitted_observation, attach_observation
from neuroalrnn.study.plan import make_plan, search_jobs
from neuroalrnn.study.predict import predict_observed
from neuroalrnn.study.resume import fold_file
from neuroalrnn.study.search import Progress, search, train_whole

LONG = Setting(n_latent=4, check_every=20, max_checks=8, batch_size=8, learning_rate=0.05)
shifted = OBSERVATION_MODELS["shifted_lognormal"]
choice_rt = OBSERVATION_MODELS["choice_rt"]


@pytest.fixture(scope="module")
def run(encoding):
    """Cross-validate in two folds."""

    def run(trials, setting=LONG, cv=None, **options):
        options = {"n_pwl": (2,), "n_restarts": 2, "n_inner": 2, "progress": False} | options
        return select_n_pwl(
            trials, setting, cv or SubjectKFold(2), encoding=encoding, threads=1, **options
        )

    return run


@pytest.fixture
def short(setting):
    """A few updates, in double precision."""
    return setting.model_copy(update={"dtype": "float64", "max_checks": 2})


@pytest.fixture
def plan_of(encoding, short):
    """The plan of a fit, and the whole sequences."""

    def plan_of(trials, observation, setting=short, **options):
        trials = trials.assign_attrs(encoding='{"inputs": {}}')
        observation, sequences = attach_observation(trials, encode(trials, **encoding), observation)
        cv = LeaveOneSubjectOut()
        options = {"grid": (0, 2), "n_inner": 2, "n_restarts": 1, "random_state": 0} | options
        plan = make_plan(
            trials, sequences, cv.split(trials), cv, [setting], observation=observation, **options
        )
        return plan, sequences

    return plan_of


@pytest.fixture(scope="module")
def engine():
    """One thread of the fastest backend."""
    return Engine(*choose_backend("auto"), 1, 2**28)


def _mean(fit, model, name="log_likelihood_rt"):
    return fit.summarise().loc[model, name]


def test_joint_fit_predicts_choices_as_well_and_times_better_than_the_constant(
    timed, run, joint_fit
):
    alone = run(timed, baselines={})
    noise = alone.summarise().loc["AL-RNN", "standard_error"]
    names = "AL-RNN", "log_likelihood"
    assert _mean(joint_fit, *names) > _mean(alone, *names) - noise
    assert _mean(joint_fit, "AL-RNN") > _mean(joint_fit, "constant") + 0.1
    assert "constant" not in alone.predictions["model"]
    assert not any("joint" in name for name in [*alone.scores, *alone.predictions])


def test_times_in_another_order_bring_no_gain(timed, run):
    seen = np.flatnonzero(np.isfinite(timed["rt"]))
    permuted = timed.copy(deep=True)
    order = np.random.default_rng(0).permutation(seen)
    permuted["rt"].values[seen] = timed["rt"].values[order]
    fit = run(permuted, observation="choice_rt", n_restarts=1, baselines={})
    assert _mean(fit, "AL-RNN") < _mean(fit, "constant") + 0.01


def test_what_is_missing_adds_nothing_and_parts_add_up(timed, joint_fit):
    predictions = joint_fit.predictions.sel(model="AL-RNN")
    choice, both = predictions["log_likelihood"], predictions["log_likelihood_joint"]
    missing = np.isnan(timed["rt"].values)
    scored = timed["scored"].values
    np.testing.assert_array_equal(np.isnan(predictions["log_likelihood_rt"]), missing | ~scored)
    np.testing.assert_allclose(both[missing & scored], choice[missing & scored], rtol=1e-12)
    np.testing.assert_array_equal(np.isnan(both), ~scored)
    scores = joint_fit.scores.query("model in ['AL-RNN', 'constant']")
    total = scores["log_likelihood"] + scores["log_likelihood_rt"]
    np.testing.assert_allclose(scores["log_likelihood_joint"], total, rtol=1e-12)
    baselines = joint_fit.scores.query("model == 'history-logistic'")
    assert baselines["log_likelihood_joint"].isna().all()
    assert baselines["log_likelihood"].notna().all()


def test_held_out_log_likelihood_is_that_of_training_and_of_scipy(timed, plan_of, engine):
    plan, sequences = plan_of(timed, "choice_rt")
    _, jobs = search_jobs(plan, 0)
    kappa = torch.tensor([0.0, 0.0, 0.0, 0.3], dtype=torch.float64)
    weights = jobs.weights._replace(offset=jobs.weights.offset + kappa)
    weights = plan.architecture.scale_inputs(weights, jobs.scaling.after(jobs.observed))
    n_pwl = jobs.n_pwl
    rows, _, others = predict_observed(weights, n_pwl.tolist(), sequences, plan, engine)
    observations = make_observations(
        sequences, dtype=torch.float64, subjects=plan.subjects, observation_model=plan.observation
    )
    index = torch.arange(len(sequences.n_steps)).expand(len(n_pwl), -1)
    with_absent = torch.cat([index, torch.full_like(index[:, :2], -1)], dim=1)
    total, n_scored = compute_log_likelihood(weights, n_pwl, observations, with_absent)
    assert not total[:, -2:].any()
    of_subject = np.unique(timed["subject"].values, return_inverse=True)[1]
    counts = timed["scored"].values[rows]
    found = [np.bincount(of_subject[rows[counts]], each[counts]) for each in others["joint"]]
    np.testing.assert_allclose(found, total[:, :-2], rtol=1e-10)
    assert n_scored[0, :-2].tolist() == np.bincount(of_subject[rows[counts]]).tolist()
    eta = compute_eta(weights, n_pwl, observations, index, read_steps=torch.arange(1, 120, 2))
    logit, location, log_scale, kappa = np.moveaxis(
        eta.transpose(1, 2).flatten(1, 2).numpy(), -1, 0
    )
    choice, rt = timed["choice"].values, timed["rt"].values
    expected = stats.bernoulli.logpmf(choice, 1 / (1 + np.exp(-logit)))
    scale = np.exp(location + kappa * choice)
    of_time = stats.lognorm.logpdf(rt, s=np.exp(log_scale), scale=scale)
    np.testing.assert_allclose(others["rt"], of_time, rtol=1e-10)
    expected = expected + np.where(np.isnan(rt), 0.0, of_time)
    np.testing.assert_allclose(others["joint"], expected, rtol=1e-10)


def test_constant_is_the_best_log_normal_of_the_training_trials(timed, joint_fit):
    choice, log_rt = timed["choice"].values, np.log(timed["rt"].values)
    use = np.isfinite(log_rt) & timed["scored"].values
    fold = joint_fit.splits["fold"].values
    found = joint_fit.predictions["log_likelihood_rt"].sel(model="constant").values
    for each in np.unique(fold):
        train, test = use & (fold != each), use & (fold == each)
        mean = np.array([log_rt[train & (choice == code)].mean() for code in (0, 1)])
        sd = np.sqrt(np.mean((log_rt[train] - mean[choice[train].astype(int)]) ** 2))
        expected = stats.lognorm.logpdf(
            np.exp(log_rt[test]), s=sd, scale=np.exp(mean[choice[test].astype(int)])
        )
        np.testing.assert_allclose(found[test], expected, atol=1e-4)


def test_choices_alone_as_an_observation_are_the_plain_fit(timed, run, short):
    plain = run(timed, short, n_pwl=(0, 2))
    same = run(timed, short, n_pwl=(0, 2), observation="bernoulli")
    for name in plain.parameters.data_vars:
        np.testing.assert_allclose(same.parameters[name], plain.parameters[name], rtol=1e-9)
    models = plain.predictions["model"].values
    np.testing.assert_allclose(
        same.predictions["log_likelihood"].sel(model=models),
        plain.predictions["log_likelihood"], rtol=1e-9,
    )  # fmt: skip


@pytest.mark.parametrize("window", [0, 24])
def test_times_of_a_test_subject_change_nothing_that_was_learned_or_chosen(
    window, timed, run, short
):
    setting = short.model_copy(update={"window": window, "warm_up": window // 2})
    options = {"observation": choice_rt(time=shifted), "cv": SubjectKFold(3), "n_restarts": 1}
    options |= {"baselines": {}}
    changed = timed.copy(deep=True)
    changed["rt"].values[timed["subject"].values == "s2"] *= np.r_[40.0, 0.01, np.ones(58)]
    one, other = run(timed, setting, **options), run(changed, setting, **options)
    fold = one.splits["fold"].values[timed["subject"].values == "s2"][0]
    for kind in ("parameters", "history", "selection"):
        before, after = getattr(one, kind), getattr(other, kind)
        for name in before.data_vars:
            np.testing.assert_array_equal(before[name].isel(fold=fold), after[name].isel(fold=fold))
    beside = {"fold": fold - 1}
    assert not one.parameters["weight"].isel(beside).equals(other.parameters["weight"].isel(beside))


def test_outputs_that_do_not_vary_are_offsets_alone(timed, run, short, tmp_path):
    fit = run(timed, short, observation=choice_rt(time=shifted), baselines={})
    fit.save(tmp_path / "fit.nc")
    fit = Fit.load(tmp_path / "fit.nc")
    readout = fit.parameters["readout"].isel(n_pwl=0, restart=0)
    varies = (readout != 0).any(("fold", "latent"))
    assert readout["output"].values[varies].tolist() == ["choice.logit", "rt.location"]
    assert fit.config["observation"]["variables"] == ["choice", "rt"]
    offset = fit.parameters["offset"].isel(n_pwl=0, restart=0)
    fold, counts = fit.splits["fold"].values, timed["scored"].values
    for each in (0, 1):
        slowest = np.nanmax(timed["rt"].values[(fold != each) & counts])
        found = offset.isel(fold=each).sel(output="rt.log_t_max")
        np.testing.assert_allclose(found, np.log(1.05 * slowest), rtol=1e-9)
        assert offset.isel(fold=each).sel(output="rt.kappa_1") != 0


@pytest.mark.parametrize("of", [ALRNN_ARCHITECTURE, GRU, LSTM, subject_architecture(2, VARYING)])
def test_every_architecture_can_be_trained_on_more_than_choices(of, timed, plan_of, engine):
    plan, _ = plan_of(timed, choice_rt(time=shifted), architecture=of, grid=(2,))
    _, jobs = search_jobs(plan, 0)
    progress = Progress(0, show=False)
    observations = plan.observations(0)
    found = search(plan, observations, 0, engine=engine, progress=progress)
    weights = train_whole(plan, observations, 0, found, engine=engine, progress=progress).weights
    assert np.isfinite(found.best_score).all()
    still = ~np.array(plan.observation.varying)
    for name in {"readout", "by_readout"} & set(weights._fields):
        rows = getattr(weights, name).numpy()
        assert not rows[..., still, :].any()
        assert rows[..., ~still, :].all()
    fixed = np.array(plan.observation.fixed)
    assert (weights.offset != jobs.weights.offset[:1])[0, ~fixed].all()
    if "by_offset" in weights._fields:
        moved = weights.by_offset.numpy()
        assert not moved[..., fixed].any()
        assert moved[..., ~fixed].all()


def test_counts_are_joined_with_choices_among_three_options(trials, run, short):
    rng = np.random.default_rng(0)
    n_trials = trials.sizes["trial"]
    choice = trials["choice"].copy(data=rng.integers(0, 3, n_trials).astype(float))
    choice.attrs["labels"] = ["a", "b", "c"]
    counted = trials.assign(choice=choice, count=("trial", rng.poisson(4, n_trials)))
    fit = run(counted, short, observation="poisson")
    assert fit.parameters["output"].values.tolist() == [
        "choice.logit_0", "choice.logit_1", "choice.logit_2", "count.log_rate"
    ]  # fmt: skip
    train = counted["count"].values[fit.splits["fold"].values == 1]
    found = fit.predictions["log_likelihood_count"].sel(model="constant").values
    expected = stats.poisson.logpmf(counted["count"].values, train.mean())
    test = fit.splits["fold"].values == 0
    np.testing.assert_allclose(found[test], expected[test], atol=1e-3)


def test_options_that_are_not_available_have_probability_zero(trials, run, short):
    rng = np.random.default_rng(0)
    n_trials = trials.sizes["trial"]
    closed = rng.integers(0, 3, n_trials)
    code = (closed + rng.integers(1, 3, n_trials)) % 3.0
    code[4] = np.nan
    choice = trials["choice"].copy(data=code)
    choice.attrs["labels"] = ["a", "b", "c"]
    is_open = {f"open_{k}": ("trial", (closed != k) * 1.0) for k in range(3)}
    limited = trials.assign(choice=choice, **is_open)
    model = OBSERVATION_MODELS["categorical"](3, available=list(is_open))
    fit = run(limited, short, observation=model)
    rows = np.flatnonzero(np.isfinite(code))
    for name in ("AL-RNN", "constant"):
        probability = fit.predictions["probability"].sel(model=name).values[rows]
        assert (probability[np.arange(len(rows)), closed[rows]] == 0).all()
        np.testing.assert_allclose(probability.sum(axis=1), 1.0, rtol=1e-6)
    observation, sequences = attach_fitted_observation(fit)
    assert observation.given == tuple(is_open)
    seen = sequences.trial[sequences.scored]
    np.testing.assert_array_equal(
        sequences.observed["open_1"][sequences.scored], is_open["open_1"][1][seen]
    )
    retrained = retrain_without_units(fit, n_checks=2, threads=1)
    assert np.isfinite(retrained["cost"]).all()
    assert not retrained["n_floored"].any()


@pytest.mark.parametrize("step", ["event", "trial"])
@pytest.mark.parametrize(("window", "warm_up"), [(8, 0), (11, 6)])
def test_windows_keep_every_value_once(window, warm_up, step, timed, encoding):
    values = {"rt": timed["rt"].values}
    sequences = encode(timed, **encoding | {"step": step}).observe(values)
    pieces = sequences.windows(window, warm_up)
    order = np.argsort(pieces.trial[pieces.scored])
    np.testing.assert_array_equal(
        pieces.observed["rt"][pieces.scored][order], values["rt"][timed["scored"].values]
    )
    assert np.isnan(pieces.observed["rt"][np.isnan(pieces.target)]).all()
    part = pieces.take([3, 1])
    assert part.observed["rt"].shape == part.target.shape


def test_kept_folds_depend_on_times_and_on_the_model(timed, plan_of, tmp_path):
    later = timed.assign(rt=timed["rt"] + 1e-6)
    rare = choice_rt(time=lambda rt: shifted(rt, contaminants=0.02))
    cases = [(timed, None), (timed, "choice_rt"), (later, "choice_rt"),
             (timed, choice_rt(time=shifted)), (timed, rare)]  # fmt: skip
    names = [fold_file(tmp_path, plan_of(*case)[0], 0).path for case in cases]
    assert len(set(names)) == len(cases)
    assert names[1] == fold_file(tmp_path, plan_of(timed, "choice_rt")[0], 0).path


@pytest.mark.parametrize(
    ("observation", "error", "message"),
    [
        ("choice_rd", ConfigError, "'choice_rd' is unknown; did you mean 'choice_rt'"),
        ("gaussian", ConfigError, "needs arguments"),
        (
            OBSERVATION_MODELS["poisson"],
            ConfigError,
            "observation = function: expected a name, or one",
        ),
        (["choice_rt"], ConfigError, "observation = .'choice_rt'.: expected a name"),
        (True, ConfigError, "observation = True: expected a name"),
        (OBSERVATION_MODELS["gaussian"]("spikes"), DataError, "'spikes' is unknown"),
        (OBSERVATION_MODELS["categorical"](3), ConfigError, "not the 2 of the data"),
        (OBSERVATION_MODELS["gaussian"]("rule"), DataError, "'rule' is an input known before"),
        (OBSERVATION_MODELS["poisson"]("rt"), DataError, "values, first .* expected whole numbers"),
        (
            joint(choice_rt(), OBSERVATION_MODELS["gaussian"]("empty")),
            DataError,
            "'empty': no training",
        ),
    ],
)
def test_what_cannot_be_explained_is_refused_before_training(
    observation, error, message, timed, run, monkeypatch
):
    monkeypatch.setattr("neuroalrnn.study.crossval.search", lambda *a, **k: pytest.fail("ran"))
    only = np.where(timed["subject"] == "s2", 1.0, np.nan)
    with pytest.raises(error, match=message):
        run(timed.assign(empty=("trial", only)), cv=LeaveOneSubjectOut(), observation=observation)


def test_two_options_are_too_few_for_three(timed, run):
    choice = timed["choice"].copy()
    choice.attrs["labels"] = ["left", "right", "none"]
    with pytest.raises(ConfigError, match="not the 3 of the data"):
        run(timed.assign(choice=choice), observation="bernoulli")


def test_times_are_refused_where_the_number_of_steps_tells_them(timed):
    late = timed["event_time"].copy()
    late[:, 1] = timed["rt"].fillna(0.5)
    timed = timed.assign(event_time=late)
    encoding = {"step": "time", "dt": 0.1, "choice_event": "response"}
    encoding |= {"inputs": {"stimulus": "stimulus", "rule": "stimulus"}}
    with pytest.raises(DataError, match="'rt' is told by the step"):
        select_n_pwl(timed, encoding=encoding, observation="choice_rt", progress=False)
