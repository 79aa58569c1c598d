"""Put cells at the end of the records of a delimited text, and leave all else as it stands."""

import csv
import io
import re
from collections.abc import Iterator, Sequence

QUOTED = r'"[^"]*(?:""[^"]*)*"'


def appended(text: str, separator: str, rows: Sequence[Sequence[str]]) -> str | None:
    """Put further cells at the end of every row.

    Parameters
    ----------
    text : str
        Delimited text that `neuroalrnn.data.dialect.read_raw` reads.
    separator : str
        What stands between its cells, one blank for any number of blanks or tabs.
    rows : sequence of sequences of str
        New cells: names first, then those of each row that holds a cell.

    Returns
    -------
    text : str or None
        The text with the new cells; None where it has not as many rows.
    """
    records = list(_records(text, separator))
    full = [k for k, (record, _) in enumerate(records) if not _is_blank(record, separator)]
    start = 1 if full and _says_separator(records[full[0]][0]) else 0
    first, full = full[0] if full else 0, full[start:]
    if len(full) != len(rows):
        return None
    new = dict(zip(full, rows, strict=True))
    # rows that end with a separator have a cell more than there are names
    widths = [_width(records[k][0], separator) for k in full[:2]]
    pad = {full[0]: separator * (widths[-1] - widths[0])} if full else {}
    parts = list[str]()
    for k, (record, end) in enumerate(records):
        more = [separator + _quoted(each, separator) for each in new.get(k, ())]
        if not more and separator != " " and separator in record and k > first:
            more = [separator] * len(rows[0])
        parts += [record, pad.get(k, ""), *more, end]
    return "".join(parts)


def _records(text: str, separator: str) -> Iterator[tuple[str, str]]:
    """Records and what ends each of them."""
    gap = r" \t" if separator == " " else re.escape(separator)
    other = rf"[^{gap}\r\n]*"
    cell = rf'(?:{QUOTED}{other}|[^"{gap}\r\n]{other})'
    record = re.compile(rf"([{gap}]*(?:{cell}[{gap}]+)*{cell}?)(\r\n|\r|\n|\Z)")
    end = 0
    for match in record.finditer(text):
        if match.start() != end or (end == len(text) and end):
            return
        yield match[1], match[2]
        end = match.end()


def _cells(record: str, separator: str) -> list[str]:
    plain = record.replace("\t", " ").strip() if separator == " " else record
    lines = io.StringIO(plain, newline="")
    return next(csv.reader(lines, delimiter=separator, skipinitialspace=separator == " "), [])


def _width(record: str, separator: str) -> int:
    return len(_cells(record, separator))


def _is_blank(record: str, separator: str) -> bool:
    rest = record.replace(separator, " ").replace('"', " ").strip()
    # quotes alone may be empty cells
    return not rest and not any(map(str.strip, _cells(record, separator)))


def _says_separator(record: str) -> bool:
    """Whether a line says how cells are separated, as spreadsheets write it."""
    return record.strip().lower()[:4] == "sep=" and len(record.strip()) == 5


def _quoted(cell: str, separator: str) -> str:
    if cell and not any(sign in cell for sign in f'{separator}"\r\n'):
        return cell
    return '"' + cell.replace('"', '""') + '"' if cell else ""
