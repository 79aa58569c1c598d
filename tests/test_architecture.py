"""Who may import whom, read from the syntax trees; and that public functions are documented."""

import ast
import importlib
import inspect
import sys
from functools import cache
from operator import attrgetter
from pathlib import Path

import pytest

import neuroalrnn
from neuroalrnn import running

ROOT = Path(__file__).parents[1]
FILES = sorted([*ROOT.glob("neuroalrnn/**/*.py"), *ROOT.glob("data_loaders/**/*.py")])
ARRAYS = {"numpy", "pandas", "xarray"}

# package -> (packages of ours, packages of others); those of OPEN are open to all
OPEN = {"arguments", "exceptions", "running"}
TABLE = {
    "exceptions": (set(), set()),
    "arguments": (set(), {"pandas"}),
    "running": (set(), {"numba", "threadpoolctl", "tqdm"}),
    "config": (set(), {"pydantic"}),
    "store": (set(), set()),
    "netcdf": (set(), {"numpy", "xarray", "h5py"}),
    "data": (set(), ARRAYS),
    "inspection": ({"data"}, {"numpy", "pandas"}),
    "adaptive": ({"data"}, ARRAYS | {"scipy"}),
    "ops": (set(), {"torch", "numpy"}),
    "network": ({"data"}, {"numpy", "scipy", "xarray"}),
    "stats": (set(), {"numpy", "scipy", "pandas", "statsmodels", "mne.stats"}),
    "model": ({"ops"}, {"torch", "numpy"}),
    "fit": ({"data", "model", "ops"}, {"torch", "numpy"}),
    "peers": ({"ops", "model"}, {"torch", "numpy"}),
    "reconstruct": ({"ops", "model", "fit", "stats"}, {"torch", "numpy", "scipy", "xarray"}),
    "baselines": ({"data"}, ARRAYS | {"scipy", "sklearn"}),
    "tasks": ({"data", "network"}, ARRAYS),
    "results": ({"adaptive", "data", "network", "netcdf", "store"}, ARRAYS),
    "study": (
        {"data", "ops", "model", "fit", "peers", "baselines", "stats", "results", "config"}
        | {"network", "netcdf", "store", "effects", "adaptive"},
        ARRAYS | {"torch"},
    ),
    "regimes": ({"data", "network", "results", "stats"}, ARRAYS | {"scipy"}),
    "mechanism": (
        {"data", "network", "results", "regimes", "stats", "effects"},
        ARRAYS | {"scipy"},
    ),
    "behaviour": (
        {"adaptive", "data", "effects", "network", "results", "regimes", "stats"},
        ARRAYS | {"scipy"},
    ),
    "recover": (
        {"data", "ops", "model", "fit", "baselines", "tasks", "network", "results", "study"}
        | {"config", "stats", "mechanism", "behaviour", "regimes"},
        ARRAYS | {"torch"},
    ),
    "dissect": (
        {"baselines", "config", "data", "effects", "fit", "mechanism", "model", "netcdf"}
        | {"network", "ops", "plots", "peers", "questions", "regimes", "report", "results"}
        | {"stats", "store", "study", "tasks"},
        ARRAYS | {"torch"},
    ),
    "effects": ({"data", "network", "results", "regimes", "stats"}, ARRAYS | {"scipy", "sklearn"}),
    "export": ({"data", "effects", "neural", "regimes", "results", "sources"}, ARRAYS | {"mne"}),
    "questions": (
        {"data", "network", "results", "regimes", "mechanism", "behaviour", "stats", "plots"}
        | {"effects"},
        ARRAYS | {"markupsafe"},
    ),
    "neural": ({"data", "regimes", "stats", "results"}, ARRAYS | {"mne", "sklearn", "scipy"}),
    "plots": ({"mechanism", "stats", "results"}, ARRAYS | {"matplotlib"}),
    "report": (
        {"plots", "questions", "data", "results", "store"},
        {"numpy", "pandas", "jinja2", "markupsafe"},
    ),
    "sources": ({"config", "data", "data_loaders", "netcdf"}, {"xarray"}),
    "cli": (
        {"config", "sources", "questions", "behaviour", "study", "recover", "plots", "report"}
        | {"dissect", "export", "inspection", "results", "stats", "store", "tasks"},
        {"numpy", "pandas", "typer"},
    ),
    "__main__": ({"cli"}, set()),
    "neuroalrnn": (set(), set()),
    "data_loaders": ({"data", "data_loaders", "netcdf", "neural"}, ARRAYS),
}
# single modules that may import more
MORE = {
    "data_loaders/named/_download.py": {"pooch"},
    "data_loaders/formats/_hdf5.py": {"h5py"},
    "data_loaders/formats/_matlab_values.py": {"h5py", "scipy"},
    "data_loaders/formats/_nwb_units.py": {"h5py"},
    "data_loaders/formats/_nwb_write.py": {"h5py"},
    "data_loaders/formats/nwb.py": {"h5py"},
    "data_loaders/formats/epochs.py": {"mne"},
    "neuroalrnn/data/_binary.py": {"openpyxl", "pyarrow"},
    "neuroalrnn/data/level.py": {"scipy"},
    "neuroalrnn/data/orders.py": {"scipy"},
    "neuroalrnn/data/split.py": {"sklearn"},
    "neuroalrnn/fit/adapt.py": {"scipy"},
    "neuroalrnn/ops/tiles.py": {"numba", "llvmlite"},
    "neuroalrnn/ops/triton_gpu.py": {"triton"},
    "neuroalrnn/plots/second.py": {"fontTools"},
    "neuroalrnn/study/estimator.py": {"sklearn"},
    "neuroalrnn/study/states.py": {"scipy"},
    "neuroalrnn/peers/_tiles.py": {"numba", "llvmlite"},
}
# packages whose public names are all exported; the list grows until it holds every package
EXPORTING = (
    "baselines",
    "effects",
    "export",
    "fit",
    "mechanism",
    "model",
    "network",
    "ops",
    "peers",
    "reconstruct",
    "tasks",
)
# for those who write kernels, who import these modules themselves
KERNELS = {"numba_blocks.py", "numba_chunks.py", "numba_cpu.py", "numba_kernels.py"}
KERNELS |= {"reference.py", "tiles.py", "torch_eager.py", "triton_gpu.py"}
# these read a saved result, so that figures can be redrawn where torch is not installed
WITHOUT_TORCH = (
    "adaptive",
    "config",
    "data",
    "inspection",
    "netcdf",
    "network",
    "results",
    "store",
    "stats",
    "regimes",
    "mechanism",
    "behaviour",
    "effects",
    "export",
    "questions",
    "plots",
    "report",
    "data_loaders",
)


def package_of(path):
    """Name of the row of the table that a file belongs to."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    if parts[0] == "data_loaders":
        return "data_loaders"
    return "neuroalrnn" if parts[1:] == ("__init__",) else parts[1]


@cache
def read(path):
    """Text of a file."""
    return path.read_text(encoding="utf-8")


@cache
def parse(path):
    """Syntax tree of a file."""
    return ast.parse(read(path))


def failing(check):
    """What a check finds wrong with every file of the package, by its name."""
    found = {str(path.relative_to(ROOT)): check(path) for path in FILES}
    return {name: wrong for name, wrong in found.items() if wrong}


def imported(tree):
    """Dotted names that a module imports, anywhere in it; relative ones begin with a dot."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            home = "." * node.level + (node.module or "")
            yield from (f"{home}.{alias.name}" for alias in node.names)


def breaches(tree, package, more=()):
    """Imports that the table does not allow this package."""
    ours, others = TABLE[package]
    found = []
    for name in imported(tree):
        top, _, rest = name.partition(".")
        if top == "neuroalrnn" and rest:
            inner = rest.split(".")[0]
            fine = inner in {package, *OPEN} | ours
        elif top in ("data_loaders", "neuroalrnn"):
            fine = top in ours or package == "sources"
        elif top in sys.stdlib_module_names:
            fine = True
        else:
            wanted = others | set(more)
            fine = any(f"{name}.".startswith(f"{each}.") for each in wanted)
        if not fine:
            found.append(name)
    return found


def test_imports_follow_the_table():
    def forbidden(path):
        more = MORE.get(str(path.relative_to(ROOT)), ())
        return breaches(parse(path), package_of(path), more)

    assert {package_of(path) for path in FILES} <= {*TABLE}, "add the package to the table"
    assert failing(forbidden) == {}, "these files may not import this"


def test_table_keeps_torch_out_of_everything_behind_a_saved_result():
    for package in WITHOUT_TORCH:
        ours, others = TABLE[package]
        assert "torch" not in others
        assert not ours & {"ops", "model", "fit", "peers", "study", "recover", "reconstruct"}


@pytest.mark.parametrize(
    ("source", "package", "found"),
    [
        ("import torch", "mechanism", ["torch"]),
        ("def f():\n    from neuroalrnn.fit import train", "plots", ["neuroalrnn.fit.train"]),
        ("from neuroalrnn.exceptions import DataError", "ops", []),
        ("import mne", "stats", ["mne"]),
        ("from mne.stats import permutation_t_test", "stats", []),
        ("import neuroalrnn", "data", ["neuroalrnn"]),
        ("from tests.data import conftest", "data", ["tests.data.conftest"]),
        ("import torchvision", "ops", ["torchvision"]),
        ("import sklearn", "data", ["sklearn"]),
        ("from .encode import encode", "data", [".encode.encode"]),
    ],
)
def test_breaches_are_found(source, package, found):
    assert breaches(ast.parse(source), package) == found


def is_private(name):
    """Whether some part of a dotted name starts with an underscore."""
    return any(part.startswith("_") and part != "__version__" for part in name.split("."))


def test_nothing_private_is_imported_from_another_package():
    def private(path):
        own = ".".join(path.relative_to(ROOT).parts[:2])
        names = [n for n in imported(parse(path)) if n.startswith(("neuroalrnn.", "data_loaders."))]
        return [n for n in names if is_private(n) and not n.startswith(f"{own}.")]

    assert failing(private) == {}


@pytest.mark.parametrize("package", EXPORTING)
def test_packages_export_all_that_is_public_and_nothing_else(package):
    module = importlib.import_module(f"neuroalrnn.{package}")
    assert [name for name in module.__all__ if is_private(name)] == []
    for path in (ROOT / "neuroalrnn" / package).rglob("*.py"):
        inside = path.relative_to(ROOT).with_suffix("").parts
        if path.name in KERNELS or any(is_private(part) for part in inside[:-1]):
            continue
        if is_private(path.stem) and path.name != "__init__.py":
            continue
        home = importlib.import_module(".".join(path.parent.relative_to(ROOT).parts))
        nodes = [n for n in parse(path).body if isinstance(n, ast.FunctionDef | ast.ClassDef)]
        assert {n.name for n in nodes if not is_private(n.name)} <= {*home.__all__}, path


def public_functions(path):
    """Public functions and methods of public classes, as (name, node)."""
    for node in parse(path).body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            yield node.name, node
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            for inner in node.body:
                if isinstance(inner, ast.FunctionDef) and not inner.name.startswith("_"):
                    yield f"{node.name}.{inner.name}", inner


@cache
def exported(folder):
    """Names that a package offers as its own."""
    names = {name.split(".")[-1] for name in imported(parse(folder / "__init__.py"))}
    return names | set(neuroalrnn.__all__)


def undocumented(path):
    """What lacks a docstring: the module, public functions, or a section that a reader needs."""
    if not ast.get_docstring(parse(path)):
        yield "no module docstring"
    for name, node in public_functions(path):
        text = (ast.get_docstring(node) or "").replace("Yields\n---", "Returns\n---")
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        if not text:
            if not inherits_docstring(path, name):
                yield f"{name}: no docstring"
        elif name in exported(path.parent) and arguments and not is_command(node):
            is_silent = isinstance(node.returns, ast.Constant) and node.returns.value is None
            sections = ("Parameters\n---", *(() if is_silent else ("Returns\n---",)))
            yield from (f"{name}: no section {s[:-4]}" for s in sections if s not in text)


def inherits_docstring(path, name):
    """Whether a method does what that of its base is documented to do."""
    module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    return "." in name and bool(inspect.getdoc(attrgetter(name)(module)))


def is_command(node):
    """Whether a function is a command of the command line."""
    return any("app.command" in ast.unparse(each) for each in node.decorator_list)


def test_public_functions_are_documented():
    assert failing(lambda path: list(undocumented(path))) == {}


def test_all_that_kernels_are_made_of_is_part_of_their_stamp():
    """Else a change of it would leave compiled functions on disk as they are."""
    makers = {"neuroalrnn.running.kernel", "neuroalrnn.running.part"}
    makers |= {"neuroalrnn.baselines._kernel.kernel", "numba.extending.intrinsic"}
    stamped = {*running.COMPILED, "running"}

    def beside(path):
        names = {*imported(parse(path))}
        if not names & makers:
            return []
        found = {name for name in names if name.startswith("neuroalrnn.")}
        found.add(".".join((*path.relative_to(ROOT).parts[:-1], "")))
        return [name for name in found if name.split(".")[1] not in stamped]

    assert failing(beside) == {}
    assert sum(bool(makers & {*imported(parse(path))}) for path in FILES) >= 10


def test_modules_stay_short():
    assert failing(lambda path: len(read(path).splitlines()) > 400) == {}
