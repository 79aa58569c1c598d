"""Put what a fit says of its trials back where they came from."""

import json
import os
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import file_digest
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from neuroalrnn.arguments import checked, not_flag, not_path, not_seed, not_text, optional, refuse
from neuroalrnn.data.dialect import read_raw
from neuroalrnn.data.names import one_form
from neuroalrnn.data.roles import TABLE_ROW
from neuroalrnn.data.schema import not_trials
from neuroalrnn.data.written import not_written_as, table_with, tables_at
from neuroalrnn.exceptions import DataError, DataWarning, ResultError, problems
from neuroalrnn.export._columns import Described, column_names, describe_trials
from neuroalrnn.export._rows import Placed, parts_of_table, place_trials, refuse_other_rows
from neuroalrnn.neural.annotations import with_metadata
from neuroalrnn.results import Fit
from neuroalrnn.results.checks import not_fit
from neuroalrnn.sources import import_data_loaders

if TYPE_CHECKING:
    import mne

# what is kept of how a table was written
HOW = ("encoding", "separator", "sheet", "decimal")
# positions of epochs among all events, which MNE keeps
SELECTION = "selection"


@checked(
    DataError,
    fit=not_fit,
    out=optional(not_path),
    trials=optional(not_trials),
    prefix=not_text,
    overwrite=not_flag,
    random_state=not_seed,
)
def export_fit(
    fit: Fit,
    source: "str | Path | Sequence[str | Path] | pd.DataFrame | mne.BaseEpochs",
    out: str | Path | None = None,
    *,
    trials: xr.Dataset | None = None,
    prefix: str = "model_",
    overwrite: bool = False,
    random_state: int = 0,
) -> "list[Path] | pd.DataFrame | mne.BaseEpochs":
    """Add held-out predictions and regimes to the table that the trials of a fit came from.

    All rows stay, in their order, and cells as they are written; rows that were no trials get empty
    cells. Columns are, after the prefix, ``fold`` (the part that was held out with the trial),
    ``p_OPTION`` (probability of each option), ``choice`` (the most probable one), ``p_choice`` (the
    probability of the choice that was made), ``log_likelihood`` (nats, where the trial is scored),
    ``linear_regime`` (at the step of the choice) and ``linear_switches`` (steps of the trial at
    which it changed), of the sufficient networks; and, where there are functional regimes,
    ``functional_regime`` and ``functional_switch`` (1 where it is another than on the trial
    before). Everything is held out: of networks that never saw the group of the trial.

    Parameters
    ----------
    fit : Fit
        A cross-validated fit.
    source : str, pathlib.Path, list of them, pandas.DataFrame or mne.Epochs
        What the trials were read from: tables (delimited text, Excel, Parquet; JSON and E-Prime
        become delimited text), files of NWB or of epochs, or an object in memory.
    out : str or pathlib.Path, optional
        The new file, or the folder of several ones; never the old one. Not for objects.
    trials : xarray.Dataset, optional
        The trials as read from `source` again; by subject, session and number they are those of the
        fit. Needed where the trials of the fit do not say which rows they were.
    prefix : str
        What names of new columns begin with.
    overwrite : bool
        Replace new files that exist.
    random_state : int
        Seed of `neuroalrnn.effects.find_functional_regimes`.

    Returns
    -------
    list of pathlib.Path, pandas.DataFrame or mne.Epochs
        The new files; of an object, a copy with more columns (of the metadata).

    Raises
    ------
    DataError
        Rows and trials do not belong to each other, there are columns of these names, or the name
        of a new file is that of another kind of file.
    ResultError
        A new file exists, or would replace the old one, or `out` is given for an object.

    Warns
    -----
    DataWarning
        There are no functional regimes, or they cannot be found.

    Examples
    --------
    >>> from neuroalrnn import Fit, export_fit
    >>> fit = Fit.load("fit.nc")  # doctest: +SKIP
    >>> export_fit(fit, "trials.csv", "with_model.csv")  # doctest: +SKIP
    """
    placed = place_trials(fit.trials, trials)
    names = [f"{prefix}{name}" for name in column_names(fit)]
    say = partial(_said, fit, prefix, random_state)
    is_object = isinstance(source, pd.DataFrame) or hasattr(source, "metadata")
    if is_object != (out is None):
        text = "leave it out, as an object is returned" if is_object else "name the new file"
        raise problems(ResultError, "export", [f"out: {text}"])
    if is_object:
        return _to_object(source, placed, names, say)
    kind = _Kind.of(placed.read)
    files = kind.files(source)
    new = _new_files(files, Path(out), overwrite=overwrite)
    parts = parts_of_table([e.name for e in files], [_sha256(e) for e in files], placed.report)
    # before anything is computed
    rows = [
        _rows(placed, kind.cells(file, target), part, names, str(file))
        for file, target, part in zip(files, new, parts, strict=True)
    ]
    said = say()
    for file, target, own in zip(files, new, rows, strict=True):
        _replace(target, partial(kind.write, file, _on_rows(said, own), said.meanings))
    return new


def _said(fit, prefix, random_state) -> Described:
    said = describe_trials(fit, random_state)
    for text in said.left:
        warnings.warn(text, DataWarning, stacklevel=4)
    names = {name: f"{prefix}{name}" for name in said.columns}
    meanings = {names[name]: text for name, text in said.meanings.items()}
    return Described(said.columns.rename(columns=names), meanings)


def _rows(
    placed: Placed, cells: pd.DataFrame, part: slice, names: Sequence[str], title: str
) -> tuple[np.ndarray, int]:
    """Row of each fitted trial in one table, -1 where it is none of them; number of rows."""
    _refuse_taken(cells, names, title)
    rows, n_rows = placed.take(TABLE_ROW), part.stop - part.start
    rows = np.where((part.start <= rows) & (rows < part.stop), rows - part.start, -1)
    if SELECTION in cells and SELECTION in placed.read.coords:
        # epochs may have been dropped since
        rows = pd.Index(cells[SELECTION]).get_indexer(placed.take(SELECTION))
        n_rows = len(cells)
    here = np.flatnonzero(rows >= 0)
    trials = placed.fitted.isel(trial=here)
    refuse_other_rows(cells, rows[here], trials, placed.report, n_rows)
    return rows, len(cells)


def _refuse_taken(cells: pd.DataFrame, names: Sequence[str], title: str) -> None:
    """Raise where new columns would be called as others are, or as each other."""
    new = [one_form(name) for name in names]
    found = [f"there is a column {each!r} already: choose another prefix"
             for each in new if each in cells]  # fmt: skip
    found += [f"{each!r} would be the name of two new columns: call the option otherwise"
              for each in dict.fromkeys(new) if new.count(each) > 1]  # fmt: skip
    if found:
        raise problems(DataError, title, found)


def _on_rows(said: Described, rows: tuple[np.ndarray, int]) -> pd.DataFrame:
    """Columns of trials as columns of a table, empty where a row is no trial."""
    place, n_rows = rows
    return said.columns[place >= 0].set_axis(place[place >= 0]).reindex(range(n_rows))


def _to_object(source, placed, names, say):
    is_table = isinstance(source, pd.DataFrame)
    table = source if is_table else source.metadata
    if table is None:
        raise problems(DataError, "export", ["the epochs have no metadata"])
    cells = table.set_axis([one_form(name) for name in table], axis=1).reset_index(drop=True)
    if not is_table:
        cells = cells.assign(**{SELECTION: source.selection})
    rows = _rows(placed, cells, slice(0, placed.report["rows_read"]), names, "export")
    whole = pd.concat([table, _on_rows(say(), rows).set_axis(table.index)], axis=1)
    return whole if is_table else with_metadata(source, whole)


@dataclass(frozen=True)
class _Kind:
    """A kind of file, as trials were read from."""

    name: str
    read: xr.Dataset
    how: Mapping[str, Any]

    @classmethod
    def of(cls, read: xr.Dataset) -> "_Kind":
        name = str(read.attrs.get("format", "table"))
        formats = import_data_loaders().formats.FORMATS
        if name != "table" and (name not in formats or formats[name].write is None):
            text = f"nothing is written as {name}: to_frame(fit.trials) gives a table of the trials"
            raise problems(DataError, "export", [text])
        report = json.loads(read.attrs["load_report"])
        first = next(iter(report["files"]), {})
        how = {key: first[key] for key in HOW if first.get(key)}
        return cls(name, read, how)

    def files(self, source) -> list[Path]:
        if self.name == "table" or not isinstance(source, str | Path) or not Path(source).is_dir():
            return tables_at(source)
        fits = self._format.fits
        return sorted(each for each in Path(source).rglob("*") if each.is_file() and fits(each))

    @property
    def _format(self):
        return import_data_loaders().formats.FORMATS[self.name]

    def cells(self, file: Path, target: Path) -> pd.DataFrame:
        """Cells of a file that can be written as another one."""
        if self.name == "table":
            how = {key: value for key, value in self.how.items() if key != "decimal"}
            cells, dialect = read_raw(file, **how)
            refuse(str(file), not_written_as(target.name, file.name, dialect.kind), DataError)
            return cells
        own = {"table": self.read.attrs["table"]} if "table" in self.read.attrs else {}
        return self._format.read(file, **own).table

    def write(self, file: Path, columns: pd.DataFrame, meanings, target: Path) -> None:
        if self.name == "table":
            target.write_bytes(table_with(file, columns, target.name, **self.how))
        else:
            self._format.write(file, target, columns, meanings, self.read)


def _new_files(files: Sequence[Path], out: Path, *, overwrite: bool) -> list[Path]:
    """Where files go: one to `out`, several into it as a folder."""
    new = [out] if len(files) == 1 and not out.is_dir() else [out / each.name for each in files]
    found = [f"{each.name} is there more than once: export one folder at a time"
             for each in set(new) if new.count(each) > 1]  # fmt: skip
    old = {each.resolve() for each in files}
    found += [f"{each} is what the trials were read from, and stays: name another file"
              for each in new if each.resolve() in old]  # fmt: skip
    found += [f"{each} exists: overwrite it (overwrite=True, --overwrite), or name another file"
              for each in new if each.exists() and not overwrite and not found]  # fmt: skip
    parent = out.parent if len(files) == 1 else out
    if len(files) > 1 and not found:
        parent.mkdir(parents=True, exist_ok=True)
    found += [] if parent.is_dir() else [f"{parent} is no folder: make it first"]
    if found:
        raise problems(ResultError, "export", found)
    return new


def _sha256(path: Path) -> str:
    if not path.is_file():
        raise problems(DataError, str(path), ["there is no such file"])
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _replace(target: Path, write) -> None:
    """Write a file, all or nothing."""
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".") as folder:
        part = Path(folder) / target.name
        write(part)
        os.replace(part, target)
