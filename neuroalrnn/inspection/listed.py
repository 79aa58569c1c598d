"""Checks of a table, in the order in which they are told."""

from neuroalrnn.inspection import times
from neuroalrnn.inspection.finding import Check

CHECKS = (
    Check("times in ms", times.milliseconds, "response times are in milliseconds throughout"),
    Check("mixed units", times.mixed_units, "some response times are in s and some in ms"),
    Check("time 0", times.zero, "a response time of 0 stands for no response"),
    Check("negative time", times.negative, "a response time is negative"),
    Check("time 999", times.nines, "a response time of 999 stands for no response"),
    Check("time at its limit", times.limit, "the longest time stands for no response, as 60"),
)
