"""Download the files of a named dataset: whole and with the expected content, or not at all."""

import hashlib
import os
from pathlib import Path

from data_loaders.named._record import Named
from neuroalrnn.arguments import not_path, optional, refuse
from neuroalrnn.exceptions import DataError, problems
from neuroalrnn.running import announce

VARIABLE = "NEUROALRNN_DATA"


def complete(name: str, named: Named, path: str | Path | None = None) -> Path:
    """Find the folder that holds the files of a dataset, and download those that it lacks.

    Parameters
    ----------
    name : str
        Name of the dataset, and of its folder below that which the environment variable
        ``NEUROALRNN_DATA`` names, or else below the cache of the user.
    named : Named
        The dataset; licence and citation are announced when something is downloaded.
    path : str or pathlib.Path, optional
        Folder that holds the files already; nothing is downloaded then.

    Returns
    -------
    folder : pathlib.Path
        Folder that holds all files, with the content that is expected.

    Raises
    ------
    DataError
        A file is missing and cannot be downloaded, or is not the one that is expected.
    """
    refuse(name, optional(not_path)("path", path), DataError)
    folder = Path(path) if path is not None else _data_folder() / name
    missing = [file for file in named.sha256 if not (folder / file).is_file()]
    by_hand = f"get them from {named.address}, or leave path out to have them downloaded"
    remedy = "remove it to have it downloaded" if path is None else by_hand
    there = {folder / f: code for f, code in named.sha256.items() if f not in missing}
    found = [text for file, code in there.items() for text in _other(file, code, remedy)]
    if missing and path is not None:
        found.append(f"{folder} lacks {_few(missing)}: {by_hand}")
    refuse(name, found, DataError)
    if missing:
        _fill(folder, name, named, missing)
    return folder


def _fill(folder, name, named, missing) -> None:
    announce(
        f"{name}: downloading {_few(missing)} to {folder}. Licence: {named.licence}. Please cite "
        f"{named.citation}"
    )
    for number, file in enumerate(missing):
        url = f"{named.address}/{file}"
        try:
            _download(url, named.sha256[file], folder / file, named.download_bytes)
        except OSError as error:
            # what goes wrong on the way has no number, a full disk has one
            if error.errno is None:
                text = _by_hand(name, named, missing[number:], folder, error)
            else:
                text = f"{folder} cannot be written ({error}): {VARIABLE} names another place"
            raise problems(DataError, name, [text]) from error
        except ValueError as error:
            text = f"{url} is not what is expected, and was not kept: {error}"
            raise problems(DataError, name, [text]) from error


def _data_folder() -> Path:
    import pooch

    return Path(os.environ.get(VARIABLE) or pooch.os_cache("neuroalrnn")).expanduser()


def _download(url, sha256, path, most) -> None:
    """Write a file under another name first, and move it to its own if the content is right."""
    import pooch

    path.parent.mkdir(parents=True, exist_ok=True)
    logger = pooch.get_logger()
    level = logger.level
    logger.setLevel("WARNING")
    try:
        pooch.retrieve(
            url,
            f"sha256:{sha256}",
            fname=path.name,
            path=path.parent,
            downloader=pooch.HTTPDownloader(progressbar=_Meter(most)),
        )
    finally:
        logger.setLevel(level)


class _Meter:
    """A progress bar that shows nothing, and stops what is too long."""

    total = 0

    def __init__(self, most: int):
        self.most, self.seen = most, 0

    def update(self, n: int) -> None:
        self.seen += n
        # the last piece counts as a whole one
        if self.seen > self.most + n:
            raise ValueError(f"it has more than the expected {self.most} bytes")

    def reset(self) -> None:
        self.seen = 0

    def close(self) -> None:
        pass


def _other(path, sha256, remedy) -> list[str]:
    """What is wrong with a file that is there."""
    content = hashlib.sha256(path.read_bytes()).hexdigest()
    wrong = f"{path} has the SHA-256 {content}, expected {sha256}"
    return [] if content == sha256 else [f"{wrong}: it is damaged, or another version; {remedy}"]


def _by_hand(name, named, missing, folder, error) -> str:
    urls = [f"{named.address}/{file}" for file in missing]
    # the first half of long messages says the address again
    cause = f"{type(error).__name__}: {error}".rpartition("Caused by ")[2]
    return (
        f"{_few(urls)} could not be downloaded ({cause}). Without internet "
        f"get a copy of {named.source} on another machine, and load its folder: "
        f"data_loaders.load({name!r}, path=FOLDER). Or put the files into {folder}, under the same "
        f"names; the environment variable {VARIABLE} names another place than {folder.parent}"
    )


def _few(names) -> str:
    return names[0] if len(names) == 1 else f"{len(names)} files (such as {names[0]})"
