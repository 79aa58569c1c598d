"""Dissect a task: train the grid cell by cell, and put everything together."""

import hashlib
import io
import json
import time
from datetime import UTC, datetime
from importlib.metadata import version
from inspect import signature
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import torch
import xarray as xr

from neuroalrnn.arguments import not_path, refuse
from neuroalrnn.config import Setting
from neuroalrnn.config.defaults import MEMORY
from neuroalrnn.data.split import Splitter
from neuroalrnn.dissect._apart import REPLACEMENTS
from neuroalrnn.dissect._cell import DIMS, INSIDE, N_APART, work_cell
from neuroalrnn.dissect._computing import describe_computations
from neuroalrnn.dissect._peers import DIMS as PEER_DIMS
from neuroalrnn.dissect._peers import PEERS, work_peer
from neuroalrnn.dissect._sets import TEST
from neuroalrnn.dissect._subjects import dissect_subjects
from neuroalrnn.dissect.plan import SLOPES, make_plan
from neuroalrnn.dissect.result import FORMAT, Dissection
from neuroalrnn.exceptions import ConfigError
from neuroalrnn.fit import compute_eta
from neuroalrnn.ops import Weights
from neuroalrnn.running import announce
from neuroalrnn.study.engine import Engine, one_torch_thread
from neuroalrnn.study.resume import Kept, as_bytes
from neuroalrnn.study.search import Progress

N_TIMED = 64


def dissect(
    task: str | xr.Dataset,
    *,
    parameters: dict[str, Any] | None = None,
    n_pwl: list[int] | None = None,
    n_train: list[int] | tuple[int, ...] = (),
    fresh: bool = True,
    n_restarts: int = 10,
    setting: Setting | None = None,
    n_validation: int = 500,
    n_test: int = 1000,
    peers: bool = False,
    n_retrained: int = 1,
    cv: Splitter | None = None,
    n_latent: list[int] | None = None,
    n_inner: int | None = None,
    random_state: int = 0,
    resume: str | PathLike | None = None,
    threads: int | None = None,
    memory: int = MEMORY,
    backend: str = "auto",
    progress: bool = False,
) -> Dissection:
    """Find out where a task needs nonlinearity, and what each nonlinear unit does.

    Networks are trained from P = 0 (linear) to P = M (fully rectified), on fixed training sets of
    several sizes and on trials that are drawn anew for every update, and kept at the check with the
    best validation score. They are scored on test trials that nothing was chosen on. Those of the
    largest training size are then taken apart: all PWL units are attenuated together, from slope 0
    below zero (ReLU) to slope 1 (linear), and each is made linear alone, without training anew and
    with it.

    Parameters
    ----------
    task : str or xarray.Dataset
        Name in `neuroalrnn.tasks.TASKS`, or labelled trials, see `neuroalrnn.validate`. With trials
        the same grid is fitted by `neuroalrnn.select_n_pwl` with whole subjects held out; the floor
        is the frequency of choices among training subjects, and no ceiling is known.
    parameters : dict, optional
        Of the task, such as ``{"n_steps": 40}``; its defaults without it.
    n_pwl : list of int, optional
        Numbers of PWL units; default 0, powers of two, and all latents.
    n_train : list of int
        Sizes of fixed training sets, in trials (in sessions, where the state goes on over trials).
        Smaller sets are the first trials of larger ones. With trials of subjects, numbers of
        training subjects; default all of them, half of them, a quarter and so on.
    fresh : bool
        Of tasks alone, as are `parameters`, `n_validation`, `n_test`, `peers` and `n_retrained`:
        also train on trials that are drawn anew for every update; none is met twice.
    n_restarts : int
        Random starts of every network. One start differs between values of P only in its slopes.
    setting : Setting, optional
        Number of latents, learning rate, length of training and so on; its ``n_pwl`` is not used.
    n_validation, n_test : int
        Number of trials that say when to stop, and of those that are scored.
    peers : bool
        Also train a GRU and an LSTM of as many units, by the same program.
    n_retrained : int
        So many restarts of each P, those best on validation trials, are trained on without each of
        their PWL units, for as long as they had been trained; 0 for none.
    cv : splitter, optional
        Of trials of subjects alone: who is held out; default ``SubjectKFold()``.
    n_latent : list of int, optional
        Of trials of subjects alone: numbers of latents; default that of the setting.
    n_inner : int, optional
        Of trials of subjects alone: inner validation parts; default that of `select_n_pwl`.
    random_state : int
        Seed of all trials and starts.
    resume : path-like, optional
        Folder that keeps finished cells, from which the same call goes on.
    threads : int, optional
        Default: all cores. It changes no result.
    memory : int
        Bytes that training may take beside the data.
    backend : str
        Name of a backend, or "auto".
    progress : bool
        Say what is computed and how long it takes, and show a progress bar.

    Returns
    -------
    Dissection
        Networks, curves and scores; ``tables`` has them as tidy tables.

    Raises
    ------
    ConfigError
        An argument is impossible; the message names all of them.

    Examples
    --------
    >>> from neuroalrnn.dissect import dissect
    >>> found = dissect("addition", parameters={"n_steps": 20}, n_pwl=[0, 1])  # doctest: +SKIP
    >>> found.tables["performance"]  # doctest: +SKIP
    """
    is_task = not isinstance(task, xr.Dataset)
    n_pwl, n_train, n_latent = _listed(n_pwl), _listed(n_train), _listed(n_latent)
    of_subjects = {"cv": cv, "n_latent": n_latent, "n_inner": n_inner}
    of_tasks = {
        "parameters": parameters, "fresh": fresh, "n_validation": n_validation, "n_test": n_test,
        "peers": peers, "n_retrained": n_retrained,
    }  # fmt: skip
    grid = {
        "n_pwl": n_pwl, "n_train": n_train or [], "n_restarts": n_restarts, "setting": setting,
        "random_state": random_state,
    }  # fmt: skip
    _refuse_others(of_subjects if is_task else of_tasks, is_task)
    refuse("dissect", [] if resume is None else not_path("resume", resume), ConfigError)
    if not is_task:
        return dissect_subjects(
            task, **of_subjects, **grid, resume=resume, threads=threads, memory=memory,
            backend=backend, progress=progress,
        )  # fmt: skip
    plan = make_plan(task, **of_tasks, **grid)
    engine = Engine.choose(backend, threads, memory)
    if progress:
        announce(plan.tell(plan.estimate(engine)))
    bar = Progress(plan.n_checks, show=progress)
    cells, done = [], 0
    for cell in (*plan.cells, *plan.peer_cells):
        cells.append(_cell(plan, cell, engine, bar, resume))
        done += plan.checks_of(cell)
        bar.finish_fold(done)
    bar.bar.close()
    own, peer = cells[: len(plan.cells)], cells[len(plan.cells) :]
    found = Dissection(_assemble(plan, own, engine).merge(_assemble_peers(plan, peer)))
    computing = describe_computations(found, plan.source, min(N_APART, plan.n_test))
    return Dissection(found.dataset.assign_attrs(computing=json.dumps(computing, default=float)))


def _listed(values):
    """One value or several as a list; None as it is."""
    if values is None:
        return None
    return list(values) if np.ndim(values) else [values]


def _refuse_others(alone, is_task):
    """Refuse arguments that were given, though they are of the other kind of dissection."""
    whose = "trials of subjects" if is_task else "tasks of the suite"
    usual = {name: each.default for name, each in signature(dissect).parameters.items()}
    found = [f"{name}: is of {whose} alone" for name in alone if alone[name] != usual[name]]
    refuse("dissect", found, ConfigError)


def _cell(plan, cell, engine, bar, resume):
    """One cell, from the folder where it is there."""
    n_train, what = cell
    is_peer = isinstance(what, str)
    name = what if is_peer else f"P={','.join(map(str, what))}"
    bar.start_fold(f"{name}, {'new' if n_train is None else n_train} trials")
    kept = None if resume is None else _kept(plan, cell, engine, resume)
    data = kept.load() if kept else None
    if data is None:
        work = work_peer if is_peer else work_cell
        found = work(plan, n_train, what, engine, bar)
        if kept:
            kept.save(as_bytes(found))
    else:
        with np.load(io.BytesIO(data)) as arrays:
            found = dict(arrays)
    return found


def _kept(plan, cell, engine, folder):
    told = json.dumps([plan.describe(), cell, plan.cells[-1]], sort_keys=True, default=str)
    digest = hashlib.sha256(told.encode()).hexdigest()
    identity = {"digest": digest, "backend": engine.backend.name, "torch": torch.__version__}
    identity |= {"neuroalrnn": version("neuroalrnn")}
    return Kept(Path(folder) / f"cell-{digest[:16]}.kept", identity)


def _assemble(plan, cells, engine):
    """All cells as one dataset, dims (n_train, n_pwl, restart, ...)."""
    own, n_parts = ("n_train", "n_pwl", "restart"), len(cells) // len(plan.sizes)
    rows = [cells[k : k + n_parts] for k in range(0, len(cells), n_parts)]

    def joined(name, row):
        return np.concatenate([cell[name] for cell in row])

    found = {
        name: ((*own, *dims), np.stack([joined(name, row) for row in rows]))
        for name, dims in DIMS.items()
    }
    found |= {name: ((*own[1:], *dims), joined(name, rows[-1])) for name, dims in INSIDE.items()}
    found = xr.Dataset(
        found,
        coords={
            "n_train": list(plan.sizes),
            "n_pwl": list(plan.grid),
            "measure": list(plan.source.task.measures),
            "slope": list(SLOPES),
            "replacement": list(REPLACEMENTS),
        },
    )
    found["step_seconds"] = "n_pwl", _time_steps(plan, found, engine)
    return found.assign_attrs(
        format=FORMAT,
        task=plan.source.name,
        asked=json.dumps(plan.describe(), default=list),
        known=json.dumps(_known(plan)),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        neuroalrnn=version("neuroalrnn"),
        backend=engine.backend.name,
    )


def _assemble_peers(plan, cells):
    """All cells of gated networks, dims (n_train, model, restart, ...)."""
    if not cells:
        return xr.Dataset()
    shape = len(plan.sizes), len(PEERS)

    def together(name):
        each = np.stack([cell[name] for cell in cells])
        return each.reshape(*shape, *each.shape[1:])

    own = ("n_train", "model", "restart")
    found = {name: ((*own, *dims), together(name)) for name, dims in PEER_DIMS.items()}
    return xr.Dataset(found, coords={"model": list(PEERS)})


def _known(plan):
    """What is known of the main score of the task."""
    task, parameters = plan.source.task, plan.source.parameters
    measure, network = task.measures[0], task.exact(**parameters)
    floor, ceiling = (ask(**parameters).get(measure) for ask in (task.floor, task.ceiling))
    return {
        "measure": measure,
        "floor": floor,
        "ceiling": ceiling,
        "solved": task.solved if task.solved is not None else _solved(floor, ceiling),
        "exact_n_pwl": None if network is None else network.n_pwl,
    }


def _solved(floor, ceiling):
    """Where the task does not say it: 95 % of the way from the floor to the ceiling."""
    if ceiling is None:
        return np.nan
    return ceiling - 0.05 * (ceiling - (floor or 0.0))


def _time_steps(plan, found, engine):
    """Seconds that a network of each P takes for a step, the fastest of five runs of its scan."""
    timed = plan.source.draw(TEST, min(N_TIMED, plan.n_test))
    observations = timed.observations(plan.setting.dtype)
    index = torch.arange(len(observations.n_steps) - 1)[None]
    n_steps = int(observations.n_steps.sum())
    scan, seconds = engine.backend.scan(1), []
    with one_torch_thread(), torch.no_grad():
        for place, n_pwl in enumerate(plan.grid):
            weights = _weights(found.isel(n_train=-1, n_pwl=place, restart=0), plan.setting.dtype)
            runs = []
            for _ in range(5):
                started = time.perf_counter()
                compute_eta(weights, torch.tensor([n_pwl]), observations, index, scan=scan)
                runs.append(time.perf_counter() - started)
            seconds.append(min(runs) / n_steps)
    return seconds


def _weights(network, dtype):
    parts = (torch.as_tensor(network[name].values)[None] for name in Weights._fields)
    return Weights(*(part.to(getattr(torch, dtype)) for part in parts))
