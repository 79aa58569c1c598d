"""Regimes and neural recordings, through MNE.

Epochs with behaviour as metadata become trials. Regimes of a fit go back as annotations, or are
related to the signal in held-out sessions, compared with circular shifts within each session:

>>> import numpy as np, pandas as pd, mne, xarray as xr
>>> rng = np.random.default_rng(0)
>>> regime = np.repeat(rng.integers(0, 2, 80), 5)
>>> table = pd.DataFrame({"subject": "rat 1", "session": np.repeat(["a", "b"], 200),
...                       "choice": rng.integers(0, 2, 400)})
>>> signal = rng.standard_normal((400, 3, 20)) + regime[:, None, None] * [[1.0], [0.0], [0.0]]
>>> info = mne.create_info(["Fz", "Cz", "Pz"], 100.0, "eeg")
>>> epochs = mne.EpochsArray(signal, info, metadata=table, verbose="error")

>>> trials = from_epochs(epochs)
>>> regimes = xr.DataArray(regime[:, None], dims=("trial", "step"))  # or of a fit, see below
>>> scores = decode_regimes(trials, regimes, pooled=True)
>>> (scores["balanced_accuracy"] > 0.9).values
array([ True,  True])
>>> coefficients = regress_neural(trials, regimes, reference=0, pooled=True)
>>> dict(zip(coefficients["unit"].values.tolist(), (coefficients > 0.5).values.ravel().tolist()))
{'Fz': True, 'Cz': False, 'Pz': False}
>>> averaged = annotate_epochs(epochs, regimes, trials, events=0)["regime 1"].average()

Use ``compute_held_out_regimes(fit).regimes``: the regimes of a model that was trained on these
choices would carry information about the choices, as the signal does. Functional regimes are the
same to all of these functions: pass ``find_functional_regimes(fit).labels``, with one label per
trial, which are held out, too. Over several subjects, test
``effects_over_subjects(subject_means(scores["balanced_accuracy_corrected"]))``.
"""

from neuroalrnn.neural.annotations import annotate_epochs, to_annotations
from neuroalrnn.neural.decoding import decode_regimes
from neuroalrnn.neural.epochs import from_epochs, to_epochs
from neuroalrnn.neural.regression import explain_neural, regress_neural
from neuroalrnn.neural.subjects import effects_over_subjects, subject_means

__all__ = [
    "annotate_epochs",
    "decode_regimes",
    "effects_over_subjects",
    "explain_neural",
    "from_epochs",
    "regress_neural",
    "subject_means",
    "to_annotations",
    "to_epochs",
]
