"""Sentences as sequences of words: the sentiment of a review, and commands to be carried out."""

from collections import Counter
from pathlib import Path

import numpy as np

from neuroalrnn.exceptions import ConfigError, DataError, problems
from neuroalrnn.tasks._suite.files import find_file, pick, read_bytes, read_once
from neuroalrnn.tasks._suite.parameters import N_FOLDS
from neuroalrnn.tasks._suite.task import Drawn, Scores, Task

UNKNOWN = "(unknown)"
REVIEWS = "the sentence polarity data of B. Pang and L. Lee (2005), rt-polarity.neg and .pos"
COMMANDS = "github.com/brendenlake/SCAN (Lake & Baroni, 2018), as tasks_train_simple.txt and others"
WORDS = (
    *("and", "after", "twice", "thrice", "opposite", "around", "left", "right"),
    *("turn", "walk", "look", "run", "jump"),
)
ACTIONS = ("I_TURN_LEFT", "I_TURN_RIGHT", "I_WALK", "I_LOOK", "I_RUN", "I_JUMP")
END = "end"


def read_lines(path: Path) -> list[str]:
    """Read the lines of a text that hold something.

    Parameters
    ----------
    path : pathlib.Path
        The file, in UTF-8 or, where it is none, in Latin-1.

    Returns
    -------
    list of str
        Lines without blanks around them.
    """
    content = read_bytes(path)
    try:
        text = content.decode()
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    return [line.strip() for line in text.split("\n") if line.strip()]


def _draw_sentiment(n_trials, rng, *, path=None, part="train", fold=0, n_words=500):
    """Draw reviews of one of 10 folds, or of the others.

    A word is an input of its own if it comes at least twice in the training folds and is among the
    `n_words` most frequent ones of these, of which there are about 9,700. All others share one.
    """
    if path is not None and Path(path).is_file():
        raise problems(ConfigError, "path", [f"{path} is a file, expected the folder of both"])
    read = [
        read_once(read_lines, find_file(path, [f"rt-polarity.{sign}"], REVIEWS))
        for sign in ("neg", "pos")
    ]
    texts = [line.lower().split(" ") for lines in read for line in lines]
    positive = np.repeat([0, 1], [len(lines) for lines in read])
    own = np.concatenate([np.arange(len(lines)) % N_FOLDS for lines in read]) == fold
    count = Counter(word for text, out in zip(texts, own, strict=True) if not out for word in text)
    frequent = sorted((-n, word) for word, n in count.items() if n > 1)[:n_words]
    place = {word: k + 1 for k, (_, word) in enumerate(frequent)}
    items = np.flatnonzero(own if part == "test" else ~own)
    picked = items[pick(n_trials, len(items), rng.spawn(1)[0])]
    longest = max(map(len, texts))
    inputs = np.zeros((n_trials, longest, len(place) + 1), dtype=np.int8)
    for row, item in enumerate(picked):
        words = [place.get(word, 0) for word in texts[item]]
        inputs[row, np.arange(len(words)), words] = 1
    n_steps = np.array([len(texts[item]) for item in picked])
    is_last = np.arange(longest) == n_steps[:, None] - 1
    return Drawn(
        inputs=inputs,
        target=(is_last & (positive[picked] == 1)[:, None])[..., None].astype(np.int8),
        scored=is_last,
        epoch=is_last.astype(int),
        n_steps=n_steps,
        features=(UNKNOWN, *place),
        outputs=("positive",),
        epochs=("stimulus", "response"),
        choice=positive[picked],
        labels=("negative", "positive"),
    )


def _draw_commands(n_trials, rng, *, path=None, part="train", split="simple"):
    """Draw commands, word by word, then the actions that carry them out, and an end.

    While actions are asked for, the action before comes in, as it should have been. An answer is
    right as a whole if and only if a network that gets its own last action instead is right, too.
    """
    file = find_file(path, [f"tasks_{part}_{split}.txt"], COMMANDS)
    pairs, longest = read_once(read_commands, file)
    picked = pick(n_trials, len(pairs), rng.spawn(1)[0])
    features = (*WORDS, "act", *(f"last {name}" for name in ACTIONS))
    act, outputs = len(WORDS), (*ACTIONS, END)
    inputs = np.zeros((n_trials, longest, len(features)), dtype=np.int8)
    target = np.zeros((n_trials, longest, len(outputs)), dtype=np.int8)
    n_words, n_actions = np.zeros((2, n_trials), dtype=int)
    for row, item in enumerate(picked):
        words, actions = pairs[item]
        n_words[row], n_actions[row] = n, m = len(words), len(actions)
        inputs[row, np.arange(n), words] = 1
        inputs[row, n : n + m + 1, act] = 1
        inputs[row, n + 1 + np.arange(m), act + 1 + np.array(actions, dtype=int)] = 1
        target[row, n + np.arange(m + 1), [*actions, len(ACTIONS)]] = 1
    acts = np.arange(longest) >= n_words[:, None]
    return Drawn(
        inputs=inputs,
        target=target,
        scored=acts,
        epoch=acts.astype(int),
        n_steps=n_words + n_actions + 1,
        features=features,
        outputs=outputs,
        epochs=("command", "actions"),
        parameters={"n_words": n_words, "n_actions": n_actions},
    )


def read_commands(path: Path) -> tuple[list[tuple[list[int], list[int]]], int]:
    """Read commands and their actions as places in `WORDS` and `ACTIONS`.

    Parameters
    ----------
    path : pathlib.Path
        A file with lines ``IN: walk twice OUT: I_WALK I_WALK``.

    Returns
    -------
    pairs : list of (list of int, list of int)
        One for each line.
    longest : int
        Number of steps of the longest one.

    Raises
    ------
    DataError
        A line is none of these.
    """
    pairs, wrong = [], []
    known = {each: k for names in (WORDS, ACTIONS) for k, each in enumerate(names)}
    for number, line in enumerate(read_lines(path), start=1):
        command, found, answer = line.partition(" OUT: ")
        words, actions = command.removeprefix("IN: ").split(), answer.split()
        fits = found and command.startswith("IN: ")
        if fits and set(words) <= set(WORDS) and set(actions) <= set(ACTIONS):
            pairs.append(([known[each] for each in words], [known[each] for each in actions]))
        else:
            wrong.append(f"line {number} is {line[:60]!r}: expected IN: words OUT: actions")
    if wrong or not pairs:
        raise problems(DataError, str(path), wrong[:5] or ["holds no command"])
    return pairs, max(len(words) + len(actions) + 1 for words, actions in pairs)


def _bag_of_words(*, n_words) -> Scores:
    """Count words, as logistic functions of counts did in 10 folds, where that was tried."""
    found = {500: 0.694, 2000: 0.743, None: 0.766}.get(n_words)
    return {} if found is None else {"accuracy": found}


def _perfect() -> Scores:
    return {"accuracy": 1.0, "nats": 0.0}


def _perfect_commands() -> Scores:
    return {"whole": 1.0, "accuracy": 1.0, "nats": 0.0}


SENTIMENT = Task(
    name="sentiment",
    draw=_draw_sentiment,
    loss="bernoulli",
    measures=("accuracy", "nats"),
    source=REVIEWS,
    floor_of=_bag_of_words,
    affine=False,
    ceiling_of=_perfect,
    at_once=True,
)
SCAN = Task(
    name="SCAN",
    draw=_draw_commands,
    loss="categorical",
    measures=("whole", "accuracy", "nats"),
    source=COMMANDS,
    ceiling_of=_perfect_commands,
    at_once=True,
)
