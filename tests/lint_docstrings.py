"""Check what the packages listed in pyproject.toml export: docstrings, and types in signatures.

``make lint`` runs it. Public is what a package or module names in ``__all__``, with the methods of
the classes among it; a module without ``__all__`` offers every name without an underscore.
"""

import inspect
import sys
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from numpydoc.validate import validate

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
RULES = PROJECT["tool"]["numpydoc_validation"]
# these inherit their signature from object or from Exception
PLAIN = {"self", "cls"}


def public_names(module) -> Iterator[str]:
    """Dotted names of public functions, classes and methods."""
    for name in getattr(module, "__all__", None) or _defined(module):
        value = getattr(module, name)
        if not (inspect.isclass(value) or inspect.isroutine(value)):
            continue
        yield f"{module.__name__}.{name}"
        if inspect.isclass(value):
            yield from (f"{module.__name__}.{name}.{each}" for each in _methods(value))


def _defined(module) -> list[str]:
    own = {name for name, value in vars(module).items() if _home(value) == module.__name__}
    return sorted(name for name in own if not name.startswith("_"))


def _home(value) -> str | None:
    return getattr(value, "__module__", None)


def _methods(kind: type) -> list[str]:
    """Public methods and properties that this package, not a library, wrote."""
    found = {}
    for base in reversed(kind.__mro__):
        if (_home(base) or "").startswith(("neuroalrnn", "data_loaders")):
            found |= vars(base)
    return sorted(
        name
        for name, value in found.items()
        if not name.startswith("_")
        and (inspect.isroutine(value) or isinstance(value, property | classmethod | staticmethod))
        and not (value.__doc__ is None and inspect.getdoc(getattr(kind, name)))  # inherited
    )


def faults(name: str) -> Iterator[str]:
    """What is wrong with one public name, one text each."""
    for code, text in validate(name)["errors"]:
        if code in RULES["checks"]:
            yield f"{name}: {code} {text}"
    yield from (f"{name}: {each} has no type" for each in _untyped(name))


def _untyped(name: str) -> Iterator[str]:
    parent, _, last = name.rpartition(".")
    try:
        owner = import_module(parent)
    except ModuleNotFoundError:
        package, _, kind = parent.rpartition(".")
        owner = getattr(import_module(package), kind)
    value = inspect.getattr_static(owner, last) if inspect.isclass(owner) else getattr(owner, last)
    value = value.fget if isinstance(value, property) else getattr(value, "__func__", value)
    if inspect.isclass(value):
        # without an initialiser of its own, there is no signature of ours to type
        value = vars(value).get("__init__")
    if not inspect.isfunction(value):
        return
    signature = inspect.signature(value)
    for each in signature.parameters.values():
        if each.annotation is each.empty and each.name not in PLAIN:
            yield f"parameter {each.name}"
    if signature.return_annotation is signature.empty and value.__name__ != "__init__":
        yield "the return value"


def main() -> None:
    """Leave with every fault on a line of its own, or with nothing."""
    sys.path.insert(0, str(ROOT))
    names = [each for module in RULES["packages"] for each in public_names(import_module(module))]
    found = [fault for name in names for fault in faults(name)]
    sys.exit("\n".join([*found, f"{len(found)} faults in docstrings"]) if found else 0)


if __name__ == "__main__":
    main()
