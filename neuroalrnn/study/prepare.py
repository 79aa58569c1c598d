"""What every study does with its trials before it splits them, so that all follow one rule."""

import json

from neuroalrnn.data import caution, default_encoding, encode, validate
from neuroalrnn.data.default import with_encoding
from neuroalrnn.study.checks import as_encoding, score_what_is_read
from neuroalrnn.study.observation import observe_trials, offer
from neuroalrnn.study.telling import caution_of_telling_inputs


def prepare(trials, encoding, observation=None):
    """Encode trials, and say which of them are scored and among which options.

    Parameters
    ----------
    trials : xarray.Dataset
    encoding, observation
        See `neuroalrnn.select_n_pwl`.

    Returns
    -------
    trials : xarray.Dataset
        With what a reader must hear of them.
    sequences : Sequences
    observation : Observation or None
    encoding : dict

    Raises
    ------
    DataError, ConfigError
    """
    trials = validate(trials)
    given = None if encoding is None else as_encoding(trials, encoding)
    trials = with_encoding(trials, given)
    encoding = default_encoding(trials)
    sequences = encode(trials, **encoding)
    # the networks of this fit meet the same features in any other trials
    encoding |= {"presence": sequences.presence} if sequences.presence else {}
    trials = trials.assign_attrs(encoding=json.dumps(encoding))
    trials, sequences = offer(trials, sequences, observation)
    trials = score_what_is_read(trials, sequences)
    trials = caution(trials, sequences.notes, category=None)
    trials = caution_of_telling_inputs(trials, encoding["inputs"])
    observation, sequences = observe_trials(trials, sequences, observation)
    return trials, sequences, observation, encoding
