"""Defaults of tests: how much is drawn, and from when on an effect counts as clear."""

# p and q below this
LEVEL = 0.05
# of signs, groups or subjects, for one number
N_DRAWS = 4999
# of shifts or subjects, for a curve or for something that is computed from all trials each time
N_CURVE_DRAWS = 999
