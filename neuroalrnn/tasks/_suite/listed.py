"""All tasks of the suite by name."""

from neuroalrnn.tasks._suite.context import CONTEXT, MANTE
from neuroalrnn.tasks._suite.copying import COPY, VARIABLE_COPY
from neuroalrnn.tasks._suite.holding import FLAGGED_PARITY, FLIP_FLOP, PARITY, SCALAR_MEMORY
from neuroalrnn.tasks._suite.marked import ADDITION, DECISION, MULTIPLICATION
from neuroalrnn.tasks._suite.multitask import DRISCOLL_15, YANG_20
from neuroalrnn.tasks._suite.outside import ENVIRONMENT
from neuroalrnn.tasks._suite.rodent import RODENT
from neuroalrnn.tasks._suite.sequences import SEQUENCES
from neuroalrnn.tasks._suite.task import Task
from neuroalrnn.tasks._suite.words import SCAN, SENTIMENT

TASKS: dict[str, Task] = {
    task.name: task
    for task in (
        ADDITION,
        MULTIPLICATION,
        COPY,
        VARIABLE_COPY,
        SCALAR_MEMORY,
        FLIP_FLOP,
        FLAGGED_PARITY,
        PARITY,
        DECISION,
        CONTEXT,
        MANTE,
        *RODENT,
        DRISCOLL_15,
        YANG_20,
        *SEQUENCES,
        SENTIMENT,
        SCAN,
        ENVIRONMENT,
    )
}
