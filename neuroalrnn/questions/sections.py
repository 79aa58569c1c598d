"""The sections of the page; their order is that of the questions."""

from neuroalrnn.questions.question import Section

ANSWER = Section("answer", "What is computed")
SETUP = Section("setup", "What was fitted, and how")
COMPUTATION = Section("computation", "Input effects and functional regimes")
SCORES = Section("scores", "Scores on held-out trials")
CALIBRATION = Section("calibration", "Calibration of probabilities")
SCORE_BY_N_PWL = Section("score_by_n_pwl", "Score against P")
LEARNING = Section("learning", "Learning curves")
REGIMES = Section("regimes", "Use of functional regimes")
SWITCHES = Section("switches", "Switches")
HIDDEN = Section("hidden_states", "Hidden states of the GLM-HMM")
LINEAR = Section("linear_regimes", "Linear regimes: how the networks do it")
SPECTRA = Section("spectra", "Dynamics in each linear regime")
MECHANISM = Section("mechanism", "Mechanism")
BEHAVIOUR = Section("behaviour", "Relation to behaviour")
NOTES = Section("notes", "Notes")
