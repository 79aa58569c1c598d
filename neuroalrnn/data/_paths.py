"""Find the files of a table, and read what their names say of subjects and sessions."""

import re
from collections.abc import Iterable, Sequence
from glob import glob
from pathlib import Path
from typing import Any

from neuroalrnn.arguments import not_path
from neuroalrnn.data.names import N_SHOWN, first_few, one_form
from neuroalrnn.exceptions import DataError, problems

PART = re.compile(r"\{(\w+)\}")


def not_paths(name: str, value: Any) -> list[str]:
    """Describe what is neither a path nor a list of paths."""
    many = isinstance(value, Sequence) and not isinstance(value, str | bytes)
    return [text for each in (value if many else [value]) for text in not_path(name, each)]


def find_files(path: str | Path | Sequence[str | Path]) -> list[Path]:
    """List the files that a path, a pattern with ``*`` or a list of both names, sorted by name.

    Parameters
    ----------
    path : str, pathlib.Path, or sequence of them
        A file that exists is taken as it is, whatever signs its name holds.

    Returns
    -------
    files : list of pathlib.Path
        Each once.
    """
    if isinstance(path, str | Path):
        if Path(path).exists() or not any(sign in str(path) for sign in "*?["):
            return [Path(path)]
        found = sorted(Path(each) for each in glob(str(path), recursive=True))
        if not found:
            raise problems(DataError, str(path), ["no file has such a name"])
        return found
    files = [file for each in path for file in find_files(each)]
    if not files:
        raise problems(DataError, "path", ["the list of files is empty: name one at least"])
    return list(dict.fromkeys(files))


def same_content(files: Sequence[Path], checksums: Sequence[str]) -> list[str]:
    """Describe files that are byte for byte the same: one was copied under another name."""
    names: dict[str, list[str]] = {}
    for file, checksum in zip(files, checksums, strict=True):
        names.setdefault(checksum, []).append(str(file))
    return [
        f"{', '.join(same[:N_SHOWN])} are byte for byte the same ({len(same)} files): one was "
        "copied under another name; leave the copies out"
        for same in names.values()
        if len(same) > 1
    ]


def parts_of_names(files: Sequence[Path], pattern: str) -> dict[str, list[str]]:
    """Read what stands in the place of ``{subject}`` and other names in the names of files.

    Parameters
    ----------
    files : list of pathlib.Path
        The files.
    pattern : str
        End of their paths, such as ``"sub-{subject}_ses-{session}.csv"``.

    Returns
    -------
    parts : dict of str to list of str
        For every name in braces what stands in its place, one text per file.
    """
    names = PART.findall(pattern)
    if not names or len(set(names)) < len(names):
        text = f"{pattern!r}: expected names in braces, each once, as in 'sub-{{subject}}.csv'"
        raise problems(DataError, "file_name", [text])
    pieces = PART.split(one_form(pattern))
    form = "".join("([^/]+?)" if k % 2 else re.escape(each) for k, each in enumerate(pieces))
    end = re.compile(f"(?:.*/)?{form}")
    found = [end.fullmatch(one_form(file.absolute().as_posix())) for file in files]
    _refuse_others(pattern, (file for file, each in zip(files, found, strict=True) if not each))
    return {name: [each[k + 1] for each in found if each] for k, name in enumerate(names)}


def _refuse_others(pattern, others: Iterable[Path]) -> None:
    names = [file.name for file in others]
    if names:
        text = f"{pattern!r} does not fit {first_few(names)}"
        raise problems(DataError, "file_name", [text])
