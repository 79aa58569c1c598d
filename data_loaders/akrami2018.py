"""Which of two sounds was louder, and what came before, one rat (Akrami et al. 2018)."""

import xarray as xr

from data_loaders.named import Named, read_embedded
from neuroalrnn.data import from_frame, validate

# what the source says of the trial before, and of the one before that, by its name there
BACK = {"average": "s_avg", "correct_side": "h", "choice": "c", "reward": "r"}
HISTORY = {f"{name}_back{n}": f"{own}_back{n}" for name, own in BACK.items() for n in (1, 2)}
COLUMNS = {"session": "session", "choice": "choice", "correct": "correct", "reward": "rewarded"}
COLUMNS |= {"sound_1": "s1", "sound_2": "s2", "louder": "louder"} | HISTORY
ENCODING = {
    "step": "event",
    "choice_event": "response",
    "inputs": {"sound_1": "sound 1", "sound_2": "sound 2"} | dict.fromkeys(HISTORY, "sound 1"),
    "carry": "session",
}
SOUNDS = ["sound_1", "sound_2"]
REGRESSION = [*SOUNDS, *(name for name in HISTORY if name != "average_back2")]


def load_akrami2018() -> xr.Dataset:
    """Load 80 sessions of one rat, 20,000 comparisons of two sounds.

    Two sounds follow each other. The right side pays if the first was louder, the left one if the
    second was.

    Returns
    -------
    trials : xarray.Dataset
        Labelled trials: 20,000, all scored. ``choice``: left, right. ``sound_1``, ``sound_2``:
        standardised levels. Of the trial before (``_back1``) and of the one before that
        (``_back2``), 0 where not available: ``average``, mean of both levels; ``correct_side`` and
        ``choice``, -1 left, +1 right; ``reward``, -1 / +1.
        Known after the choice: ``reward``, which is ``correct``, 0 / 1, used as -1 / +1;
        ``louder``, the louder sound, -1 the second, +1 the first. No times are known: the events
        ``sound 1``, ``sound 2`` and ``response`` are only an order.

    Notes
    -----
    The record leaves out trials at 2,012 places inside sessions; the source does not say how many.
    ``trial_in_session`` leaves out one number there, so that no lag reaches over them. The columns
    on the history are those of the source, which knows what was left out: they, not lags, are the
    inputs. Results hold for this one rat.
    """
    table = read_embedded("akrami2018.csv.xz")
    table["rewarded"] = table["correct"]
    table["louder"] = (table["s1"] > table["s2"]) * 2 - 1
    attrs = NAMED.attrs(
        encoding=ENCODING,
        analysis={"conditions": ["louder", "correct"]},
        baselines={"logistic": SOUNDS, "history-logistic": REGRESSION},
        notes=[
            "At 2,012 places inside sessions the record leaves out an unknown number of trials.",
            "Inputs on the history are columns of the source, not lags: they reach over the gaps.",
            "The source has no times: sound 1, sound 2 and response are steps of unknown length.",
            "One rat: sessions can be held out, subjects cannot.",
        ],
    )
    trials = from_frame(
        table,
        COLUMNS,
        labels={1: "left", 2: "right"},
        events=["sound 1", "sound 2", "response"],
        after_choice=["louder"],
        signed=["reward"],
        constants={"subject": "W053"},
        attrs=attrs,
    )
    gap = (table["previous_row_is_previous_trial"] == 0) & (table["trial"] > 1)
    skipped = gap.groupby(table["session"]).cumsum()
    number = (table["trial"] - 1 + skipped).to_numpy()
    return validate(trials.assign_coords(trial_in_session=("trial", number)))


NAMED = Named(
    load=load_akrami2018,
    task="comparison of two sounds, with history",
    species="rat",
    subjects=1,
    sessions=80,
    trials=20_000,
    scored=20_000,
    licence=(
        "MIT, copyright 2019 Nicholas A. Roy (files/akrami2018_LICENSE.txt, "
        "files/akrami2018_CHANGES.txt)"
    ),
    citation=(
        "Akrami A, Kopec CD, Diamond ME, Brody CD (2018). Posterior parietal cortex represents "
        "sensory history and mediates its effects on behaviour. Nature 554, 368-372. "
        "Published by Roy NA, Bak JH, International Brain Laboratory, "
        "Akrami A, Brody CD, Pillow JW (2021). Extracting the dynamics of behavior in sensory "
        "decision-making experiments. Neuron 109(4), 597-610. doi:10.1016/j.neuron.2020.12.004"
    ),
    source="github.com/nicholas-roy/psytrack, psytrack/examples/sampleRatData.npz, changed",
    embedded=("akrami2018.csv.xz",),
)
