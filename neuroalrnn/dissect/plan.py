"""What a dissection computes: its cells, and how long they will take."""

import time
from dataclasses import asdict, dataclass

import numpy as np

from neuroalrnn.arguments import not_kind, not_names, not_seed, not_whole, refuse
from neuroalrnn.config import Setting
from neuroalrnn.dissect._peers import PEERS
from neuroalrnn.dissect._sets import TEST, Source
from neuroalrnn.dissect._training import learn
from neuroalrnn.exceptions import ConfigError
from neuroalrnn.tasks import TASKS

# half of the units start as perfect integrators, as most tasks are about memory
DEFAULT = Setting(
    n_latent=10, initialisation="identity", learning_rate=0.003, batch_size=32, check_every=50,
    max_checks=100, patience=30,
)  # fmt: skip
# networks that are trained together: more take hardly longer, but are lost together by a kill
TOGETHER = 40
# solved networks may fail at small slopes already
SLOPES = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class Plan:
    """What is trained on what, and scored on what.

    Attributes
    ----------
    source : Source
        The task.
    setting : Setting
        Of all networks, but for their number of PWL units.
    grid : tuple of int
        Numbers of PWL units.
    n_train : tuple of int
        Sizes of fixed training sets.
    fresh : bool
        Whether networks are also trained on trials that are drawn anew for every update.
    n_restarts, n_validation, n_test : int
        Starts of each network, and sequences that it is validated and scored on.
    peers : bool
        Whether a GRU and an LSTM are trained on the same trials.
    n_retrained : int
        Restarts of each P that are trained on without each of their units.
    """

    source: Source
    setting: Setting
    grid: tuple[int, ...]
    n_train: tuple[int, ...]
    fresh: bool
    n_restarts: int
    n_validation: int
    n_test: int
    peers: bool = False
    n_retrained: int = 0

    @property
    def n_drawn(self):
        """Number of trials that training draws at most where they are drawn anew."""
        return self.setting.max_checks * self.setting.check_every * self.setting.batch_size

    @property
    def sizes(self):
        """Training sizes in rising order; the last one is that of new trials."""
        return (*self.n_train, self.n_drawn) if self.fresh else self.n_train

    @property
    def cells(self):
        """Training size, None where trials are drawn anew, and the numbers of PWL units."""
        sizes = (*self.n_train, None) if self.fresh else self.n_train
        size = max(1, TOGETHER // self.n_restarts)
        parts = [self.grid[k : k + size] for k in range(0, len(self.grid), size)]
        return [(n_train, part) for n_train in sizes for part in parts]

    @property
    def peer_cells(self):
        """Training size, None where trials are drawn anew, and family of gated networks."""
        sizes = (*self.n_train, None) if self.fresh else self.n_train
        return [(n_train, name) for n_train in sizes for name in PEERS if self.peers]

    @property
    def n_checks(self):
        """Checks of all networks together, at most."""
        return sum(map(self.checks_of, (*self.cells, *self.peer_cells)))

    def checks_of(self, cell):
        """Checks of the networks of a cell, at most."""
        n_train, what = cell
        if isinstance(what, str):
            return self.n_restarts * self.setting.max_checks
        n = self.n_restarts * len(what)
        if n_train == self.cells[-1][0]:
            n += self.n_retrained * sum(1 + p for p in what if p)
        return n * self.setting.max_checks

    @property
    def n_networks(self):
        """Number of networks of all cells."""
        n_peers = len(PEERS) if self.peers else 0
        return len(self.sizes) * (len(self.grid) + n_peers) * self.n_restarts

    def describe(self):
        """All that decides the result, as names and numbers.

        Returns
        -------
        dict
        """
        own = {name: each for name, each in vars(self).items() if name not in ("source", "setting")}
        setting = {"setting": self.setting.model_dump(), "slopes": SLOPES}
        return own | {"source": asdict(self.source)} | setting

    def estimate(self, engine):
        """Estimate the time of all cells, if no network stops early.

        Returns
        -------
        float
            Seconds.
        """
        short = {"max_checks": 1, "patience": 1}

        def measure(n_updates):
            setting = self.setting.model_copy(update={**short, "check_every": n_updates})
            started = time.perf_counter()
            n_models = self.n_restarts * len(self.cells[0][1])
            learn(
                self.source, setting, [max(self.grid)] * n_models, None if self.fresh else 2,
                restarts=range(n_models), n_validation=self.n_validation, engine=engine,
                progress=lambda n_models, score: None,
            )  # fmt: skip
            return time.perf_counter() - started

        measure(1)  # compiles
        once, more = measure(1), measure(9)
        update = max(more - once, 0.0) / 8
        one = self.n_restarts * len(self.cells[0][1]) * self.setting.max_checks
        again = self.n_checks - self.n_networks * self.setting.max_checks
        n_cells = len(self.cells) + len(self.peer_cells) + again / one
        checks = self.setting.max_checks * n_cells
        return checks * (self.setting.check_every * update + max(once - update, 0.0))

    def tell(self, seconds):
        """The plan in sentences."""
        grid = ", ".join(map(str, self.grid))
        sizes = [*map(str, self.n_train), *(["new trials at every update"] if self.fresh else [])]
        return (
            f"{self.source.name}: {self.n_networks} networks of {self.setting.n_latent} latents, "
            f"P = {grid}, {self.n_restarts} restarts, trained on {', '.join(sizes)}, "
            f"{self.setting.max_checks * self.setting.check_every} updates of "
            f"{self.setting.batch_size} trials at most.\n"
            f"Training takes {max(seconds / 60, 0.1):.1f} minutes at most; networks that no longer "
            "improve stop earlier."
        )


def make_plan(
    task, *, parameters=None, n_pwl=None, n_train=(), fresh=True, n_restarts=10, setting=None,
    n_validation=500, n_test=1000, peers=False, n_retrained=1, random_state=0,
):  # fmt: skip
    """Check the arguments of `neuroalrnn.dissect.dissect`, and lay out what is computed.

    Returns
    -------
    Plan

    Raises
    ------
    ConfigError
        An argument is impossible; the message names all of them.
    """
    setting = setting or DEFAULT
    refuse("dissect", not_kind("setting", setting, Setting, "a Setting"))
    found = not_names("task", [task], known=TASKS)
    for name, value in (("n_restarts", n_restarts), ("n_test", n_test)):
        found += not_whole(name, value, least=2)
    found += not_whole("n_validation", n_validation, least=1)
    found += not_whole("n_retrained", n_retrained, least=0, most=n_restarts)
    found += not_seed("random_state", random_state)
    grid = default_grid(setting.n_latent) if n_pwl is None else n_pwl
    for each in grid:
        found += not_whole("n_pwl", each, least=0, most=setting.n_latent)
    for each in n_train:
        found += not_whole("n_train", each, least=2)
    if not len(grid) or not (fresh or len(n_train)):
        found.append("nothing to train: give values of n_pwl, and training sizes or fresh=True")
    if fresh and not found and TASKS[task].at_once:
        found.append("fresh: the trials of this task come from a file; give n_train, fresh=False")
    refuse("dissect", found, ConfigError)
    grid, n_train = (tuple(sorted({int(each) for each in some})) for some in (grid, n_train))
    plan = Plan(
        Source(task, dict(parameters or {}), random_state), setting, grid, n_train, fresh,
        n_restarts, n_validation, n_test, peers, n_retrained,
    )  # fmt: skip
    if fresh and n_train and n_train[-1] >= plan.n_drawn:
        text = f"n_train = {n_train[-1]}: as many as are drawn anew ({plan.n_drawn}), or more"
        raise ConfigError(f"dissect: {text}; give smaller sizes, or fresh=False")
    if TASKS[task].at_once:  # what lacks in files is better said before hours of training
        plan.source.draw(TEST, n_test)
    return plan


def default_grid(n_latent):
    """Both ends, and powers of two between them.

    Parameters
    ----------
    n_latent : int

    Returns
    -------
    list of int
    """
    powers = 2 ** np.arange(int(np.log2(n_latent)) + 1)
    return sorted({0, *powers.tolist(), n_latent})
