"""CRCNS pfc-1: a made-up tree of its layout, and a corrupted copy for every rule."""

import json

import numpy as np
import pandas as pd
import pytest

from data_loaders.formats import load_crcns, read_crcns, recognise
from data_loaders.formats._pfc_rules import STIMULI, block_of
from neuroalrnn.exceptions import DataError

N = 330
NAMES = {block: [k for k, each in STIMULI.items() if each[1] == block] for block in (1, 2, 3, 4)}
FIRST, SECOND = "CR12B/CR12B_110727_001_behaving", "YT6A/YT6A_120201_behaving"


def info(*, n_future=3):
    """Trials in the cycle of blocks, with every outcome, and planned ones at the end."""
    number = np.arange(1, N + 1)
    block = block_of(number)
    name = [NAMES[b][k % len(NAMES[b])] for k, b in zip(number, block, strict=True)]
    outcome = np.array(["hit", "error", "wrong_port", "hit", "choice_time_up"])[number % 5]
    outcome[N - n_future :] = "future_trial"
    stimuli = [STIMULI[each] for each in name]
    return pd.DataFrame(
        {
            "correct_side": np.where(block < 3, "left", "right"),
            "stim_number": [each[0] for each in stimuli],
            "nonrandom": (number % 7 == 0).astype(int),
            "outcome": outcome,
            "go_or_nogo": ["go" if each[4] else "nogo" for each in stimuli],
            "block": block,
            "stim_name": name,
        },
        index=pd.Index(number, name="trial_number"),
    )


def timings():
    number = np.arange(11, 301)
    start = 100.0 + 5 * number
    times = {"cpoke_start": start, "stim_onset": start + 0.3, "cpoke_stop": start + 0.5}
    times["choice_made"] = start + 0.9
    munged = {"is_munged": number == 20}
    return pd.DataFrame(munged | times, index=pd.Index(number, name="trial_number"))


def write(root, session=FIRST, table=None, times=None, numbers=None):
    folder = root / session
    folder.mkdir(parents=True)
    (info() if table is None else table).to_csv(folder / "trials_info")
    times = timings() if times is None else times
    if times is not False:
        times.to_csv(folder / "trial_timings")
        numbers = [*times.index, N] if numbers is None else numbers
        stamps = (times["stim_onset"].reindex(numbers).fillna(9e3) * 30_000).round().astype(int)
        (folder / "TRIAL_NUMBERS").write_text("\n".join(map(str, numbers)))
        (folder / "TIMESTAMPS").write_text("\n".join(map(str, stamps)))
    return folder


def test_a_tree_of_two_rats_is_read(tmp_path):
    write(tmp_path)
    write(tmp_path, SECOND, info(n_future=5), times=False)
    write(tmp_path, "CR20B/CR20B_120613_001_behaving", info(n_future=9))
    assert recognise(tmp_path) == "crcns"
    with pytest.warns(UserWarning, match="trial_timings is missing"):
        trials = load_crcns(tmp_path, {})
    assert dict(zip(*np.unique(trials["subject"], return_counts=True), strict=True)) == {
        "CR12B": 327, "YT6A": 325}  # fmt: skip
    assert list(trials["choice"].attrs["labels"]) == ["nogo", "left", "right"]
    assert "3 rows of future_trial dropped" in trials.attrs["notes"]
    assert "CR20B_120613_001_behaving left out" in trials.attrs["notes"]
    assert "1 munged trials have no times" in trials.attrs["notes"]
    assert "Neuron 82" in trials.attrs["citation"]
    files = json.loads(trials.attrs["load_report"])["files"]
    assert [(each["name"], each["rows"]) for each in files] == [
        (f"{FIRST}/trials_info", 327), (f"{SECOND}/trials_info", 325)]  # fmt: skip
    one = trials.isel(trial=np.asarray(trials["subject"] == "CR12B"))
    first = one["event_time"].values[10]
    np.testing.assert_allclose(first, [0, 0.3, 0.5, 0.9])
    assert np.isnan(one["event_time"].values[[9, 19]]).all()
    assert one["block"].values[[0, 20, 80, 100, 160]].tolist() == [1, 2, 3, 4, 5]


def test_responses_follow_the_rule(tmp_path):
    table = read_crcns(write(tmp_path)).table.set_index("trial")
    # 0 stands for the correct side, 1 for the other
    expected = {
        ("hit", "go"): 0,
        ("hit", "nogo"): "nogo",
        ("error", "go"): "nogo",
        ("error", "nogo"): 0,
        ("wrong_port", "go"): 1,
        ("wrong_port", "nogo"): 1,
    }
    for (outcome, go), want in expected.items():
        rows = table[(table["outcome"] == outcome) & (table["go_or_nogo"] == go)]
        sides = {2: ["left", "right"], 4: ["right", "left"]}
        for block, pair in sides.items():
            answers = set(rows.loc[rows["block"] == block, "choice"])
            assert answers == {want if isinstance(want, str) else pair[want]}
    assert table.loc[table["outcome"] == "choice_time_up", "choice"].isna().all()
    nogo_hits = table[(table["outcome"] == "hit") & (table["go_or_nogo"] == "nogo")]
    assert nogo_hits["correct"].eq(1).all()
    assert nogo_hits["reward"].eq(0).all()
    assert set(table.loc[table["nonrandom"] == 1, "unscored_reason"]) == {"forced"}
    scored = table[table["scored"]]
    assert set(scored["block"]) == {2, 4}
    assert set(scored["outcome"]) == {"hit", "error", "wrong_port"}
    assert table.loc[30, ["side", "pitch", "context", "cue"]].tolist() == [
        *STIMULI[table.loc[30, "stim_name"]][2:4], -1, 0]  # fmt: skip
    assert table.loc[[10, 11], "recorded"].tolist() == [False, True]
    np.testing.assert_allclose(table.loc[11, "rt"], 0.2)


def changed(column, trial, value):
    table = info()
    table[column] = table[column].astype(object)
    table.loc[trial, column] = value
    return table


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (changed("outcome", 5, "future_trial"), "stands before other trials: 5"),
        (changed("block", 30, 4), "block is not that of the cycle of 160 trials: trials 30"),
        (changed("correct_side", 30, "right"), "correct_side is not left .*: trials 30"),
        (changed("stim_number", 30, 5), "stim_number is not that of stim_name: trials 30"),
        (changed("stim_name", 30, "le_hi_pc"), "belongs to another block: trials 30"),
        (changed("go_or_nogo", 30, "maybe"), "go_or_nogo is not that of stim_name: trials 30"),
        (changed("stim_name", 30, "le_ca_lc"), "unknown stimuli le_ca_lc: name them in also"),
        (info().drop(columns="outcome"), "has no column outcome"),
        (info().iloc[[0, 2, 1]], "trial numbers twice or out of order"),
        (info().iloc[:200], "trials of trial_timings that trials_info lacks: 201, 202"),
    ],
)
def test_tables_that_break_a_rule_are_refused(tmp_path, table, message):
    write(tmp_path, table=table)
    with pytest.raises(DataError, match=message):
        read_crcns(tmp_path)


def test_all_that_is_wrong_is_one_error(tmp_path):
    table = changed("block", 30, 4)
    table.loc[40, "correct_side"] = "right"
    with pytest.raises(
        DataError, match=r"(?s)cycle of 160 trials: trials 30.*in 3, 4: trials 30, 40"
    ):
        read_crcns(write(tmp_path, table=table))


def test_stimuli_that_are_named_are_no_error_and_have_no_side(tmp_path):
    write(tmp_path, table=changed("stim_name", 30, "le_ca_lc"))
    table = read_crcns(tmp_path, also=["le_ca_lc"]).table
    assert np.isnan(table.loc[29, "side"])


@pytest.mark.parametrize(
    ("column", "shift", "message"),
    [
        ("stim_onset", 0.01, "differ by over 2 ms on trials 50"),
        ("choice_made", -3.0, "are not in this order on trials 50"),
    ],
)
def test_times_that_contradict_each_other_are_refused(tmp_path, column, shift, message):
    folder = write(tmp_path)
    times = timings()
    times.loc[50, column] += shift
    times.to_csv(folder / "trial_timings")
    with pytest.raises(DataError, match=message):
        read_crcns(tmp_path)


def test_lists_of_the_recording_must_be_of_one_length(tmp_path):
    folder = write(tmp_path)
    (folder / "TIMESTAMPS").write_text("1\n2\n")
    with pytest.raises(DataError, match="TRIAL_NUMBERS has 291 lines, TIMESTAMPS 2"):
        read_crcns(tmp_path)


def record(folder, *, samples, clusters, group=1, base="x"):
    place = folder / "klusters0"
    place.mkdir(exist_ok=True)
    (place / f"{base}.res.{group}").write_text("\n".join(map(str, samples)))
    (place / f"{base}.clu.{group}").write_text("\n".join(map(str, clusters)))


def test_spikes_are_counted_around_a_time_of_the_trial(tmp_path):
    folder = write(tmp_path, SECOND)
    onset = timings()["stim_onset"]
    samples = [round(30_000 * (onset[11] + shift)) for shift in (0.01, 0.06, 0.061, -0.3)]
    record(folder, samples=samples, clusters=[2, 3, 3, 4, 4])
    record(folder, samples=samples[:1], clusters=[1, 3], group=5)
    record(folder, samples=[1], clusters=[9, 9], group="1~")
    trials = load_crcns(folder, {}, at="stim_onset", window=(0, 0.1), dt=0.05)
    name = folder.name
    assert trials["unit"].values.tolist() == [f"{name}-{k}" for k in (103, 104, 503)]
    assert trials["region"].values.tolist() == ["PFC", "PFC", "A1"]
    assert trials["neural"].values[10].tolist() == [[1, 0, 1], [1, 1, 0]]
    assert np.isnan(trials["neural"].values[[0, 19]]).all()
    assert trials["neural"].values[11].sum() == 0


@pytest.mark.parametrize(
    ("clusters", "message"),
    [
        ([1, 3], "x.res.1 has 2 spikes, x.clu.1 1"),
        ([3, 3, 4], "x.clu.1 says 3 clusters and has 2"),
        ([2, 3, 400], "clusters outside 0 to 99"),
        ([1, "x", 4], "cannot be read"),
    ],
)
def test_spikes_that_contradict_each_other_are_refused(tmp_path, clusters, message):
    folder = write(tmp_path)
    record(folder, samples=[5, 6], clusters=clusters)
    with pytest.raises(DataError, match=message):
        load_crcns(folder, {}, at="stim_onset")


def test_spikes_need_one_session_with_files_that_are_no_pickles(tmp_path):
    folder = write(tmp_path)
    (folder / "klusters0").mkdir()
    (folder / "klusters0" / "x.kkp").write_bytes(b"cos\nsystem\n(S'touch trap'\ntR.")
    with pytest.raises(DataError, match=r"no .res files, only pickles"):
        load_crcns(folder, {}, at="stim_onset")
    with pytest.raises(DataError, match="at: 'onset'"):
        load_crcns(folder, {}, at="onset")
    write(tmp_path, SECOND, info(n_future=5))
    with pytest.raises(DataError, match="name the folder of one session"):
        load_crcns(tmp_path, {}, at="stim_onset")
