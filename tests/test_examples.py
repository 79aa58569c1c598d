"""Examples in docstrings are run, and every name at the top level has one."""

import doctest
import inspect
import sys
from importlib import import_module
from pathlib import Path

import pytest

import neuroalrnn

sys.path.insert(0, str(Path(__file__).parent))
from lint_docstrings import RULES, public_names

TOP = [name for name in neuroalrnn.__all__ if not name.startswith("__")]
PUBLIC = [
    name
    for package in RULES["packages"]
    for name in public_names(import_module(package))
    if name.rpartition(".")[2] not in TOP
]
FINDER = doctest.DocTestFinder(recurse=False, exclude_empty=True)


def found(name):
    """The object of a dotted name, and the names that its example may use."""
    if name in RULES["packages"]:
        return import_module(name), vars(import_module(name))
    module, _, last = name.rpartition(".")
    try:
        return getattr(import_module(module), last), vars(import_module(module))
    except ModuleNotFoundError:
        package, _, kind = module.rpartition(".")
        owner = getattr(import_module(package), kind)
        return inspect.getattr_static(owner, last), vars(import_module(package))


def run_examples(name, **shared):
    value, known = found(name)
    for test in FINDER.find(value, name, globs={**known, **shared}):
        results = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(test)
        assert not results.failed


@pytest.mark.parametrize("name", [*RULES["packages"], *PUBLIC])
def test_examples_give_what_they_show(name, fit):
    run_examples(name, fit=fit)


@pytest.mark.parametrize("name", TOP)
def test_examples_of_the_top_level_give_what_they_show(name, fit):
    run_examples(f"neuroalrnn.{name}", fit=fit)


@pytest.mark.parametrize("name", TOP)
def test_every_name_at_the_top_level_has_an_example(name):
    assert ">>>" in (inspect.getdoc(getattr(neuroalrnn, name)) or "")
