"""Wrong arguments of public functions end in errors of ours; `benchmarks.fuzz` at length."""

from benchmarks import fuzz


def test_wrong_arguments_end_in_errors_of_ours():
    found = fuzz.run(60, seed=1, slow=False)
    foreign = {name: each.foreign for name, each in found.items() if each.foreign}
    assert foreign == {}
    assert len(found) > 110
    assert sum(each.count["ours"] for each in found.values()) > 90
