"""The tasks on which networks are asked where they need nonlinearity, each in a family of its own.

`TASKS` names them. A family draws its trials from a generator with numpy alone, and writes down
what is known of them: floor, ceiling, and a network in closed form.
"""

from neuroalrnn.tasks._suite.listed import TASKS

__all__ = ["TASKS"]
