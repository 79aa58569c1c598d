"""What a newcomer gets: environment, wheel, README, a fast import."""

import ast
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib import import_module
from pathlib import Path

import pytest

import neuroalrnn

ROOT = Path(__file__).parents[1]
HEAVY = (
    "torch",
    "statsmodels",
    "mne",
    "sklearn",
    "matplotlib",
    "scipy",
    "xarray",
    "pandas",
    "numba",
)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def python(code, *, cwd, path=None):
    """Run code in a fresh interpreter and return what it prints."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    if path is not None:
        environment["PYTHONPATH"] = str(path)
    command = [sys.executable, "-W", "error::DeprecationWarning:neuroalrnn", "-c", code]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=cwd, env=environment
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built from this tree without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def unpacked(wheel):
    """Folder that holds what the wheel installs."""
    folder = wheel.parent / "unpacked"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def test_wheel_holds_every_file_of_both_packages(wheel):
    with zipfile.ZipFile(wheel) as archive:
        inside = set(archive.namelist())
    for package in ("neuroalrnn", "data_loaders"):
        files = [path for path in (ROOT / package).rglob("*") if path.is_file()]
        wanted = {
            path.relative_to(ROOT).as_posix() for path in files if path.parent.name != "__pycache__"
        }
        assert wanted <= inside
    assert not [name for name in inside if name.startswith("tests/")]


def test_wheel_tells_type_checkers_that_it_is_typed(unpacked):
    for package in ("neuroalrnn", "data_loaders"):
        assert (unpacked / package / "py.typed").is_file()


def test_wheel_holds_the_licences(unpacked):
    (info,) = unpacked.glob("neuroalrnn-*.dist-info")
    licences = [path.name for path in (info / "licenses").rglob("*") if path.is_file()]
    assert "LICENSE" in licences
    for data in ("pratte2010", "miller_rats", "dezfouli2019", "fontanesi2019", "akrami2018"):
        assert [name for name in licences if name.startswith(data)]
        assert list((unpacked / "data_loaders" / "files").glob(f"{data}_[lL]*.txt"))


def test_every_embedded_dataset_loads_from_the_wheel_and_is_what_is_said_of_it(unpacked, tmp_path):
    code = """
import data_loaders
from neuroalrnn.data.schema import scored_trials, session_number
print(data_loaders.__file__)
for name, named in data_loaders.DATASETS.items():
    if not named.address:
        trials = data_loaders.load(name)
        subjects, sessions = len({*trials["subject"].values}), session_number(trials)[-1] + 1
        found = subjects, sessions, trials.sizes["trial"], scored_trials(trials).sum()
        assert found == (named.subjects, named.sessions, named.trials, named.scored), name
        assert trials.attrs["citation"] == named.citation
        print(name)
"""
    home, *names = python(code, cwd=tmp_path, path=unpacked).splitlines()
    assert Path(home).is_relative_to(unpacked)
    assert len(names) == 6


def test_version_is_the_same_everywhere(wheel):
    assert wheel.name.startswith(f"neuroalrnn-{neuroalrnn.__version__}-")
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {neuroalrnn.__version__}\n" in citation
    assert f"\n## {neuroalrnn.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_environment_agrees_with_pyproject():
    text = (ROOT / "environment.yml").read_text(encoding="utf-8")
    entries = re.findall(r"^\s*- (.+?):?$", text.partition("dependencies:")[2], re.MULTILINE)
    python_version, pip, section, *through_pip = entries
    lowest = PROJECT["project"]["requires-python"].removeprefix(">=")
    assert python_version == f"python={lowest}"
    assert (pip, section) == ("pip", "pip")
    assert through_pip == ["-e .[all]"], "a second list of requirements would fall out of step"
    assert "all" in PROJECT["project"]["optional-dependencies"]


def test_torch_is_pinned_without_a_build_or_an_address():
    constraints = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    pins = [line for line in constraints.splitlines() if line and not line.startswith("#")]
    assert pins == ["torch==2.13.0"]
    assert not [need for need in PROJECT["build-system"]["requires"] if "torch" in need]
    for name in ("pyproject.toml", "constraints.txt", "environment.yml", "Makefile"):
        assert "index-url" not in (ROOT / name).read_text(encoding="utf-8")


def test_git_ignores_no_data():
    folders = ("data_loaders/files", "neuroalrnn/runs")
    paths = [str(path) for name in folders for path in (ROOT / name).iterdir()]
    command = ["git", "-C", str(ROOT), "check-ignore", "--no-index", *paths]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout == ""


def test_import_is_fast_and_light(tmp_path):
    code = f"""
import sys, time
started = time.perf_counter()
import neuroalrnn
seconds = time.perf_counter() - started
dir(neuroalrnn)
print(seconds, *[name for name in {HEAVY!r} if name in sys.modules])
"""
    runs = [python(code, cwd=tmp_path).split() for _ in range(3)]
    assert min(float(seconds) for seconds, *_ in runs) < 0.5
    assert [loaded for _, *loaded in runs] == [[], [], []]


def test_type_checkers_are_offered_what_is_imported_on_first_use():
    stub = ast.parse((ROOT / "neuroalrnn" / "__init__.pyi").read_text(encoding="utf-8"))
    imports = [node for node in stub.body if isinstance(node, ast.ImportFrom)]
    offered = {
        (f"{node.module}.{name.name}", name.asname) for node in imports for name in node.names
    }
    names = {name: getattr(neuroalrnn, name) for name in neuroalrnn.__all__ if name[0] != "_"}
    homes = {(f"{neuroalrnn._HOME[name]}.{name}", name) for name in names}
    packages = {(f"neuroalrnn.{name}", name) for name in neuroalrnn._PACKAGES}
    assert offered == homes | packages


def test_public_names_are_few_and_exist():
    parts = {path.parent for path in (ROOT / "neuroalrnn" / "mechanism").glob("*/__init__.py")}
    parts = [f"mechanism.{each.name}" for each in sorted(parts)]
    packages = [import_module(f"neuroalrnn.{name}") for name in [*neuroalrnn._PACKAGES, *parts]]
    names = [(each, name) for each in packages for name in getattr(each, "__all__", ())]
    assert [name for each, name in names if not hasattr(each, name)] == []
    assert 200 < len(names) <= 400


def test_every_package_is_an_attribute(tmp_path):
    folders = {path.parent.name for path in (ROOT / "neuroalrnn").glob("*/__init__.py")}
    assert folders - {"cli"} <= set(neuroalrnn._PACKAGES) <= set(dir(neuroalrnn))
    assert (
        python("import neuroalrnn; print(neuroalrnn.stats.t_test.__name__)", cwd=tmp_path)
        == "t_test\n"
    )


def test_help_does_not_import_torch(tmp_path):
    code = """
import sys
from neuroalrnn.cli import main
try:
    main(["fit", "--help"])
finally:
    assert not {"torch", "mne", "xarray", "statsmodels"} & set(sys.modules)
"""
    assert "--overwrite" in python(code, cwd=tmp_path)


def test_everything_imports_without_numba(tmp_path):
    code = """
import sys
sys.modules["numba"] = sys.modules["triton"] = None
import importlib, pkgutil
import data_loaders, neuroalrnn
for package in (neuroalrnn, data_loaders):
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        name = module.name.split(".")[-1]
        needy = ("__main__", "triton_gpu", "_kernels")
        if name not in needy and "numba" not in name and "tiles" not in name:
            importlib.import_module(module.name)
print(len([name for name in sys.modules if name.startswith("neuroalrnn")]))
"""
    assert int(python(code, cwd=tmp_path)) > 20


def readme():
    """Text of the README."""
    return (ROOT / "README.md").read_text(encoding="utf-8")


def test_readme_is_short_and_its_links_exist():
    assert len(readme().splitlines()) < 150
    for target in re.findall(r"\]\(([^)#]+)\)", readme()):
        assert target.startswith("http") or (ROOT / target).exists(), target


def test_readme_example_runs(tmp_path):
    (code,) = re.findall(r"```python\n(.+?)```", readme(), re.DOTALL)
    text = python(code, cwd=tmp_path)
    assert "AL-RNN P=0" in text
    assert (tmp_path / "pratte2010.nc").is_file()


def test_readme_run_file_is_valid(tmp_path):
    (text,) = re.findall(r"```toml\n(.+?)```", readme(), re.DOTALL)
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    assert neuroalrnn.load_run(path).encoding.step == "event"


def test_makefile_offers_what_the_readme_says():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"make (\w+) ", readme()):
        assert f"\n{target}: $(STAMP)\n" in makefile
    steps = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "\nmake lint\nexec make test\n" in steps
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
