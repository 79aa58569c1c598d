# %% [markdown]
# # Do fewer nonlinear units cost less?
#
# A step of a network of M latents takes about M x M products and P rectifications. Does it take
# less time with small P? All values of P run through the same kernel, on one core; times are those
# of 64 sequences, the fastest of five runs.
#
# Here one small network is timed. `python notebooks/claim_cost.py --full` times networks of 10, 20
# and 40 latents, in ten seconds of one core.

# %%
import sys
from pathlib import Path

import pandas as pd

from neuroalrnn.config import Setting
from neuroalrnn.dissect import dissect
from neuroalrnn.dissect.plan import DEFAULT
from neuroalrnn.plots.style import new_figure, style

FULL, OUT = "--full" in sys.argv, Path("results/claims")
LATENTS = [10, 20, 40] if FULL else [4]
# hardly trained: a step takes as long whatever the weights are
BARELY = {"max_checks": 1, "check_every": 2}


def time_steps(n_latent):
    """Cost of networks from linear to fully rectified."""
    setting = DEFAULT.model_dump(exclude={"n_pwl"}) | BARELY | {"n_latent": n_latent}
    grid = [0, 1, 2, n_latent // 2, n_latent]
    options = {"n_restarts": 2, "n_validation": 20, "n_test": 70, "n_retrained": 0, "threads": 1}
    found = dissect(
        "context-dependent integration", n_pwl=grid, setting=Setting(**setting), **options
    )
    return found.tables["cost"].assign(n_latent=n_latent)


cost = pd.concat([time_steps(n) for n in LATENTS], ignore_index=True)
cost[["n_latent", "n_pwl", "n_parameters", "n_nonlinear", "step_microseconds"]].round(3)

# %%
with style():
    figure = new_figure(height=65)
    ax = figure.add_subplot()
    for n_latent, rows in cost.groupby("n_latent"):
        share, time = rows["n_pwl"] / n_latent, rows["step_microseconds"]
        ax.plot(share, time, "o-", label=f"{n_latent} latents")
    ax.set_xlabel("Share of units that are rectified, P / M")
    ax.set_ylabel("Time of a step (microseconds)")
    ax.set_ylim(0, 1.1 * cost["step_microseconds"].max())
    ax.legend()
figure

# %%
ends = cost.groupby("n_latent")["step_microseconds"].agg(["first", "last"])
sentence = "; ".join(
    f"{n} latents: {row['first']:.3f} microseconds with P = 0, {row['last']:.3f} with P = M"
    for n, row in ends.iterrows()
)
if FULL:
    OUT.mkdir(parents=True, exist_ok=True)
    figure.savefig(OUT / "cost.svg")
sys.stdout.write(f"{sentence}\n")

# %% [markdown]
# Found on one core of an AMD EPYC: a step takes 0.066 microseconds with P = 0 and 0.063 with P = M
# for 10 latents, 0.078 and 0.068 for 20, and 0.101 and 0.103 for 40. **Fewer rectifications do not
# make a step faster here: their number falls with P, the time does not.** The M x M products, which
# are as many for every P, are likely what takes the time.
