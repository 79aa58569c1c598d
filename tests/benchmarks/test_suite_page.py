"""The page on the suite is the one that its tasks give."""

from benchmarks.suite import PAGE, write_page


def test_page_on_the_suite_is_written_anew():
    assert PAGE.read_text(encoding="utf-8") == write_page()
