"""What is asked of the models beside the AL-RNN in every fold, beside their predictions."""

from functools import partial

# begins the kinds of answers that are no arrays over trials, or differ in shape between folds
OF_FOLD = "of fold: "


def with_answers(baselines, asks):
    """The same models, which answer more than what they predict.

    Parameters
    ----------
    baselines : dict of str -> callable
        Those with a ``fit(trials, train)`` can be asked; see `neuroalrnn.baselines.from_fit`.
    asks : list of callable
        ``ask(name, baseline, model, train, test, predicted)`` returns a dict of arrays over the
        test trials, or of any shape where its key begins with `OF_FOLD`; `model` is what
        ``baseline.fit`` returned.

    Returns
    -------
    dict of str -> callable
        ``f(trials, train, test)``, which returns a dict of ``predicted``, shape (test trial,
        option), and all answers; a model without a `fit` is returned as it is.
    """

    def answer(trials, train, test, *, name, baseline):
        model = baseline.fit(trials, train)
        found = {"predicted": model(trials, test)}
        for ask in asks:
            found |= ask(name, baseline, model, train, test, found["predicted"])
        return found

    if not asks:
        return baselines
    return {
        name: partial(answer, name=name, baseline=each) if hasattr(each, "fit") else each
        for name, each in baselines.items()
    }
