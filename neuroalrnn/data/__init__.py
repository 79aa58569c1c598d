"""Labelled trials: the contract, tables in and out, encoding into steps, splits."""

from neuroalrnn.data.audit import Audit, audit
from neuroalrnn.data.cautions import caution, cautions_of
from neuroalrnn.data.default import default_encoding
from neuroalrnn.data.encode import encode
from neuroalrnn.data.files import load_table
from neuroalrnn.data.frames import to_frame
from neuroalrnn.data.rows import Rows
from neuroalrnn.data.schema import SCHEMA_VERSION, validate
from neuroalrnn.data.sequences import Sequences
from neuroalrnn.data.split import (
    LeaveOneSubjectOut,
    SessionKFold,
    Split,
    Splitter,
    StimulusSequenceOut,
    SubjectKFold,
)
from neuroalrnn.data.tables import from_frame
from neuroalrnn.data.terms import design

__all__ = [
    "SCHEMA_VERSION",
    "Audit",
    "LeaveOneSubjectOut",
    "Rows",
    "Sequences",
    "SessionKFold",
    "Split",
    "Splitter",
    "StimulusSequenceOut",
    "SubjectKFold",
    "audit",
    "caution",
    "cautions_of",
    "default_encoding",
    "design",
    "encode",
    "from_frame",
    "load_table",
    "to_frame",
    "validate",
]
