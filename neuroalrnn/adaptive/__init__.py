r"""Read-outs that learn their subject: shared dynamics, a read-out of one's own that drifts.

.. math::
    y_t \sim \mathrm{softmax}(\beta_t \eta_t + b_t + U_t z_t), \quad
    \theta_t = (\beta, b, U)_t, \quad
    \theta_1 \sim N(m_0, S_0), \quad \theta_{t+1} = \theta_t + N(0, q_t S_0)

with :math:`\eta_t` the log-odds that a shared model gives to the options at trial t, and
:math:`z_t` what else it knows, such as its latents. Two options have one row of log-odds, that of
the second; more options have a row each. :math:`m_0` is the shared model itself: gain 1, all else
0. Every trial is predicted with :math:`\theta` integrated out, from earlier choices of the same
subject alone, and then learned from (assumed-density filtering). So the scores of a subject add up
to its log marginal likelihood under the filter.

- Two options: the likelihood depends on one direction of :math:`\theta`. The prediction, and the
  mean and variance in this direction after the choice, are computed by quadrature (error below
  1e-8), and matched.
- More options: mean and covariance are those of the Laplace approximation (Newton steps to the
  mode, and the curvature of the softmax there). The prediction is the evidence that this
  approximation gives to each option offered, scaled to add up to 1.

:math:`S_0` has independent weights whose spread predicts validation subjects best; or, where that
predicts better, :math:`m_0` and :math:`S_0` of gain, offset and weights of terms are learned from
the read-outs of validation subjects (`population`).

With terms of a regression as :math:`z_t` this is dynamic logistic regression (Roy et al. 2021,
Neuron), with states of another network it is an adaptive network.
"""
