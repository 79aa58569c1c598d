r"""The AL-RNN scan: one contract, several backends.

.. math::
    z_t = a \odot z_{t-1} + W \phi(z_{t-1}) + C s_t + h, \qquad \eta_t = B z_t + d, \qquad t = 1..T

``phi`` is the identity on the first ``n_latent - n_pwl`` latents and a ReLU on the last ``n_pwl``.

A backend is a function ``scan(weights, n_pwl, inputs, index, n_steps, read_steps)`` with

============  =========================  ========================================================
argument      shape                      meaning
============  =========================  ========================================================
weights       `Weights`                  every tensor with a leading ``model`` axis
n_pwl         (model,) integers          PWL units of each model, 0 (linear) to ``n_latent``
inputs        (sequence, step, feature)  inputs, stored once and shared by all models
index         (model, lane) integers     the sequences that each model runs over, -1 for the last
n_steps       (sequence,) integers       length of each sequence; what lies beyond is never read
read_steps    (read step,) integers      steps at which eta is wanted, counted from 0, ascending
============  =========================  ========================================================

and returns eta (model, read step, lane, output), which is zero beyond the end of a sequence. If the
readout is the identity matrix, eta is the latents. No argument is ever changed. All floating
tensors have the same dtype (float32 or float64) and device. A latent that is exactly zero counts as
off, and its slope is zero. Gradients flow to every field of `Weights`, never to the inputs.
Gradients of eta beyond the end of a sequence are ignored.

What a model computes depends only on its own weights and lanes: not on the models beside it, on how
models are split over calls, or on the number of threads. In the backends written for speed this
holds to the last bit. Folds, restarts, settings and subjects with parameters of their own are all
models to a backend.
"""

from neuroalrnn.ops.contract import (
    Weights,
    argument_faults,
    check_scan,
    floors,
    present,
    require_dimensions,
    steps_outside,
    trim,
)
from neuroalrnn.ops.dispatch import BACKENDS, Backend, choose_backend

__all__ = [
    "BACKENDS",
    "Backend",
    "Weights",
    "argument_faults",
    "check_scan",
    "choose_backend",
    "floors",
    "present",
    "require_dimensions",
    "steps_outside",
    "trim",
]
