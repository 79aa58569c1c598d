"""Read and write epochs of MNE; an epoch of MNE is a trial here."""

import json
import warnings
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from neuroalrnn.arguments import checked, not_flag, not_mapping, not_text, optional
from neuroalrnn.data.cautions import caution
from neuroalrnn.data.checks import not_columns
from neuroalrnn.data.frames import to_frame
from neuroalrnn.data.look import look
from neuroalrnn.data.roles import ROLES
from neuroalrnn.data.schema import not_trials, validate
from neuroalrnn.data.tables import from_frame
from neuroalrnn.exceptions import DataError, problems
from neuroalrnn.neural._metadata import keep_metadata, own_metadata
from neuroalrnn.neural.checks import not_channel_type, not_epochs
from neuroalrnn.stats.checks import as_whole_numbers

if TYPE_CHECKING:
    import mne

# columns of the events of MNE: sample, value before it, value
EVENTS = ("event_sample", "event_before", "event_code")
NOT_TRIALS = {"IGNORED"}
NEURAL = ("trial", "time", "unit")


@checked(
    DataError,
    epochs=not_epochs,
    columns=optional(not_columns),
    subject=optional(not_text),
    session=optional(not_text),
    exclude_bads=not_flag,
    attrs=optional(not_mapping),
)
def from_epochs(
    epochs: "mne.BaseEpochs",
    columns: Mapping[str, str] | None = None,
    *,
    subject: str | None = None,
    session: str | None = None,
    exclude_bads: bool = False,
    attrs: Mapping | None = None,
    **options: Any,
) -> xr.Dataset:
    """Build a trial dataset from epochs with metadata, one row per trial, in time order.

    Parameters
    ----------
    epochs : mne.Epochs
        Epochs with metadata. The signal is read as it is: no baseline, filter or projection is
        applied.
    columns : dict of role to column, optional
        Roles of the columns of the metadata, see `neuroalrnn.from_frame`. By default columns that
        are named like a role.
    subject, session : str, optional
        Labels, where the metadata have no such column.
    exclude_bads : bool
        Whether channels marked bad are left out; they are kept otherwise (coord ``bad``).
    attrs : dict, optional
        Metadata of the dataset.
    **options : anything
        Further arguments of `neuroalrnn.from_frame`, such as ``labels``, ``events`` and
        ``missing``. Event times are seconds from trial start, whatever the times of the epochs.

    Returns
    -------
    trials : xarray.Dataset
        Labelled trials with ``neural(trial, time, unit)`` in the units of MNE (V, T, ...), ``time``
        in s relative to the event that the epochs are cut at, and ``n_steps(trial)`` from a
        metadata column of that name, else all. Coords of unit are ``channel_type`` and ``bad``; of
        trial ``selection`` (position among all events, see MNE), ``event_sample``,
        ``event_before`` and ``event_code``. ``neural.attrs`` hold ``sfreq`` (Hz), and as JSON
        ``event_id``, ``info``, ``drop_log``, ``excluded_channels`` and ``metadata``.
        ``attrs["dropped_epochs"]`` says how many epochs were dropped and why,
        ``attrs["baseline"]`` which baseline was applied (s). A trial keeps its own number,
        whichever epochs were dropped: that of the metadata, else its position among all events.

    Raises
    ------
    DataError
        The epochs have no metadata, no epoch is left, or the trials break the contract.

    Warns
    -----
    DataWarning
        MNE ignored events between the trials, and no column has trial numbers. These events may be
        trials that were not selected, or no trials at all.
    """
    if not hasattr(epochs, "metadata"):
        raise DataError(f"epochs: found {type(epochs).__name__}, expected epochs of MNE")
    epochs = epochs if epochs.preload else epochs.copy().load_data()
    if epochs.metadata is None:
        raise DataError("epochs have no metadata: set epochs.metadata to a table of one row each")
    if len(epochs) == 0:
        raise DataError(f"no epoch is left: {_dropped(epochs.drop_log)}")
    bads = list(epochs.info["bads"]) if exclude_bads else []
    epochs = epochs.copy().drop_channels(bads) if bads else epochs
    read = {"columns": columns, "subject": subject, "session": session, **options}
    attrs = {"baseline": "null", **(attrs or {}), "dropped_epochs": _dropped(epochs.drop_log)}
    if epochs.baseline is not None:
        attrs["baseline"] = json.dumps(epochs.baseline)
    trials = _read(epochs.metadata, epochs.selection, read, epochs.times.size, attrs)
    if not _is_numbered(epochs.metadata, columns):
        trials = caution(trials, _ignored_between(epochs))
    own = (options.get("stored") or {}).get("metadata")
    own = keep_metadata(epochs.metadata, epochs.selection, read) if own is None else own
    own = {"metadata": own} if own else {}
    trials["neural"] = (NEURAL, epochs.get_data().transpose(0, 2, 1), _attrs(epochs, bads) | own)
    trials = validate(trials.assign_coords(_coords(epochs)))
    # dropped epochs are no news
    return caution(trials, look(trials), category=None)


@checked(DataError, trials=not_trials, channel_type=not_channel_type)
def to_epochs(trials: xr.Dataset, *, channel_type: str = "misc") -> "mne.EpochsArray":
    """Write trials as epochs, with all other variables of a trial as metadata.

    Parameters
    ----------
    trials : xarray.Dataset
        Labelled trials with ``neural(trial, time, unit)``, evenly spaced in time. Trials shorter
        than the longest keep what they hold after their end, and get a metadata column ``n_steps``.
    channel_type : str
        Type of all units, where they do not come from `from_epochs`.

    Returns
    -------
    epochs : mne.EpochsArray
        Epochs with metadata: those that `from_epochs` read, with all their columns; where variables
        of trials were added, left out or changed since, these variables.
        ``from_epochs(epochs, **epochs.metadata.attrs["from_frame"])`` brings the dataset back.
        Files do not keep these arguments: give them again. A baseline that was applied stays
        applied, but MNE does not know of it.

    Raises
    ------
    DataError
        No neural data, uneven times, or further variables with a value per time.
    """
    import mne

    validate(trials)
    if "neural" not in trials:
        raise DataError("trials hold no 'neural(trial, time, unit)'")
    neural = trials["neural"]
    info = _info(neural, channel_type)
    metadata = _metadata(trials)
    epochs = mne.EpochsArray(
        neural.transpose("trial", "unit", "time").values.astype(float),
        info,
        tmin=float(neural["time"][0]),
        metadata=metadata,
        proj=False,
        verbose="warning",
        **_events(trials),
    )
    if np.abs(epochs.times - neural["time"].values).max() > 1e-6:
        raise DataError(
            f"times begin at {float(neural['time'][0]):g} s, which is no whole number of samples "
            f"of {info['sfreq']:g} Hz from 0: shift 'time' (by half a bin, say)"
        )
    return epochs


def _is_numbered(metadata, columns) -> bool:
    return "trial" in (metadata if columns is None else columns)


def _read(metadata, selection, read, n_times, attrs) -> xr.Dataset:
    """Trials without their signal."""
    options = dict(read)
    frame = metadata.reset_index(drop=True)
    n_steps = frame.pop("n_steps") if "n_steps" in frame else np.full(len(frame), n_times)
    given = {name: options.pop(name) for name in ("subject", "session")}
    columns = options.pop("columns")
    is_numbered = _is_numbered(metadata, columns)
    frame, columns = _with_roles(frame, columns, **given)
    # numbers of trials stand as they are, whichever epochs are left
    stored = {"variables": {}, **(options.pop("stored", None) or {})}
    trials = from_frame(frame, columns, attrs=attrs, stored=stored, **options)
    if not is_numbered:
        trials["trial_in_session"] = ("trial", np.asarray(selection, dtype=int))
    trials["n_steps"] = ("trial", as_whole_numbers(n_steps, "n_steps", "epochs", least=1))
    return trials


def _metadata(trials) -> pd.DataFrame:
    """Metadata that trials were made of, or where they do not say the same, all of the trials."""

    def again(table, selection, read):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _read(table, selection, read, trials.sizes["time"], None)

    if (own := own_metadata(trials, again)) is not None:
        metadata, read = own
        metadata.attrs["from_frame"] = read | {"attrs": dict(trials.attrs)}
        return metadata
    # MNE keeps these itself
    kept = [name for name in (*EVENTS, "selection") if name in trials.coords]
    metadata = to_frame(trials.drop_dims(["time", "unit"]).drop_vars(["n_steps", *kept]))
    stored = metadata.attrs["from_frame"]["stored"]
    stored["metadata"] = trials["neural"].attrs.get("metadata", "")
    if (trials["n_steps"] < trials.sizes["time"]).any():
        metadata["n_steps"] = trials["n_steps"].values
    return metadata


def _with_roles(frame, columns, **given) -> tuple[pd.DataFrame, dict]:
    if columns is None:
        columns = {name: name for name in ROLES if name in frame}
    columns = dict(columns)
    found = []
    for role, label in given.items():
        if label is None:
            continue
        if role in columns:
            found.append(f"{role} is given as {label!r} and as column {columns[role]!r}")
        columns[role], frame[role] = role, label
    if found:
        raise problems(DataError, "epochs", found)
    return frame, columns


def _attrs(epochs, bads) -> dict:
    return {
        "sfreq": float(epochs.info["sfreq"]),
        "event_id": json.dumps({str(name): int(code) for name, code in epochs.event_id.items()}),
        "info": json.dumps(epochs.info.to_json_dict()),
        "drop_log": json.dumps(epochs.drop_log),
        "excluded_channels": json.dumps(bads),
    }


def _coords(epochs) -> dict:
    bad = np.isin(epochs.ch_names, epochs.info["bads"])
    coords = {"time": epochs.times, "unit": epochs.ch_names, "bad": ("unit", bad)}
    coords |= {"channel_type": ("unit", epochs.get_channel_types())}
    coords |= {name: ("trial", epochs.events[:, i]) for i, name in enumerate(EVENTS)}
    return coords | {"selection": ("trial", np.asarray(epochs.selection))}


def _dropped(drop_log) -> str:
    reasons = Counter(", ".join(each) for each in drop_log if each and not NOT_TRIALS & set(each))
    return json.dumps([{"reason": why, "n_epochs": n} for why, n in reasons.most_common()])


def _ignored_between(epochs) -> list[str]:
    """Say that trials which were not selected and events of another kind look alike to us."""
    ignored = [i for i, each in enumerate(epochs.drop_log) if NOT_TRIALS & set(each)]
    first, last = min(epochs.selection), max(epochs.selection)
    between = sum(first < i < last for i in ignored)
    if not between:
        return []
    return [
        f"between the epochs lie {between} events that MNE ignored: they are taken as trials that "
        "were not selected; where they are no trials, number those in the metadata (role trial)"
    ]


def _info(neural, channel_type):
    import mne

    names = [str(name) for name in neural["unit"].values]
    if "info" not in neural.attrs:
        return mne.create_info(names, _sampling_rate(neural["time"].values), channel_type)
    info = mne.Info.from_json_dict(json.loads(neural.attrs["info"]))
    if unknown := [name for name in names if name not in info.ch_names]:
        raise DataError(f"units {', '.join(unknown)} are no channels of neural.attrs['info']")
    return mne.pick_info(info, [info.ch_names.index(name) for name in names])


def _sampling_rate(time) -> float:
    steps = np.diff(time)
    if not steps.size or np.ptp(steps) > 1e-6 * steps.mean():
        raise DataError("'time' is not evenly spaced: bin or resample the neural data first")
    # times are rounded numbers, rates are nearly always round
    return float(np.round((len(time) - 1) / (time[-1] - time[0]), 6))


def _events(trials) -> dict:
    """Events as MNE keeps them, for trials that come from MNE."""
    if "selection" not in trials.coords:
        return {}
    selection = trials["selection"].values
    log = [tuple(each) for each in json.loads(trials["neural"].attrs["drop_log"])]
    # trials that were left out since are dropped "by the user", as MNE says
    for i in np.setdiff1d([i for i, each in enumerate(log) if not each], selection):
        log[i] = ("USER",)
    events = np.stack([trials[name].values for name in EVENTS], axis=1)
    code = json.loads(trials["neural"].attrs["event_id"])
    code = {name: value for name, value in code.items() if value in events[:, 2]}
    return {"events": events, "event_id": code, "selection": selection, "drop_log": tuple(log)}
