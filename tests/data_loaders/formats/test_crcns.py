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
        (
            changed("outcome", [30, 31], "Hit"),
            r"outcome has values .* known: Hit \(2 trials\): exp",
        ),
        (changed("go_or_nogo", 30, "maybe"), r"maybe \(1 trials\): expected go, nogo, twoac"),
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


def test_a_choice_between_two_sides_is_no_nogo(tmp_path):
    table = changed("stim_name", 30, "le_ca_lc")
    table.loc[30, ["go_or_nogo", "outcome"]] = "twoac", "hit"
    write(tmp_path, table=table)
    row = read_crcns(tmp_path, also=["le_ca_lc"]).table.loc[29]
    assert np.isnan(row["choice"])
    assert row["unscored_reason"] == "neither go nor nogo"


def states(times):
    """States of trials as the events of a session have them, one short and one with two sounds."""
    lines = []
    for number, (start, onset, stop, choice) in times[[
        "cpoke_start", "stim_onset", "cpoke_stop", "choice_made"]].iterrows():  # fmt: skip
        leave = "possible_short_cpoke_out" if number == 13 else "hold_center2_out"
        lines += [(f"trial_{number}_out", start - 0.1), ("hold_center_in", start - 0.05),
                  ("hold_center_in", start), ("play_stimulus_in", onset), (leave, stop),
                  ("choosing_side_out", choice), ("hit_on_nogo_in", choice),
                  ("right_reward_in", choice), ("right_reward_out", choice + 0.001)]  # fmt: skip
        lines += [("play_stimulus_in", onset + 0.1)] * (number == 14)
    return [("left_reward_in", 1.0), *lines]


def put_events(folder, lines):
    text = "\n".join(f"{name}\t{time:.6f}" for name, time in lines)
    (folder / "events").write_text(text + "\n")


def test_events_tell_times_where_no_table_does(tmp_path):
    folder = write(tmp_path, times=False)
    put_events(folder, states(timings().drop(columns="is_munged"))[::-1])
    found = read_crcns(folder)
    table, expected = found.table.set_index("trial"), timings()
    assert found.cautions == [f"{folder.name}: trial_timings is missing: times are those of events"]
    for name in ("cpoke_start", "cpoke_stop", "choice_made"):
        np.testing.assert_allclose(table.loc[expected.index, name], expected[name])
    assert np.isnan(table.loc[14, "stim_onset"])
    np.testing.assert_allclose(table.loc[15, "stim_onset"], expected.loc[15, "stim_onset"])
    assert table["recorded"].sum() == len(expected)
    # a state of reward of 1 ms on a nogo hit is no reward
    assert (
        table.loc[(table["outcome"] == "hit") & (table["go_or_nogo"] == "nogo"), "reward"]
        .eq(0)
        .all()
    )
    assert "a hit on a nogo trial delivers nothing" in found.notes[0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda each: each, None),
        (
            lambda each: [(n, t + 0.003 * (k == 21)) for k, (n, t) in enumerate(each)],
            "cpoke_start of trial_timings and of events differ by over 2 ms on trials 13",
        ),
        (lambda each: [*each, ("trial_40_out", 9e3)], "trial_N_out is there more than once for 40"),
        (lambda each: [*each, ("trial_40_in", np.nan), ("x\ty", 1)], "line .* is no event: 'x.ty"),
    ],
)
def test_events_must_agree_with_the_table_of_times(tmp_path, change, message):
    folder = write(tmp_path)
    put_events(folder, change(states(timings().drop(columns="is_munged"))))
    if message is None:
        assert read_crcns(folder).table["recorded"].sum() == 290
        return
    with pytest.raises(DataError, match=message):
        read_crcns(folder)


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


def test_units_are_as_a_table_says_and_all_are_kept(tmp_path):
    folder = write(tmp_path, SECOND)
    record(folder, samples=[1, 2, 3], clusters=[3, 3, 4, 5])
    name = folder.name
    rows = [f"{name}-103,A1,1", f"{name}-104,,0", "OTHER_110101_behaving-7,PFC,1"]
    (tmp_path / "units.csv").write_text("\n".join(["ulabel,region,include", *rows]))
    options = {"at": "stim_onset", "unit_table": tmp_path / "units.csv"}
    trials = load_crcns(folder, {}, **options)
    assert trials["region"].values.tolist() == ["A1", "PFC", "PFC"]
    assert trials["include"].values.tolist() == [True, False, False]
    (folder / "own.csv").write_text(f"ulabel\n{name}-104\n")
    own = load_crcns(folder, {}, at="stim_onset", unit_table="own.csv")
    assert own["include"].values.tolist() == [False, True, False]
    for text, message in (
        ("unit\n1\n", "it has no column ulabel: unit"),
        (f"ulabel\n{name}-109\n", "units that were not recorded: .*-109"),
        (f"ulabel\n{name}-103\n{name}-103\n", "units that are listed twice: .*-103"),
        (f"ulabel,include\n{name}-103,2\n", "'include' is neither true nor false"),
    ):
        (tmp_path / "units.csv").write_text(text)
        with pytest.raises(DataError, match=message):
            load_crcns(folder, {}, **options)
    with pytest.raises(DataError, match="say at which time spikes are counted, with at"):
        load_crcns(folder, {}, unit_table="own.csv")


@pytest.mark.parametrize(
    ("session", "waits"), [(SECOND, 0.05), ("CR24A/CR24A_121005_001_behaving", 0.25)]
)
def test_spikes_of_the_hold_are_those_of_the_rat(tmp_path, session, waits):
    times = timings()
    times.loc[12, "cpoke_start"] = times.loc[12, "stim_onset"] - 0.05
    folder = write(tmp_path, session, times=times)
    onset = times["stim_onset"]
    shifts = {11: (-0.2, -0.04, 0.01), 12: (-0.2, -0.04)}
    samples = [round(30_000 * (onset[k] + each)) for k, some in shifts.items() for each in some]
    record(folder, samples=samples, clusters=[1, *[2] * len(samples)])
    trials = load_crcns(folder, {}, at="stim_onset", window="hold")
    assert trials["neural"].shape[1] == round(waits / 0.05)
    assert trials["neural"].values[10].sum() == (1 if waits == 0.05 else 2)
    # this trial waited 0.05 s, which is not more than that
    assert np.isnan(trials["neural"].values[11]).all()
    with pytest.raises(DataError, match="window = 'hold' is the time before the stimulus"):
        load_crcns(folder, {}, at="cpoke_stop", window="hold")
