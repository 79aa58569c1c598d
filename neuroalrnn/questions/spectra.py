"""How does the latent state move within each regime?"""

from neuroalrnn import plots
from neuroalrnn.mechanism.dynamics.spectra import compute_spectra
from neuroalrnn.questions.question import Figure, Question, Text
from neuroalrnn.questions.sections import SPECTRA
from neuroalrnn.questions.words import count, number
from neuroalrnn.results.tables import Table


def describe_spectra(spectra):
    """How slow the slowest mode is, and how many regimes would grow.

    Parameters
    ----------
    spectra : pandas.DataFrame
        Table ``spectra``.

    Returns
    -------
    list of str
    """
    lead = spectra[spectra["mode"] == 0]
    most_used = lead.loc[lead.groupby("fold")["n_steps"].idxmax()]
    stable = most_used[most_used["modulus"] < 1]
    return [*([_slowest_mode(stable)] if len(stable) else []), _growing_modes(lead)]


def _slowest_mode(stable):
    modulus = stable["modulus"]
    return (
        "In the most used regime of each fold, the slowest mode has a modulus of "
        f"{number(modulus.median(), 2)} (median over {count(len(stable), 'fold')}; "
        f"{number(modulus.min(), 2)} to {number(modulus.max(), 2)}), a time constant of "
        f"{number(stable['time_constant'].median(), 1)} steps."
    )


def _growing_modes(lead):
    share, grows = lead["n_steps"] / lead["n_steps"].sum(), lead["modulus"] > 1
    if not grows.any():
        return "No regime has a mode outside the unit circle: within a regime everything decays."
    return (
        f"{int(grows.sum())} of {count(len(lead), 'regime')} (counted per fold), with "
        f"{number(100 * share[grows].sum(), 1)} % of held-out steps, let a mode grow: its "
        "eigenvalue lies outside the unit circle. Latents grow there until they leave the regime."
    )


QUESTION = Question(
    name="spectra",
    section=SPECTRA,
    tables={"spectra": lambda asked: compute_spectra(asked.fit, asked.held_out)},
    schema={
        "spectra": Table(
            "fold, regime and eigenvalue",
            "fold n_pwl regime code n_steps mode real imag modulus time_constant period "
            "doubling_time time_constant_trials",
        ),
    },
    answer=(
        Text("spectra", lambda asked: describe_spectra(asked.tables["spectra"])),
        Figure(
            "spectra",
            "Eigenvalues of the linear map of each regime that held-out trials visit; the area of "
            "a symbol is the share of steps. Inside the unit circle a mode decays; off the real "
            "axis it rotates. At most six folds are shown, those with most held-out steps first.",
            lambda asked: plots.plot_spectra_panels(asked.tables["spectra"]),
        ),
    ),
    footnote=(
        "An eigenvalue describes the network as long as it stays in the regime; with visits of a "
        "few steps, slow modes are not played out.",
        "Time constants are in steps of the encoding.",
    ),
)
