"""Dissection: where a task needs nonlinearity, and what each remaining nonlinear unit does.

`dissect` trains AL-RNNs on a task of `neuroalrnn.tasks.TASKS`, from P = 0 (linear) to P = M (fully
rectified) and from few training trials to many, and takes the trained networks apart.
"""

from neuroalrnn.dissect.run import dissect

__all__ = ["dissect"]
