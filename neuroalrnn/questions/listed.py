"""The questions that a fit is asked, in the order of the page."""

from neuroalrnn.questions import (
    adaptive,
    after_change,
    axes,
    behaviour,
    calibration,
    comparisons,
    dwell_times,
    hidden,
    learning,
    linear,
    models,
    n_pwl,
    observed,
    occupancy,
    overview,
    regimes,
    regression,
    rule,
    scores,
    spectra,
    subject_effects,
    switches,
    trajectories,
    transitions,
    trend,
)
from neuroalrnn.questions.computation import (
    answer,
    changes,
    functional_regimes,
    input_effects,
    primitives,
    psychometric,
    sources,
)
from neuroalrnn.questions.computation import models as same_computation
from neuroalrnn.questions.mechanism import (
    ablation,
    boundaries,
    classes,
    coverage,
    gains,
    greedy,
    growth,
    selection,
    state_space,
    triggered,
)
from neuroalrnn.results import columns

_FILES = (
    answer,
    overview,
    input_effects,
    functional_regimes,
    sources,
    psychometric,
    changes,
    same_computation,
    scores,
    models,
    comparisons,
    adaptive,
    trajectories,
    regression,
    observed,
    calibration,
    n_pwl,
    learning,
    regimes,
    occupancy,
    dwell_times,
    transitions,
    axes,
    subject_effects,
    switches,
    rule,
    after_change,
    trend,
    behaviour,
)
_MECHANISM = (
    spectra,
    coverage,
    classes,
    boundaries,
    state_space,
    growth,
    gains,
    selection,
    ablation,
    greedy,
    primitives,
    triggered,
)
QUESTIONS = (
    *(each.QUESTION for each in _FILES),
    *hidden.QUESTIONS,
    *linear.QUESTIONS,
    *(each.QUESTION for each in _MECHANISM),
    # the lights of the first screen look at what all others found
    answer.LIGHTS,
)
# every table of an analysis, and what the columns mean
TABLES = {name: table for each in QUESTIONS for name, table in each.schema.items()}
COLUMNS = columns.COLUMNS | {
    name: column for each in QUESTIONS for name, column in each.columns.items()
}
