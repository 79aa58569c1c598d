"""Nodes that not every fit holds."""

from neuroalrnn.exceptions import ResultError

# what a fit without an optional node lacks, and how to get it
_LACKING = {
    "effects": (
        "keeps no input effects of the models beside the AL-RNN: it was made by an earlier "
        "version, explains more than choices, or has no such models but the caller's own; fit again"
    ),
    "states": (
        "keeps no hidden states: it was made by an earlier version, or has no GLM-HMM of ours "
        'beside the AL-RNN; fit again with baselines="all" (neuroalrnn compare)'
    ),
    "adaptive": "has no read-outs that learn their subject: fit again with adaptive=True",
    "final": (
        "has no network that was trained on everybody, as the prediction of new subjects needs: "
        "fit again with select_n_pwl(..., final=True)"
    ),
}


def optional_node(tree, name):
    """What not every fit holds.

    Parameters
    ----------
    tree : xarray.DataTree
    name : str
        A key of `_LACKING`.

    Returns
    -------
    xarray.Dataset

    Raises
    ------
    ResultError
        The fit has none.
    """
    if name not in tree.children:
        kept = "finished folds in its folder resume are not trained again"
        raise ResultError(f"this fit {_LACKING[name]}; {kept}")
    return tree[name].to_dataset()
