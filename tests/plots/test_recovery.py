import numpy as np
import pandas as pd
import pytest

from neuroalrnn.plots.recovery import plot_confusion, plot_power, plot_recovery_panels
from neuroalrnn.stats.recovery import confusion_matrix, summarise_recovery


@pytest.fixture
def runs():
    rng = np.random.default_rng(0)
    n = 48
    true = np.repeat([1, 2], n // 2)
    switches = rng.integers(5, 20, n)
    return pd.DataFrame(
        {
            "task": np.repeat(["addition", "flip-flop"], n // 2),
            "n_subjects": np.tile(np.repeat([4, 8, 16], 4), 4),
            "n_trials": np.tile(np.repeat([50, 100], 12), 2),
            "true_n_pwl": true,
            "found_n_pwl": true + (rng.random(n) < 0.3),
            "best_n_pwl": true + (rng.random(n) < 0.6),
            "badly_trained": False,
            "adjusted_rand": rng.random(n),
            "adjusted_rand_clear": rng.random(n),
            "eigenvalue_gap": rng.random(n),
            "n_switches": switches,
            "n_found": switches - 2,
            "n_exact": switches - 4,
            "n_by_chance": 2,
        }
    )


def test_confusion_shows_every_count_that_is_not_zero(runs):
    counts = confusion_matrix(runs["true_n_pwl"], runs["found_n_pwl"], labels=range(5))
    ax = plot_confusion(counts)
    shown = sorted(int(text.get_text()) for text in ax.texts)
    assert shown == sorted(counts.to_numpy()[counts.to_numpy() > 0])
    assert [each.get_text() for each in ax.get_yticklabels()] == ["0", "1", "2", "3", "4"]


def test_power_has_one_line_per_number_of_trials_through_the_shares(runs):
    summary = summarise_recovery(runs[runs["task"] == "addition"])
    ax = plot_power(summary)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["50 trials", "100 trials"]
    for container, (_, rows) in zip(ax.containers, summary.groupby("n_trials"), strict=True):
        line = container.lines[0]
        assert np.array_equal(line.get_xdata(), rows["n_subjects"])
        assert np.array_equal(line.get_ydata(), rows["share_n_pwl"])


def test_other_measures_are_drawn_too(runs):
    summary = summarise_recovery(runs[runs["task"] == "addition"])
    ax = plot_power(summary, "share_switches")
    assert np.array_equal(ax.containers[0].lines[0].get_ydata(), summary["share_switches"][:3])


@pytest.mark.parametrize("n_tasks", [1, 2])
def test_panels_show_all_tasks(runs, n_tasks):
    some = runs[runs["task"].isin(["addition", "flip-flop"][:n_tasks])]
    figure = plot_recovery_panels(some)
    titles = [ax.get_title(loc="left") for ax in figure.axes if ax.axison]
    assert titles == ["Sufficient P", "Best P", "addition", "flip-flop"][: 2 + n_tasks]
