"""Known networks that compute with the marked numbers of a sequence; see also `known`."""

import numpy as np

from neuroalrnn.tasks._known import Known, closed_form


def addition(n_steps: int = 10, gain: float = 8.0) -> Known:
    """Make a network that adds the two marked numbers: ``y' = y + r(q)``, ``q' = x + m - 1``.

    A number x from U(0, 1) comes at every step but the last, and two of these steps are marked
    (m = 1).

    Parameters
    ----------
    n_steps : int
        Number of steps of a trial.
    gain : float
        Log-odds (nats) per unit of the read-out number.

    Returns
    -------
    Known
        The network, and how its trials are drawn.
    """
    network = closed_form(
        1, weight=[[1, 1], [0, 0]], inputs=[[0, 0], [1, 1]], bias=[0, -1], gain=gain, centre=1
    )
    design = _marked_values(n_steps)
    return Known("addition", network, ("x", "m"), n_steps, n_steps, design)


def decision(n_steps: int = 6, gain: float = 8.0) -> Known:
    """Make a network that subtracts the first marked number from the second, with one PWL unit.

    ``y' = y + r(q) - 2 c``, ``c' = m``, ``q' = x + 6 m - 4 - 2 (y + r(q) - 2 c)``. A marked step
    is affine: it turns the sign of ``y`` and adds ``x``. So ``y`` is ``x2 - x1`` at the end. Trials
    are those of `addition`.

    Parameters
    ----------
    n_steps : int
        Number of steps of a trial.
    gain : float
        Log-odds (nats) per unit of the read-out number.

    Returns
    -------
    Known
        The network, and how its trials are drawn.

    See Also
    --------
    decision_by_two_units
    """
    held = np.array([1, -2, 1])
    network = closed_form(
        1,
        weight=np.stack([held, 0 * held, -2 * held]),
        inputs=[[0, 0], [0, 1], [1, 6]],
        bias=[0, 0, -4],
        gain=gain,
        centre=0,
    )
    return Known("decision", network, ("x", "m"), n_steps, n_steps, _marked_values(n_steps))


def decision_by_two_units(n_steps: int = 6, gain: float = 8.0) -> Known:
    """Make a network that chooses as `decision` does, with two PWL units, one more than needed.

    ``y' = y + r(g) - 2 r(k)``, ``n' = n + m``, ``g' = x + m - 1``, ``k' = x + 2 m + n - 3``. The
    read-out turns the sign of ``y``.

    Parameters
    ----------
    n_steps : int
        Number of steps of a trial.
    gain : float
        Log-odds (nats) per unit of the read-out number.

    Returns
    -------
    Known
        The network, and how its trials are drawn.
    """
    network = closed_form(
        2,
        weight=[[1, 0, 1, -2], [0, 1, 0, 0], [0, 0, 0, 0], [0, 1, 0, 0]],
        inputs=[[0, 0], [0, 1], [1, 1], [1, 2]],
        bias=[0, 0, -1, -3],
        gain=-gain,
        centre=0,
    )
    return Known("decision", network, ("x", "m"), n_steps, n_steps, _marked_values(n_steps))


def _marked_values(n_steps):
    """Values at all steps but the last, two of them marked; every pair of steps is as likely."""
    pairs = np.stack(np.triu_indices(n_steps - 1, k=1), axis=1)

    def design(uniform):
        inputs = np.zeros((len(uniform), n_steps, 2))
        inputs[:, :-1, 0] = uniform[:, 1:]
        pair = pairs[(uniform[:, 0] * len(pairs)).astype(int)]
        np.put_along_axis(inputs[..., 1], pair, 1.0, axis=1)
        return inputs, np.full(len(uniform), n_steps)

    return design
