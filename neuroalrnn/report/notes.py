"""The last section: remarks, limits, citation, provenance."""

from neuroalrnn.report.markup import bullets, heading, paragraph, together
from neuroalrnn.report.setup import dataset_notes, describe_provenance

LIMITS = (
    "A regime is a property of a network that predicts choices. It is not a brain state, and "
    "another network may predict as well with other regimes.",
    "A better score says that choices can be predicted, not that subjects compute as the network "
    "does.",
    "Held-out subjects come from the same experiment; nothing is said about other tasks or "
    "laboratories.",
    "Intervals and p-values are over subjects of this sample; networks of different folds share "
    "most of their training data.",
    "Trends that are held constant are polynomials in trial number. Where all subjects change "
    "within a few trials, as at a step, tests of regimes against behaviour reject too often.",
)
CITATIONS = (
    "Model: Brenner M et al. (2024). Almost-Linear RNNs yield highly interpretable symbolic codes "
    "in dynamical systems reconstruction. Advances in Neural Information Processing Systems.",
    "Number of PWL units: Brenner M, Koppe G (2026). Uncovering the computational roles of "
    "nonlinearity in sequence modeling using almost-linear RNNs. Transactions on Machine Learning "
    "Research.",
)


def notes(analysis, gallery):
    """What could not be computed, remarks of the dataset, limits, citation and provenance.

    Parameters
    ----------
    analysis : Analysis
    gallery : Gallery

    Returns
    -------
    markupsafe.Markup
    """
    fit = analysis.asked.fit
    data = str(fit.trials.attrs.get("citation", ""))
    cite = [f"Data: {data}"] if data else []
    cite += [*CITATIONS, f"Software: neuroalrnn {fit.provenance['neuroalrnn']}."]
    own = all_missing(analysis, gallery)
    parts = {
        "What could not be computed": bullets(own or ["Everything asked for could be computed."]),
        "Remarks of the dataset": dataset_notes(fit) or paragraph("None."),
        "What the numbers do not say": bullets(LIMITS),
        "How to cite": bullets(cite),
        "Provenance": describe_provenance(fit),
    }
    return together(heading(title) + body for title, body in parts.items())


def all_missing(analysis, gallery):
    """What could not be made, and why: tables, then parts of the page.

    Parameters
    ----------
    analysis : Analysis
    gallery : Gallery

    Returns
    -------
    list of str
    """
    apart, found = analysis.mechanism, [*analysis.notes]
    reasons = {*analysis.tables.reasons.values()}
    found += apart.notes if apart is not None else []
    # a part that lacks a table is told of with the table
    found += [text for text in gallery.missing if not text.endswith(tuple(reasons))]
    return list(dict.fromkeys(found))
