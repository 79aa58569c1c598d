"""The numbers as text."""

from benchmarks.kernels import SCAN_ONLY

PEERS = ("eager_loop", "nn.RNN", "nn.GRU", "jax", "batched_eager", "torch_eager")
HEADER = (
    "models sequences steps latent PWL | ours (ms)  GFLOP/s  of sgemm  (scan only) | "
    + " ".join(f"{name:>14}" for name in PEERS)
)
LEGEND = (
    "Peers: time relative to ours, median of the ratios within a round (above 1: ours is faster).\n"
    "* few models were timed and multiplied. In brackets the threads of torch, the better of 1\n"
    "and all; JAX takes the cores that XLA takes, and the better of two unrollings."
)


def format_row(row):
    """One workload.

    Parameters
    ----------
    row : dict
        From `benchmarks.kernels.measure`.

    Returns
    -------
    str
    """
    size = "{models:>6} {sequences:>9} {steps:>5} {n_latent:>6} {n_pwl:>3}".format(**row)
    fraction = row["sgemm_fraction"]
    ours = (
        f"{row['seconds']['ours'] * 1e3:>9.2f} {row['gflops']['ours']:>8.1f} "
        f"{fraction['ours']:>9.1%} {fraction[SCAN_ONLY]:>12.1%}"
    )
    return f"{size} | {ours} | " + " ".join(f"{_format_peer(row, name):>14}" for name in PEERS)


def _format_peer(row, name):
    if name not in row["ratio"]:
        return "-"
    notes = row["notes"][name]
    star = "*" if "extrapolated_from_models" in notes else ""
    threads = f"({notes['threads']})" if isinstance(notes["threads"], int) else ""
    return f"{row['ratio'][name]:.2f}{star}{threads}"
