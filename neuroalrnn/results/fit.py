"""A fit as one labelled tree: everything that figures and statistics need, in one netCDF file."""

import json
from functools import cached_property
from html import escape
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from neuroalrnn.arguments import (
    checked,
    not_flag,
    not_kind,
    not_path,
    not_whole,
    optional,
    refuse,
)
from neuroalrnn.data import Sequences, encode
from neuroalrnn.data.schema import not_trials
from neuroalrnn.exceptions import DataError, ResultError
from neuroalrnn.netcdf import (
    CHECKSUMS,
    checksums,
    is_sealed_wrong,
    read_netcdf,
    require_unchanged,
    storable,
    write_netcdf,
)
from neuroalrnn.results.final import make_predictor, predict_learning, require_new
from neuroalrnn.results.fold import Fold, Folds, view_best
from neuroalrnn.results.optional import optional_node
from neuroalrnn.results.summary import NETWORK, SUFFICIENT, compression, further, summarise_model
from neuroalrnn.store import replace_file

FORMAT = "neuroalrnn fit 1"
_NODES = ("trials", "parameters", "history", "selection", "predictions", "scores", "splits")


class Fit:
    """A cross-validated fit: thin labelled access to one `xarray.DataTree`.

    What is read from the tree is kept: make another fit of a tree that you have changed.

    Parameters
    ----------
    tree : xarray.DataTree
        With the nodes ``trials``, ``parameters``, ``history``, ``selection``, ``predictions``,
        ``scores`` and ``splits``; root attributes ``format``, ``config`` and ``provenance``.

    Attributes
    ----------
    trials : xarray.Dataset
        The behaviour that was fitted, as validated.
    parameters : xarray.Dataset
        Final weights, dims (n_pwl, fold, restart, ...), in the canonical form: the self-slope of a
        linear unit lies in ``weight``, and ``input_weight`` acts on the inputs as encoded.
    history : xarray.Dataset
        Learning curves, dims (n_pwl, fold, restart, check), nats per trial.
    selection : xarray.Dataset
        What was chosen on inner validation: ``restart`` and ``n_updates`` (n_pwl, fold);
        ``n_pwl_best`` (fold), the P that predicts best; ``n_pwl_chosen`` (fold), that of the
        networks in `folds`, which is the sufficient one, or the best one in `best`; and the
        validation scores behind it, with those of the frequency of choices,
        ``validation_floor``.
    predictions : xarray.Dataset
        Held out, each trial by the fold that never saw its group: ``log_likelihood`` (model,
        trial) in nats and ``probability`` (model, trial, option).
    splits : xarray.Dataset
        ``fold`` (trial), ``group`` (trial; what is held out together) and the leakage audit.
    effects : xarray.DataArray
        What inputs do in the models beside the AL-RNN, held out: dims (model, trial, input, lag,
        option), as from `neuroalrnn.effects.compute_input_effects`.
    adaptive : xarray.Dataset
        Of read-outs that learn their subject: what was chosen in every fold, dims (model, fold),
        and validation scores without and with it; see `neuroalrnn.adaptive.prior`. ``averaged``
        says which networks "AL-RNN chosen adaptive" is an average of.
    states : xarray.Dataset
        Hidden states of the GLM-HMMs, matched over folds by their weights, 0 for the most used one:
        ``n_states``, ``start``, ``transition`` and ``weight``, dims (model, fold, state, ...); and
        the probability of states in held-out trials, dims (model, trial, state): ``before_choice``
        given earlier choices of the session, ``smoothed`` given all of them.
    final : xarray.Dataset
        Networks trained on everybody, where ``select_n_pwl(..., final=True)`` made them: weights
        with dims (n_pwl, ...), ``n_pwl_chosen``, ``n_updates`` and ``validation_score``, the mean
        ``centre`` of every feature, how often options were chosen, ``prior_mean``, ...

    Examples
    --------
    >>> from neuroalrnn import Fit
    >>> fit = Fit.load("fit.nc")  # doctest: +SKIP
    >>> fit.folds[0].name in fit.parameters["fold"].values
    True
    """

    def __init__(self, tree: xr.DataTree):
        refuse("Fit", not_kind("tree", tree, xr.DataTree, "an xarray.DataTree"), ResultError)
        missing = [name for name in _NODES if name not in tree.children]
        if missing or tree.attrs.get("format") != FORMAT:
            raise ResultError(
                f"not a {FORMAT!r} file: format is {tree.attrs.get('format')!r}, "
                f"missing nodes: {', '.join(missing) or 'none'}; fit again, or check the path"
            )
        self.tree = tree

    def __repr__(self) -> str:
        return f"{self._title()}\n{self.summarise().to_string()}"

    def _repr_html_(self) -> str:
        return f"<p>{escape(self._title())}</p>{self.summarise().to_html()}"

    def _title(self) -> str:
        return f"Fit of {self.trials.attrs.get('task', 'trials')}"

    @cached_property
    def trials(self) -> xr.Dataset:
        """The behaviour that was fitted; copy it before you change it."""
        return self.tree["trials"].to_dataset()

    @cached_property
    def parameters(self) -> xr.Dataset:
        """Final weights, dims (n_pwl, fold, restart, ...)."""
        return self.tree["parameters"].to_dataset()

    @cached_property
    def history(self) -> xr.Dataset:
        """Learning curves, dims (n_pwl, fold, restart, check), nats per trial."""
        return self.tree["history"].to_dataset()

    @cached_property
    def selection(self) -> xr.Dataset:
        """What was chosen on inner validation, dims (n_pwl, fold)."""
        selection = self.tree["selection"].to_dataset()
        # files of earlier versions hold one choice, which predicts and is taken apart
        one = selection.get("n_pwl_chosen")
        return selection if "n_pwl_best" in selection else selection.assign(n_pwl_best=one)

    @cached_property
    def best(self) -> "Fit":
        """The same fit, whose `folds` hold the networks that predict best.

        Returns
        -------
        Fit
            Itself where the sufficient P is the best one in every fold; else a view that shares
            all that is the same, folds among it.
        """
        return view_best(self)

    @cached_property
    def sufficient(self) -> "Fit":
        """The same fit, whose `folds` hold the sufficient networks: those that are taken apart.

        Returns
        -------
        Fit
            Itself, unless it is the view `best` of another one.
        """
        return self

    @property
    def model(self) -> str:
        """Name of the networks in `folds` among the models of `scores`: the best, or sufficient."""
        return NETWORK if self.best is self else SUFFICIENT

    @property
    def loss(self) -> float | None:
        """Share of what is explained that P may lose; None by the one-standard-error rule."""
        loss = self.config.get("sufficient")
        return None if isinstance(loss, str) else loss

    @cached_property
    def predictions(self) -> xr.Dataset:
        """What every model said of held-out trials, dims (model, trial)."""
        return self.tree["predictions"].to_dataset()

    @cached_property
    def splits(self) -> xr.Dataset:
        """Fold and group of every trial, and the leakage audit."""
        return self.tree["splits"].to_dataset()

    @cached_property
    def effects(self) -> xr.DataArray:
        """What inputs do in the models beside the AL-RNN, dims (model, trial, input, lag, option).

        Held out, in nats of log-odds; those of the AL-RNN are computed from its networks, see
        `neuroalrnn.effects.compute_input_effects`.
        """
        return optional_node(self.tree, "effects")["effect"]

    @cached_property
    def adaptive(self) -> xr.Dataset:
        """What was chosen for read-outs that learn their subject, dims (model, fold)."""
        return optional_node(self.tree, "adaptive")

    @cached_property
    def states(self) -> xr.Dataset:
        """Hidden states of the GLM-HMMs beside the AL-RNN, dims (model, fold, state)."""
        return optional_node(self.tree, "states")

    @cached_property
    def final(self) -> xr.Dataset:
        """The networks trained on everybody, dims (n_pwl, ...), and how they were chosen."""
        return optional_node(self.tree, "final")

    @checked(DataError, trials=not_trials, n_pwl=optional(not_whole), adaptive=not_flag)
    def predict(
        self, trials: xr.Dataset, n_pwl: int | None = None, *, adaptive: bool = False
    ) -> xr.Dataset:
        """Predict the choices of new subjects by the network that was trained on everybody.

        Parameters
        ----------
        trials : xarray.Dataset
            Of subjects who were not fitted; inputs, labels, events and units as in ``fit.trials``.
        n_pwl : int, optional
            A value of the grid; default the one that predicts best on all subjects.
        adaptive : bool
            Let the read-out learn each new subject from its earlier choices; how far it may go was
            chosen on inner parts (``select_n_pwl(..., final=True, adaptive=True)``).

        Returns
        -------
        predictions : xarray.Dataset
            ``probability`` (trial, option), NaN where the choice is never read out;
            ``log_likelihood`` (trial) of the choice in nats, NaN where it is not scored.

        Raises
        ------
        ResultError
            The fit has no such network: it is made with ``select_n_pwl(..., final=True)``.
        DataError
            Trials were fitted, or an input, label or event is unknown or missing.
        NotTestableError
            The choice is explained by a likelihood that only training can evaluate.

        Warns
        -----
        LeakageWarning
            A subject has the name of one who was fitted.
        """
        observation = self.config.get("observation")
        model = make_predictor(self.final, self.encoding, observation, n_pwl)
        require_new(self, trials)
        return predict_learning(self, model, trials) if adaptive else model.predict(trials)

    @cached_property
    def config(self) -> dict[str, Any]:
        """Arguments of the fit, as a dict."""
        return json.loads(self.tree.attrs["config"])

    @cached_property
    def provenance(self) -> dict[str, Any]:
        """Versions, seed, time, dataset hash, backend, as a dict."""
        return json.loads(self.tree.attrs["provenance"])

    @cached_property
    def cautions(self) -> list[str]:
        """What a reader must hear about the data and the fit, one sentence each."""
        return json.loads(self.trials.attrs.get("cautions", "[]"))

    @property
    def encoding(self) -> dict[str, Any]:
        """Arguments of `neuroalrnn.encode` that the trials were encoded with, as a dict."""
        return self.config["encoding"]

    @property
    def carry(self) -> str:
        """How long the latent state is carried on: "session", "block" or "trial"."""
        return self.encoding.get("carry", "session")

    @cached_property
    def sequences(self) -> Sequences:
        """The fitted trials as `neuroalrnn.data.Sequences`, encoded as they were for the fit."""
        return encode(self.trials, **self.encoding)

    @cached_property
    def owner(self) -> np.ndarray:
        """Position of the fold that holds a sequence out, shape (sequence,)."""
        return self.splits["fold"].values[self.sequences.trial[:, 0]]

    @cached_property
    def folds(self) -> Folds:
        """The folds in order, each with its sufficient network, its trials and its latents.

        Returns
        -------
        Folds of Fold
            By position or by name.
        """
        names = self.parameters["fold"].values.astype(str).tolist()
        return Folds(Fold(self, index, name) for index, name in enumerate(names))

    @property
    def scores(self) -> pd.DataFrame:
        """One row per model and subject.

        Returns
        -------
        pandas.DataFrame
            Columns ``model, subject, n_trials, log_likelihood`` (nats per trial), ``bits`` (per
            trial, against class frequency), ``normalised_likelihood, accuracy``; where more than
            choices was observed, ``log_likelihood_joint`` and one for each further variable.
        """
        table = self.tree["scores"].to_dataset().to_dataframe().reset_index()
        table = table[table["n_trials"] > 0]
        order = ["model", "subject", "n_trials", "log_likelihood", "bits"]
        order += ["normalised_likelihood", "accuracy", *further(table)]
        return table[order].reset_index(drop=True)

    @property
    def explained(self) -> list[str]:
        """What the AL-RNN was fitted to: "choice", or the names of all variables.

        Returns
        -------
        list of str
        """
        return list((self.config.get("observation") or {"variables": ["choice"]})["variables"])

    def summarise(self) -> pd.DataFrame:
        """One row per model: held-out scores over subjects.

        Returns
        -------
        pandas.DataFrame
            Index ``model``; ``log_likelihood`` is nats per scored trial, every trial counting the
            same, ``standard_error`` its standard error over subjects (NaN for one subject);
            ``subject_mean`` and ``subject_standard_error`` let every subject count the same; bits
            per trial, normalised likelihood and accuracy are over trials, as are columns of further
            variables.
        """
        groups = self.scores.groupby("model", sort=False)
        columns = {name: summarise_model(rows) for name, rows in groups}
        table = pd.DataFrame(columns).T.rename_axis("model")
        return table.astype({"n_subjects": int, "n_trials": int})

    @checked(ResultError, path=not_path, overwrite=not_flag)
    def save(self, path: PathLike | str, *, overwrite: bool = False) -> None:
        """Write the fit to one netCDF file with checksums, all or nothing.

        Parameters
        ----------
        path : path-like
            The file to write.
        overwrite : bool
            Replace a file that exists.

        Raises
        ------
        ResultError
            If the file exists and `overwrite` is false, the folder does not, or the disk is full.
        """
        path = Path(path)
        if path.exists() and not overwrite:
            raise ResultError(f"{path} exists; pass overwrite=True to replace it")
        if not path.parent.is_dir():
            raise ResultError(f"{path.parent} is not a folder; create it first")
        nodes = {node.path: storable(node.to_dataset(inherit=False)) for node in self.tree.subtree}
        tree = xr.DataTree.from_dict(nodes)
        replace_file(path, write_netcdf(tree, compression(tree)))

    @classmethod
    @checked(ResultError, path=not_path)
    def load(cls, path: PathLike | str) -> "Fit":
        """Read a fit that `save` wrote.

        Parameters
        ----------
        path : path-like
            The file.

        Returns
        -------
        fit : Fit
            As it was saved.

        Raises
        ------
        ResultError
            If the file is missing, damaged, not a fit, or changed since it was saved.
        """
        path = Path(path)
        if not path.is_file():
            raise ResultError(f"{path}: no such file")
        if is_sealed_wrong(path):
            raise ResultError(
                f"{path} is not a readable fit: it is damaged, or was changed after it was saved; "
                "fit again, or take a copy of the file"
            )
        tree = read_netcdf(path, xr.load_datatree, ResultError, "fit")
        saved = tree.attrs.pop(CHECKSUMS, None)
        fit = cls(tree)
        require_unchanged(path, saved, checksums(tree))
        return fit
