"""The page docs/suite.md on the tasks of the suite; `python -m benchmarks.suite` writes it."""

from pathlib import Path

from neuroalrnn.tasks import TASKS

PAGE = Path(__file__).parents[1] / "docs" / "suite.md"
HEAD = """# Tasks on which networks are asked where they need nonlinearity

Written by `python -m benchmarks.suite`. `TASKS[name].simulate(n_trials, rng=0, n_subjects=2)` of
`neuroalrnn.tasks` draws trials: `inputs(trial, time, feature)`, `target(trial, time, output)`,
`scored(trial, time)`, `epoch(trial, time)`, and a `choice` where one answer at the end is all that
is asked for. They are trials as `neuroalrnn.validate` wants them. Every subject is an independent
set; those of a file share its items, each of which comes once. `TASKS[name].score(trials, outputs)`
scores what was given out: values, or log-odds of classes.

- **floor**: the best score without the computation, `TASKS[name].floor(...)`: that of an affine
  function of all inputs so far, which P = 0 cannot beat in squared error or nats. Of a decision it
  is the function of least squares; another one may be right slightly more often. Where P = 0 is
  known to suffice, the floor is that of a predictor without memory, or without the rule. Of files
  it is that of a linear reference on the published file.
- **ceiling**: the best possible score, `TASKS[name].ceiling(...)`, as far as it is known.
- **P**: number of PWL units of the network in closed form that solves the task,
  `TASKS[name].exact(...)`. It bounds what suffices. No smaller number is ruled out, except by a
  floor; what training needs may be more.

The first score is the main one. Of "mse" a low value is good. "near" is the share of answers that
are wrong by less than 0.04, "whole" that of trials that are right at every step, "performance" that
of trials that end with the right direction, or with fixation where it is to be kept; "nats" is the
mean log-likelihood. All values are those of the default parameters.

| task | parameters | loss | floor | ceiling | P | source |
|---|---|---|---|---|---|---|
"""


def write_page() -> str:
    """Write the text of the page."""
    return HEAD + "".join(map(_row, TASKS.values()))


def _row(task):
    network = task.exact()
    cells = (
        task.name,
        ", ".join(f"{name} = {_shown(value)}" for name, value in task.parameters.items()),
        task.loss,
        _scores(task.floor()),
        _scores(task.ceiling()),
        "" if network is None else str(network.n_pwl),
        task.source,
    )
    return f"| {' | '.join(cells)} |\n"


def _shown(value):
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _scores(scores):
    return ", ".join(f"{name} {value:.4f}" for name, value in scores.items())


if __name__ == "__main__":
    PAGE.write_text(write_page(), encoding="utf-8")
