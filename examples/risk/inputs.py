"""The two files a user brings, a portfolio and a history, read into values that cannot be wrong.

Every refusal is a Refused that names file, line and reason; all bad lines of a file are reported
together. What the program knows about each index (TERMS) is here too. Needs no QuantLib.
"""
import csv
import hashlib
import math
from pathlib import Path
from typing import NamedTuple

RESULT_FORMAT = "hearth-risk-slice-1"  # what risk.py writes and report.py reads
CLOSES_MIN = 101  # a 99 % quantile of fewer than 100 returns is only the worst day
EXPIRY_DAYS_MAX = 36500  # QuantLib's calendar ends in 2199
MAGNITUDE_MAX = 1e12  # of any figure read, so that no sum overflows
PROBLEMS_SHOWN = 10


class IndexTerms(NamedTuple):
    """Rate and dividend yield per year, continuously compounded; price of one EUR."""
    rate: float
    dividend_yield: float
    currency: str
    currency_per_eur: float


# Rates: the money market's level in August 1998, rounded. Dividend yields: rounded levels of the
# late 1990s; the DAX is a performance index and reinvests its dividends, hence 0. Currencies: the
# irrevocable euro conversion rates of 31 December 1998 (DEM, FRF) and the European Central Bank's
# first reference rates, 4 January 1999 (CHF, GBP); constants, not risk factors.
TERMS = {
    "DAX": IndexTerms(0.035, 0.000, "DEM", 1.95583),
    "SMI": IndexTerms(0.018, 0.012, "CHF", 1.6168),
    "CAC": IndexTerms(0.035, 0.020, "FRF", 6.55957),
    "FTSE": IndexTerms(0.075, 0.028, "GBP", 0.7111),
}

STYLES = ("european", "american", "barrier")
OPTIONS = ("call", "put")
BARRIER_KINDS = ("down_in", "down_out", "up_in", "up_out")


class Refused(Exception):
    """An input that cannot be used; the message says which file, which line and why."""


class Trade(NamedTuple):
    """One option; prices in index points, quantity in options on one unit (negative: sold)."""
    name: str
    index: str
    style: str
    option: str
    quantity: float
    strike: float
    expiry_days: int
    barrier_kind: str
    barrier_level: float


class History(NamedTuple):
    """Closes in index points, one tuple per day in the order of `indices`, oldest first."""
    indices: tuple
    year_fractions: list
    closes: list
    sha256: str


class Portfolio(NamedTuple):
    trades: list
    sha256: str


class Table:
    """A CSV file with a header, `#` comments and the line number of each row.

    `parse(row_parser)` returns what the parser made of every row; its ValueErrors are collected and
    refused together, each with its line."""

    def __init__(self, path):
        self.path = path
        try:
            content = Path(path).read_bytes()
            text = content.decode("utf-8-sig")
        except OSError as error:
            raise Refused(f"{path}: {error.strerror}") from None
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            raise Refused(f"{path}:{line}: not UTF-8 text") from None
        self.sha256 = hashlib.sha256(content).hexdigest()
        numbered = [(number, self._fields(number, line.strip()))
                    for number, line in enumerate(text.split("\n"), 1)
                    if line.strip() and not line.startswith("#")]
        if not numbered:
            raise Refused(f"{path}: has no header line")
        (self.header_line, self.columns), self._rows = numbered[0], numbered[1:]
        doubles = sorted({c for c in self.columns if self.columns.count(c) > 1})
        if doubles:
            raise self.refused_header(f"column {doubles[0]!r} appears twice")

    def _fields(self, number, line):
        try:
            return [field.strip() for field in next(csv.reader([line], strict=True))]
        except csv.Error as error:
            raise Refused(f"{self.path}:{number}: not CSV: {error}") from None

    def refused_header(self, reason):
        return Refused(f"{self.path}:{self.header_line}: {reason}")

    def parse(self, row_parser):
        parsed, problems = [], []
        for line, fields in self._rows:
            try:
                if len(fields) != len(self.columns):
                    raise ValueError(f"{len(fields)} columns, the header has {len(self.columns)}")
                parsed.append(row_parser(dict(zip(self.columns, fields))))
            except ValueError as error:
                problems.append(f"{self.path}:{line}: {error}")
        if problems:
            hidden = len(problems) - PROBLEMS_SHOWN
            tail = [f"and {hidden} more lines like these"] if hidden > 0 else []
            raise Refused("\n".join(problems[:PROBLEMS_SHOWN] + tail))
        return parsed


def finite(value):
    if not math.isfinite(value):
        raise ValueError(f"{value} is not a finite number")
    return value


def number_in(row, column):
    text = row[column]
    if not text:
        raise ValueError(f"{column} is empty")
    try:
        value = finite(float(text.replace("_", "?")))  # float() would take 1_000
    except ValueError:
        raise ValueError(f"{column} {text!r} is not a finite number") from None
    if abs(value) > MAGNITUDE_MAX:
        raise ValueError(f"{column} {text!r} is beyond {MAGNITUDE_MAX:g}")
    return value


def positive_in(row, column):
    value = number_in(row, column)
    if value <= 0:
        raise ValueError(f"{column} {row[column]!r} is not positive")
    return value


def choice_in(row, column, choices):
    if row[column] not in choices:
        raise ValueError(f"unknown {column} {row[column]!r}, expected one of {', '.join(choices)}")
    return row[column]


def read_history(path):
    """Columns: year_fraction, then one per index. Closes positive, days in ascending order."""
    table = Table(path)
    indices = tuple(column for column in table.columns if column != "year_fraction")
    if "year_fraction" not in table.columns:
        raise table.refused_header("column 'year_fraction' is missing")
    if not indices:
        raise table.refused_header("no index column")
    for index in indices:
        if index not in TERMS:
            raise table.refused_header(f"unknown index {index!r}, "
                                       f"expected one of {', '.join(TERMS)}")
    latest = -math.inf

    def parse_row(row):
        nonlocal latest
        year_fraction = number_in(row, "year_fraction")
        if year_fraction <= latest:
            raise ValueError(f"year_fraction {year_fraction} is not after {latest}")
        latest = year_fraction
        return year_fraction, tuple(positive_in(row, index) for index in indices)

    rows = table.parse(parse_row)
    if len(rows) < CLOSES_MIN:
        raise Refused(f"{path}: too few rows: {len(rows)}, at least {CLOSES_MIN} are needed")
    return History(indices, [row[0] for row in rows], [row[1] for row in rows], table.sha256)


def expiry_in(row):
    days = number_in(row, "expiry_days")
    if days != int(days) or not 1 <= days <= EXPIRY_DAYS_MAX:
        raise ValueError(f"expiry_days {row['expiry_days']!r} is not a whole number "
                         f"from 1 to {EXPIRY_DAYS_MAX}")
    return int(days)


def barrier_in(row):
    if row["style"] == "barrier":
        kind = choice_in(row, "barrier_kind", BARRIER_KINDS)
        return kind, positive_in(row, "barrier_level")
    for column in ("barrier_kind", "barrier_level"):
        if row[column]:
            raise ValueError(f"{column} {row[column]!r} on a trade of style {row['style']!r}")
    return "", 0.0


def read_portfolio(path, indices):
    """Columns as README.md says; every trade on one of `indices`, every name once."""
    table = Table(path)
    expected = ("trade",) + Trade._fields[1:]
    for column in expected:
        if column not in table.columns:
            raise table.refused_header(f"column {column!r} is missing")
    for column in table.columns:
        if column not in expected:
            raise table.refused_header(f"unknown column {column!r}")
    names = set()

    def parse_row(row):
        name = row["trade"]
        if not name:
            raise ValueError("trade is empty")
        if name in names:
            raise ValueError(f"trade {name!r} appears twice")
        names.add(name)
        index = choice_in(row, "index", indices)
        style = choice_in(row, "style", STYLES)
        option = choice_in(row, "option", OPTIONS)
        quantity = number_in(row, "quantity")
        if quantity == 0:
            raise ValueError("quantity is zero")
        return Trade(name, index, style, option, quantity, positive_in(row, "strike"),
                     expiry_in(row), *barrier_in(row))

    trades = table.parse(parse_row)
    if not trades:
        raise Refused(f"{path}: too few rows: no trade")
    return Portfolio(trades, table.sha256)
