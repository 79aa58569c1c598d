"""What is imported on first use, for type checkers."""

from neuroalrnn import adaptive as adaptive
from neuroalrnn import baselines as baselines
from neuroalrnn import behaviour as behaviour
from neuroalrnn import config as config
from neuroalrnn import data as data
from neuroalrnn import dissect as dissect
from neuroalrnn import effects as effects
from neuroalrnn import exceptions as exceptions
from neuroalrnn import export as export
from neuroalrnn import fit as fit
from neuroalrnn import inspection as inspection
from neuroalrnn import mechanism as mechanism
from neuroalrnn import model as model
from neuroalrnn import network as network
from neuroalrnn import neural as neural
from neuroalrnn import ops as ops
from neuroalrnn import peers as peers
from neuroalrnn import plots as plots
from neuroalrnn import questions as questions
from neuroalrnn import reconstruct as reconstruct
from neuroalrnn import recover as recover
from neuroalrnn import regimes as regimes
from neuroalrnn import report as report
from neuroalrnn import results as results
from neuroalrnn import stats as stats
from neuroalrnn import study as study
from neuroalrnn import tasks as tasks
from neuroalrnn.config import Run as Run
from neuroalrnn.config import Setting as Setting
from neuroalrnn.config import load_run as load_run
from neuroalrnn.data import LeaveOneSubjectOut as LeaveOneSubjectOut
from neuroalrnn.data import Rows as Rows
from neuroalrnn.data import SessionKFold as SessionKFold
from neuroalrnn.data import StimulusSequenceOut as StimulusSequenceOut
from neuroalrnn.data import SubjectKFold as SubjectKFold
from neuroalrnn.data import audit as audit
from neuroalrnn.data import encode as encode
from neuroalrnn.data import from_frame as from_frame
from neuroalrnn.data import load_table as load_table
from neuroalrnn.data import to_frame as to_frame
from neuroalrnn.data import validate as validate
from neuroalrnn.exceptions import NeuroALRNNError as NeuroALRNNError
from neuroalrnn.export import export_fit as export_fit
from neuroalrnn.questions import analyse as analyse
from neuroalrnn.recover import retrain_without_units as retrain_without_units
from neuroalrnn.report import write_report as write_report
from neuroalrnn.results import Fit as Fit
from neuroalrnn.study import ALRNN as ALRNN
from neuroalrnn.study import compare_pooling as compare_pooling
from neuroalrnn.study import cross_validate as cross_validate
from neuroalrnn.study import few_shot as few_shot
from neuroalrnn.study import select_n_pwl as select_n_pwl

__version__: str
__all__: list[str]
