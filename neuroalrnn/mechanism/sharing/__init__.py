"""What the tasks of one network share: units, regimes and causes, beside what chance would share.

`variance` and `_clusters` tell which latents work in which tasks, `overlap` which regimes they
visit, `freezing` which units they need; `measure_sharing` compares all with null distributions.
"""

from neuroalrnn.mechanism.sharing.freezing import freeze_branches
from neuroalrnn.mechanism.sharing.measure import Sharing, measure_sharing
from neuroalrnn.mechanism.sharing.overlap import compute_overlap
from neuroalrnn.mechanism.sharing.variance import compute_task_variance

__all__ = [
    "Sharing",
    "compute_overlap",
    "compute_task_variance",
    "freeze_branches",
    "measure_sharing",
]
