"""What read-outs that learn their subject gain, step by step, on inner validation subjects."""

from itertools import product
from pathlib import Path
from textwrap import fill

import numpy as np
import pandas as pd

from benchmarks import psytrack_peer
from benchmarks.adaptive_runs import (
    COVARIANCES,
    FULL,
    GAIN,
    MEANS,
    MODELS,
    OTHERS,
    PLAIN,
    score_model,
)
from benchmarks.kept import keep, make_all
from neuroalrnn.stats import paired_difference

# folds of every data set, counted from 1; the longest runs come last
FOLDS = {
    "fontanesi2019": (1, 2),
    "pratte2010": (1, 2),
    "miller_rats": (1, 4),
    "dezfouli2019": (1,),
}
# the step that each gain is counted from
BEFORE = {GAIN: PLAIN, FULL: GAIN, OTHERS: FULL, MEANS: FULL, COVARIANCES: MEANS}
VECTORS = "AL-RNN, trained with own read-outs"
TAKEN = "adaptive, as a fit takes it"


def measure(folder, *, data=tuple(FOLDS), models=tuple(MODELS), n_processes=1):
    """Score every step of every model and fold that is not in the folder yet.

    Parameters
    ----------
    folder : path-like
        Where every run is kept; runs that are there are not made again.
    data, models : sequence of str
        See `FOLDS` and `benchmarks.adaptive_runs.MODELS`.
    n_processes : int
        Runs that are made at the same time.

    Returns
    -------
    dict of (str, int, str) -> dict
        What was found, by data set, fold and model; see `benchmarks.adaptive_runs.score_model`.
    """
    jobs = [(name, fold, model) for name in data for fold in FOLDS[name] for model in models]
    return make_all(folder, jobs, make, n_processes=n_processes, desc="adaptive")


def make(folder, *job):
    """Make one run and keep what was found.

    Parameters
    ----------
    folder : pathlib.Path
    *job : str, int, str
        Data set, fold and model.
    """
    keep(folder, job, score_model(*job))


def tabulate_steps(found) -> pd.DataFrame:
    """Scores after every step.

    Parameters
    ----------
    found : dict
        From `measure`.

    Returns
    -------
    DataFrame, one row per model, step and data set
        ``model, step, data``; ``score``: nats per trial, mean over inner parts and folds; ``gain``:
        the same minus that of the step before, see `BEFORE`; ``learned``: in how many of
        ``n_folds`` a fit would learn means and covariances.
    """
    rows = [
        {"model": model, "step": step, "data": data, "score": each["score"]}
        | {"learned": run["is_learned"]}
        for (data, _, model), run in found.items()
        for step, each in (run["steps"] | {TAKEN: run["steps"][taken(run)]}).items()
    ]
    groups = pd.DataFrame(rows).groupby(["model", "step", "data"], sort=False)
    table = groups["score"].mean().to_frame()
    table["learned"], table["n_folds"] = groups["learned"].sum(), groups.size()
    before = [(model, BEFORE.get(step, PLAIN), data) for model, step, data in table.index]
    table["gain"] = table["score"] - table["score"].loc[before].to_numpy()
    return table.reset_index()


def taken(run):
    """The step whose read-outs a fit takes."""
    return COVARIANCES if run["is_learned"] else FULL


def tabulate_subjects(found) -> pd.DataFrame:
    """What subjects gain by the read-outs that a fit takes, paired.

    Parameters
    ----------
    found : dict
        From `measure`.

    Returns
    -------
    DataFrame, one row per model and data set
        ``model, data`` and the columns of `neuroalrnn.stats.paired_difference`; of a subject who
        validates in several folds, the mean.
    """
    scores = {}
    for (data, _, model), run in found.items():
        both = {"plain": run["steps"][PLAIN], "taken": run["steps"][taken(run)]}
        frame = pd.DataFrame({name: each["subjects"] for name, each in both.items()})
        scores.setdefault((model, data), []).append(frame)
    rows = []
    for (model, data), frames in scores.items():
        each = pd.concat(frames).groupby(level=0).mean()
        row = paired_difference(each["taken"], each["plain"], effect="adaptive - plain")
        rows.append(row.assign(model=model, data=data))
    return pd.concat(rows, ignore_index=True)


HEAD = f"""# Read-outs that learn their subject: what each step gains

Written by `python -m benchmarks adaptive`, whose runs took {{minutes:.0f}} minutes of one
processor in all, {{low:.0f}} to {{high:.0f}} s each. Every run is kept in a folder (`--cache`), and
a command that was stopped goes on from there.

No score of a test subject enters. In the folds named below, models are fitted to the inner parts of
the training part, and score the subjects whom each part is validated on, one choice ahead; settings
are those of `neuroalrnn fit DATA`, with P and restart chosen inside as there. Scores are nats per
trial, means over the trials of a part, then over parts and folds.

- **{PLAIN}**: the model without a read-out of the subject's own.
- **{GAIN}**: a factor on its log-odds and a constant, filtered.
- **{FULL}**: weights of the states (of networks) and of the terms of the history
  regression, too; all are independent of each other.
- **{OTHERS}**: spread and drift are chosen on the same subjects, five
  numbers for all of them; here each inner part has those that the other parts choose. What is lost
  was flattery.
- **{MEANS}**, **{COVARIANCES}**: over subjects, of gain, constant and
  terms, from the subjects of the other parts, both by the same steps; the first with the
  covariances of before.
- **{TAKEN}**: with learned means and covariances in so many of the folds,
  where they predict validation subjects better.

In brackets: the gain on the row above; on `{FULL}` in the rows of other parts and of
learned means; on `{PLAIN}` in the last one.
"""

MIDDLE = """## Over subjects

Log-likelihood with the read-outs that a fit takes minus that of the model as it is: mean over
validation subjects with its 95 % interval (t), and how many gain.
"""

AVERAGES = """## Averages over networks

Means of the probabilities over restarts, each with a read-out of its own (`ensemble=True`), were
measured once, in the same way: `miller_rats` -.3983 to -.3976, `fontanesi2019` (folds 1 and 5)
-.3901 to -.3895; on `pratte2010`, over restarts and over networks with and without the regression,
the gain is .0005. Validation subjects decide in each fold what is averaged.
"""

GATED = """## Why a GRU predicts the bandit better

On test subjects of `dezfouli2019` the GRU leads by .0023 once both learn their subject
([all models](../notebooks/comparison/README.md)). On the inner parts of its first fold it leads by
as much, so the lead is not luck of the test subjects. Measured there once, settings other than
those named as in a fit:

| networks | as it is | means and covariances learned |
|---|---|---|
| AL-RNN as fitted: 16 latents, P = 8, batches of 256 | -0.2889 | -0.2627 |
| 32 latents, P = 8 | -0.2899 | -0.2639 |
| 32 latents, P = 16 | -0.2884 | -0.2629 |
| 32 latents, P = 32 | -0.2885 | -0.2625 |
| 16 latents, P = 8, best of 4 restarts | -0.2879 | -0.2620 |
| 16 latents, P = 16, best of 4 restarts | -0.2871 | -0.2618 |
| 16 latents, P = 8, batches of 64 (those of the GRU) | -0.2899 | -0.2623 |
| 16 latents, P = 16, batches of 64, patience 40 | -0.2892 | -0.2615 |
| 4 of the last, mean probability | -0.2839 | -0.2594 |
| GRU as fitted: 16 units | -0.2847 | -0.2602 |
| 4 GRUs of 16 units, mean probability | -0.2821 | -0.2585 |

So it is not the size. Half of the lead is training: as many sequences in an update as the GRU has,
a longer wait, and P = 16. The rest, about .001, remains between averages, too: gates learn more
from this bandit than rectified units do. The averages of four lead by .002 on single networks of
their kind, which is more than the two kinds differ by. The test table stands as it was measured.
"""

NOT_KEPT = """## Tried and not kept

Read-outs of training subjects that are learned with the network (one dimension; new subjects start
from the group), so that what is shared serves everybody, minus networks trained without:

{vectors}

With three dimensions and with all (one P, independent weights) the adaptive gain was -.0001 and
+.0004 on `miller_rats`, +.0004 and .0000 on `pratte2010`.

Measured once, with one P and on the same inner parts; the code is not in the package:

- Weights of the states of a GLM-HMM: +.0002 on `pratte2010`, -.001 on `miller_rats`, against gain,
  constant and terms alone.
- The mean of the log-odds of network and regression, instead of one on top of the other: +.0003 on
  `miller_rats`, none on `dezfouli2019`.
"""

PEER = """## Dynamic logistic regression

With the terms of a regression alone this is the model of PsyTrack (Roy et al. 2021, Neuron), which
finds the weights of all trials at once and approximates the evidence there. Both on its own
example, a rat with {n_trials} trials and six weights (Akrami et al. 2018), with the same spread and
drift:

{table}

r and gap are of the weights over trials, the worst of the six; gap is the root mean square
difference in standard deviations. Seconds are of the processor. Where psytrack is installed and
its data are at hand, which are no part of the package, `python -m benchmarks psytrack --trials
trials.csv.gz` measures it again.
"""


def write(path, found, peer=()) -> None:
    """Write all tables as Markdown.

    Parameters
    ----------
    path : pathlib.Path
    found : dict
        From `measure`.
    peer : list of dict
        From `benchmarks.psytrack_peer.measure`; left out if empty.
    """
    found = _whole(found)
    steps = tabulate_steps(found)
    data = list(dict.fromkeys(steps["data"]))
    seconds = [run["seconds"] for run in found.values()]
    head = HEAD.format(minutes=sum(seconds) / 60, low=min(seconds), high=max(seconds))
    parts = [head, _say_left(found), "\n".join(_step_lines(steps, data)), MIDDLE]
    parts.append("\n".join(_subject_lines(tabulate_subjects(found), data)))
    vectors = "\n".join(_vector_lines(steps, data))
    parts += [AVERAGES, GATED, NOT_KEPT.format(vectors=vectors)]
    if peer:
        table = "\n".join(psytrack_peer.tabulate(peer))
        parts.append(PEER.format(n_trials=f"{peer[0]['n_trials']:,}", table=table))
    text = "\n\n".join(each.strip() for each in parts if each) + "\n"
    Path(path).write_text(text, encoding="utf-8")


def _whole(found):
    """Runs of the models whose folds of a data set are all there: means compare the same folds."""
    return {
        (data, fold, model): run
        for (data, fold, model), run in found.items()
        if all((data, each, model) in found for each in FOLDS[data])
    }


def _say_left(found):
    """Which models the page does without, if any."""
    pairs = {(model, data) for data, _, model in found}
    left = [each for each in product(MODELS, FOLDS) if each not in pairs]
    text = "; ".join(f"{model} (`{data}`)" for model, data in left)
    return fill(f"Not run yet: {text}.", 100, break_on_hyphens=False) if left else ""


def _step_lines(steps, data):
    folds = [f"`{name}`, {' and '.join(map(str, FOLDS[name]))}" for name in data]
    lines = [f"| model | read-out | {' | '.join(folds)} |", "|---" * (2 + len(data)) + "|"]
    for (model, step), rows in steps.groupby(["model", "step"], sort=False):
        cells = rows.set_index("data").reindex(data)
        texts = [_cell(step, row) for row in cells.itertuples()]
        lines.append(f"| {model if step == PLAIN else ''} | {step} | {' | '.join(texts)} |")
    return lines


def _cell(step, row):
    if not np.isfinite(row.score):
        return ""
    if step == PLAIN:
        return f"{row.score:.4f}"
    share = f"; {row.learned:.0f} of {row.n_folds:.0f}" if step == TAKEN else ""
    return f"{row.score:.4f} ({row.gain:+.4f}{share})"


def _subject_lines(table, data):
    lines = [
        f"| model | {' | '.join(f'`{name}`' for name in data)} |",
        "|---" * (1 + len(data)) + "|",
    ]
    for model, rows in table.groupby("model", sort=False):
        cells = rows.set_index("data").reindex(data)
        texts = [
            f"{row.estimate:+.4f} ({row.ci_low:+.4f} to {row.ci_high:+.4f}), "
            f"{row.n_favouring:.0f} of {row.n_subjects:.0f}"
            if np.isfinite(row.estimate)
            else ""
            for row in cells.itertuples()
        ]
        lines.append(f"| {model} | {' | '.join(texts)} |")
    return lines


def _vector_lines(steps, data):
    """Training with read-outs of subjects minus training without."""
    score = steps.set_index(["model", "data", "step"])["score"]
    lines = ["| data | as it is | adaptive |", "|---|---|---|"]
    for name in data:
        if (VECTORS, name, TAKEN) in score.index:
            plain, adaptive = (
                score[VECTORS, name, each] - score["AL-RNN", name, each] for each in (PLAIN, TAKEN)
            )
            lines.append(f"| `{name}` | {plain:+.4f} | {adaptive:+.4f} |")
    return lines
