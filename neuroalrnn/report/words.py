"""Sentences made from numbers, right in both directions."""

from html import escape

import numpy as np

from neuroalrnn.report.markup import count, interval, listed, number, p_value

REPRODUCIBLE, ALIKE = 0.5, 0.8
OUTCOMES = {"choice": "choice", "correct": "correctness", "log rt": "reaction time"}
NAMES = {
    "AL-RNN": "the AL-RNN",
    "class frequency": "the frequency of each choice",
    "logistic": "the logistic regression",
    "history-logistic": "the history-logistic regression",
    "AL-RNN P=0": "the linear control (P = 0)",
}


def name_of(model):
    """A model within a sentence."""
    return NAMES.get(model, escape(model.replace("AL-RNN P=", "the AL-RNN with P = ")))


def capital(text):
    """The text with its first letter in upper case."""
    return text[:1].upper() + text[1:]


def compare(row):
    """Which of two models predicts better, by how much, and how sure that is.

    Parameters
    ----------
    row : mapping
        A row of the table ``comparisons``: AL-RNN minus another model.

    Returns
    -------
    str
    """
    other = name_of(row["effect"].removeprefix("AL-RNN - "))
    size = f"{number(abs(row['estimate']))} nats per trial"
    favour = f"{int(row['n_favouring'])} of {count(int(row['n_subjects']), 'subject')}"
    detail = f"AL-RNN minus other {number(row['estimate'])}, {interval(row)}, {p_value(row['p'])}"
    detail = f"({detail}; the AL-RNN is better in {favour})"
    if row["ci_low"] > 0:
        return f"<strong>The AL-RNN predicts better than {other}</strong> by {size} {detail}."
    if row["ci_high"] < 0:
        other = capital(other)
        return f"<strong>{other} predicts better than the AL-RNN</strong> by {size} {detail}."
    ahead = "the AL-RNN" if row["estimate"] > 0 else other
    return f"The AL-RNN and {other} cannot be told apart: {ahead} is ahead by {size} {detail}."


def judge_control(fit, comparisons):
    """What the linear control says about the need for switching."""
    grid = fit.parameters["n_pwl"].values
    chosen = fit.selection["n_pwl_chosen"].values
    if 0 not in grid:
        return "No linear control (P = 0) was fitted, so nothing can be said about linear dynamics."
    if "AL-RNN P=0" not in fit.predictions["model"].values:
        return "Training the linear control (P = 0) diverged: nothing is said of linear dynamics."
    if (chosen == 0).all():
        return (
            "<strong>P = 0 was chosen in every fold: a linear network does as well on validation "
            "subjects.</strong> There is one regime and there are no switches to interpret."
        )
    found = comparisons[comparisons["effect"] == "AL-RNN - AL-RNN P=0"]
    if not len(found):
        return "The AL-RNN predicts exactly as the linear control (P = 0) does."
    row, size = found.iloc[0], number(abs(found.iloc[0]["estimate"]))
    detail = f"{interval(row)}, {p_value(row['p'])}"
    if row["ci_low"] > 0:
        return (
            f"The linear control (P = 0) is worse by {size} nats per trial ({detail}): switching "
            "between linear regimes helps to predict held-out choices."
        )
    if row["ci_high"] < 0:
        return (
            f"<strong>The linear control (P = 0) is better by {size} nats per trial ({detail}): "
            "switching between regimes does not help, and regimes should not be "
            "interpreted.</strong>"
        )
    return (
        f"<strong>The linear control (P = 0) cannot be told from the AL-RNN</strong> (difference "
        f"{number(row['estimate'])} nats per trial, {detail}): these data give no evidence that "
        "switching between regimes is needed to predict choices."
    )


def describe_choice_of_n_pwl(fit):
    """Which P was chosen in how many folds."""
    values, counts = np.unique(fit.selection["n_pwl_chosen"].values, return_counts=True)
    parts = [f"P = {v} in {count(int(n), 'fold')}" for v, n in zip(values, counts, strict=True)]
    full = fit.parameters.sizes["latent"]
    ends = {0: "linear", full: "full ReLU network"}
    grid = fit.parameters["n_pwl"].values.tolist()
    grid = [f"{v} ({ends[v]})" if v in ends else str(v) for v in grid]
    return f"The grid was P = {listed(grid)}. Chosen on validation subjects: {listed(parts)}."


def judge_stability(stability, n_pwl_chosen, n_restarts):
    """Whether other restarts and other folds found the same regimes.

    Parameters
    ----------
    stability : pandas.DataFrame
        Table ``stability``.
    n_pwl_chosen : array, shape (fold,)
    n_restarts : int

    Returns
    -------
    str
    """
    n_linear = int((np.asarray(n_pwl_chosen) == 0).sum())
    if n_linear == len(n_pwl_chosen):
        return (
            "P = 0 was chosen in every fold: there is one regime, and no division into regimes "
            "that could be stable or not."
        )
    remarks = []
    if n_linear:
        remarks.append(f"In {n_linear} of {count(len(n_pwl_chosen), 'fold')} P = 0 was chosen.")
    if n_restarts < 2:
        remarks.append("There is one restart per fold: other restarts might find other regimes.")
    return " ".join([_agreement_sentence(stability), *remarks])


def _agreement_sentence(stability):
    if not len(stability):
        return (
            "Agreement about regimes cannot be judged: there is one network only, or no network "
            "leaves its one regime."
        )
    detail = "; ".join(
        f"across {row.across} median adjusted Rand index {number(row.adjusted_rand, 2)}, "
        f"{number(row.adjusted_rand_low, 2)} to "
        f"{number(row.adjusted_rand_high, 2)} over {count(row.n_pairs, 'pair')}, "
        f"{number(row.adjusted_rand_shifted, 2)} after circular shifts"
        for row in stability.itertuples()
    )
    detail = f"({detail}; 1 is identity, 0 is chance)"
    kinds = stability["across"]
    weak = " and ".join(
        f"across {kind}" for kind in kinds[stability["adjusted_rand"] < REPRODUCIBLE]
    )
    every = " and ".join(f"across {kind}" for kind in kinds)
    if weak:
        return (
            f"<strong>Regimes are not reproducible {weak}: do not interpret single "
            f"regimes</strong> {detail}. They describe single networks, not the task or the "
            "subjects."
        )
    if stability["adjusted_rand"].min() < ALIKE:
        return (
            f"Regimes agree partly {every} {detail}. Check a statement about one particular "
            "regime in every fold and restart before trusting it."
        )
    return f"Regimes agree well {every} {detail}."


def count_subjects(n):
    """A number of subjects as text."""
    return count(int(n), "subject")


def describe_rule_test(row, rule, replicates=count_subjects):
    """Whether switches come with changes of the rule.

    Parameters
    ----------
    row : mapping
        A row of the table ``rule_switches``.
    rule : str
    replicates : callable
        The number of subjects that count, as text.

    Returns
    -------
    str
    """
    detail = f"{number(row['estimate'], 2)} null standard deviations, {interval(row, 2)}"
    detail = f"({detail}, {p_value(row['p'])}, {replicates(row['n_subjects'])})"
    change = f"on the trial of a change of {rule}"
    if row["ci_low"] > 0 and row.get("rule_is_input", False):
        return (
            f"Regimes switch more often {change} {detail}. The network is told {rule}, so this "
            "says how it follows the rule, not that subjects do so."
        )
    if row["ci_low"] > 0:
        return f"<strong>Regimes switch more often {change}</strong> {detail}."
    if row["ci_high"] < 0:
        return f"<strong>Regimes switch less often {change}</strong> {detail}."
    return f"No association of switches with changes of {rule} was found {detail}."


def describe_event_tests(table, step):
    """Whether switches follow events inside the trial, or why that cannot be asked."""
    if step == "trial" or not len(table):
        return ["There is one step per trial, so switches cannot be related to events within it."]
    tested = table[table["method"] != "not testable"]
    if not len(tested) and step == "event":
        return [
            "<strong>Not testable:</strong> with event steps every trial has the same event at the "
            "same step, so swapping trials changes nothing, and switches that follow an event "
            "cannot be told from switches that follow the clock of the trial. The switch "
            "probability of each step is a description."
        ]
    return [_event_sentence(row) for row in table.to_dict("records")]


def _event_sentence(row):
    effect = escape(capital(row["effect"]))
    if row["method"] == "not testable":
        return f"{effect}: not testable ({escape(row['note'])})."
    direction = "no difference to swapped trials"
    if row["ci_low"] > 0:
        direction = "<strong>more often than in swapped trials</strong>"
    elif row["ci_high"] < 0:
        direction = "<strong>less often than in swapped trials</strong>"
    detail = f"{number(row['estimate'], 2)} null standard deviations, {interval(row, 2)}"
    return f"{effect}: {direction} ({detail}, {p_value(row['p'])})."


def describe_effect(row, labels):
    """One effect on behaviour that survives correction.

    Parameters
    ----------
    row : mapping
        A row of the table ``behaviour``.
    labels : list of str
        Names of the choices.

    Returns
    -------
    str
    """
    size, up = abs(row["estimate"]), row["estimate"] > 0
    amount, share = "more" if up else "fewer", f"({number(100 * size, 1)} % of trials)"
    percent = number(100 * abs(np.expm1(row["estimate"])), 1)
    speed = "slower" if up else "faster"
    what = {
        "choice": f"{amount} choices of {labels[-1]} {share}",
        "correct": f"{amount} correct choices {share}",
        "log rt": f"{speed} responses ({number(size, 3)} log s, about {percent} %)",
    }
    what = what.get(row["outcome"], f"{row['outcome']} {number(row['estimate'])}")
    detail = f"{interval(row)}, {p_value(row['p'])}, {p_value(row['q'], 'q')}"
    subjects = count_subjects(row["n_subjects"])
    return f"<strong>{capital(row['effect'])} goes with {what}</strong>; {detail}, {subjects}."


def split_tested(table):
    """Rows of a table of effects that could be tested."""
    return table[table["estimate"].notna()] if "estimate" in table else table[:0]


def is_reproducible(stability):
    """Whether restarts and folds agree enough about regimes to speak of a single one."""
    return bool((stability["adjusted_rand"] >= REPRODUCIBLE).all())


def judge_behaviour(table, reproducible):
    """How many effects on behaviour survive correction.

    Parameters
    ----------
    table : pandas.DataFrame
        Table ``behaviour``.
    reproducible : bool
        Whether networks agree about regimes; where not, effects of single regimes are not named.

    Returns
    -------
    str
    """
    tested = split_tested(table)
    if not len(tested):
        return "No effect of regimes or switches on behaviour could be tested."
    clear = tested[tested["q"] < 0.05]
    verb = "survives" if len(clear) == 1 else "survive"
    if len(clear) and not reproducible:
        switch = clear[~clear["effect"].str.startswith("regime ")]
        named = listed(
            [f"{row.effect} with {OUTCOMES[row.outcome]}" for row in switch.itertuples()]
        )
        return (
            f"Of {count(len(table), 'test')} of regimes and switches against behaviour, "
            f"{len(clear)} {verb} correction, but regimes are not reproducible: those "
            f"of single regimes are not to be interpreted. What does not depend on labels: "
            f"{named or 'nothing survives'}."
        )
    if len(clear):
        parts = [f"{row.effect} with {OUTCOMES[row.outcome]}" for row in clear.itertuples()]
        return (
            f"Of {count(len(table), 'test')} of regimes and switches against behaviour, "
            f"{len(clear)} {verb} correction: {listed(parts, 6)}."
        )
    return (
        f"<strong>No effect of regimes or switches on behaviour survives correction</strong> for "
        f"{count(len(table), 'test')} (smallest {p_value(tested['q'].min(), 'q')})."
    )


def describe_spectra(spectra):
    """How slow the slowest mode is, and how many regimes would grow."""
    lead = spectra[spectra["mode"] == 0]
    share = lead["n_steps"] / lead["n_steps"].sum()
    grows = lead["modulus"] > 1
    most_used = lead.loc[lead.groupby("fold")["n_steps"].idxmax()]
    stable = most_used[most_used["modulus"] < 1]
    texts = []
    if len(stable):
        middle = stable["time_constant"].median()
        texts.append(
            f"In the most used regime of each fold, the slowest mode has a modulus of "
            f"{number(stable['modulus'].median(), 2)} (median over {count(len(stable), 'fold')}; "
            f"{number(stable['modulus'].min(), 2)} to {number(stable['modulus'].max(), 2)}), a "
            f"time "
            f"constant of {number(middle, 1)} steps."
        )
    text = "No regime has a mode outside the unit circle: within a regime everything decays."
    if grows.any():
        text = (
            f"{int(grows.sum())} of {count(len(lead), 'regime')} (counted per fold), with "
            f"{number(100 * share[grows].sum(), 1)} % of held-out steps, let a mode grow: its "
            "eigenvalue lies outside the unit circle. Latents grow there until they leave the "
            "regime."
        )
    return [*texts, text]
