#!/usr/bin/python3
"""Tests of examples/risk: what it refuses, that slicing changes no bit, VaR and ES, the formulas.

Run with Debian's /usr/bin/python3, whose quantlib-python the pricing tests need; without it they
are skipped."""
import json
import math
import os
import random
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

RISK = Path(__file__).resolve().parents[2] / "examples" / "risk"
sys.path.insert(0, str(RISK))
sys.dont_write_bytecode = True

import check
import inputs
import make_portfolio
import report
import risk

try:
    import QuantLib
except ImportError:
    QuantLib = None

needs_quantlib = unittest.skipIf(
    QuantLib is None, "QuantLib's Python module is not installed (Debian: quantlib-python)")

PORTFOLIO = RISK / "portfolio.csv"
HISTORY = RISK / "history.csv"
TRADE_HEADER = make_portfolio.HEADER
TRADE = "T1,DAX,european,call,10,5000,90,,"
BARRIER = "T1,DAX,barrier,call,10,5000,90,down_out,4500"


class InTemporaryDirectory(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.directory = Path(temporary.name)

    def write(self, name, text):
        path = self.directory / name
        path.write_text(text, encoding="utf-8")
        return path

    def refusal(self, function, *arguments):
        with self.assertRaises(inputs.Refused) as caught:
            function(*arguments)
        return str(caught.exception)


def run_program(*arguments, **environment):
    return subprocess.run([sys.executable, "-B", str(RISK / "risk.py"), *map(str, arguments)],
                          capture_output=True, text=True, check=False,
                          env={**os.environ, **environment})


class Portfolios(InTemporaryDirectory):
    BAD_LINES = (
        ("T1,DAX,european,call,10,5000,90,", "8 columns, the header has 9"),
        (TRADE + ",", "10 columns, the header has 9"),
        (",DAX,european,call,10,5000,90,,", "trade is empty"),
        ("T1,DOW,european,call,10,5000,90,,", "unknown index 'DOW'"),
        ("T1,DAX,asian,call,10,5000,90,,", "unknown style 'asian'"),
        ("T1,DAX,european,straddle,10,5000,90,,", "unknown option 'straddle'"),
        ("T1,DAX,european,call,ten,5000,90,,", "quantity 'ten' is not a finite number"),
        ("T1,DAX,european,call,nan,5000,90,,", "quantity 'nan' is not a finite number"),
        ("T1,DAX,european,call,1_0,5000,90,,", "quantity '1_0' is not a finite number"),
        ("T1,DAX,european,call,1e300,5000,90,,", "quantity '1e300' is beyond 1e+12"),
        ("T1,DAX,european,call,0,5000,90,,", "quantity is zero"),
        ("T1,DAX,european,call,10,-5000,90,,", "strike '-5000' is not positive"),
        ("T1,DAX,european,call,10,0,90,,", "strike '0' is not positive"),
        ("T1,DAX,european,call,10,,90,,", "strike is empty"),
        ("T1,DAX,european,call,10,inf,90,,", "strike 'inf' is not a finite number"),
        ("T1,DAX,european,call,10,5000,0,,", "expiry_days '0' is not a whole number"),
        ("T1,DAX,european,call,10,5000,1.5,,", "expiry_days '1.5' is not a whole number"),
        ("T1,DAX,european,call,10,5000,40000,,", "expiry_days '40000' is not a whole number"),
        ("T1,DAX,european,call,10,5000,90,up_in,5500", "barrier_kind 'up_in' on a trade of style"),
        ("T1,DAX,barrier,call,10,5000,90,,4500", "unknown barrier_kind ''"),
        ("T1,DAX,barrier,call,10,5000,90,sideways,4500", "unknown barrier_kind 'sideways'"),
        ("T1,DAX,barrier,call,10,5000,90,down_in,", "barrier_level is empty"),
        ("T1,DAX,barrier,call,10,5000,90,down_in,-1", "barrier_level '-1' is not positive"),
        ("T0,DAX,european,call,10,5000,90,,", "trade 'T0' appears twice"),
    )

    def read(self, text):
        return inputs.read_portfolio(self.write("book.csv", text), ("DAX", "SMI"))

    def test_bad_lines_are_refused_with_their_number(self):
        good = TRADE.replace("T1", "T0")
        for line, reason in self.BAD_LINES:
            with self.subTest(line=line):
                text = f"# a comment\n{TRADE_HEADER}\n\n{good}\n{line}\n"
                self.assertIn(f"book.csv:5: {reason}", self.refusal(self.read, text))

    def test_bad_headers_are_refused(self):
        for header, reason in (
                (TRADE_HEADER.replace("strike", "stroke"), "1: column 'strike' is missing"),
                (TRADE_HEADER + ",desk", "1: unknown column 'desk'"),
                (TRADE_HEADER + ",strike", "1: column 'strike' appears twice")):
            with self.subTest(header=header):
                self.assertIn(f"book.csv:{reason}", self.refusal(self.read, f"{header}\n{TRADE}\n"))

    def test_all_bad_lines_are_reported_up_to_a_bound(self):
        lines = [f"T{i},DAX,european,call,10,-1,90,," for i in range(12)]
        message = self.refusal(self.read, "\n".join([TRADE_HEADER, *lines]))
        self.assertIn("book.csv:2: strike", message)
        self.assertIn("book.csv:11: strike", message)
        self.assertTrue(message.endswith("and 2 more lines like these"))

    def test_files_that_are_no_table(self):
        self.assertIn("book.csv: has no header line", self.refusal(self.read, "# nothing\n"))
        self.assertIn("too few rows: no trade", self.refusal(self.read, TRADE_HEADER + "\n"))
        self.assertIn("book.csv:2: not CSV",
                      self.refusal(self.read, TRADE_HEADER + '\nT1,"DAX,european\n'))
        missing = self.directory / "missing.csv"
        self.assertIn("missing.csv: No such file",
                      self.refusal(inputs.read_portfolio, missing, ("DAX",)))
        binary = self.directory / "latin1.csv"
        binary.write_bytes(TRADE_HEADER.encode() + b"\nT\xe9,DAX\n")
        self.assertIn("latin1.csv:2: not UTF-8",
                      self.refusal(inputs.read_portfolio, binary, ("DAX",)))

    def test_windows_line_ends_and_byte_order_mark(self):
        text = f"\ufeff{TRADE_HEADER}\r\n{BARRIER}\r\n"
        trade, = self.read(text).trades
        self.assertEqual(trade, inputs.Trade("T1", "DAX", "barrier", "call", 10.0, 5000.0, 90,
                                             "down_out", 4500.0))

    def test_the_program_prints_the_line_and_exits_1(self):
        book = self.write("book.csv", f"{TRADE_HEADER}\n{TRADE}\nT2,DAX,european,call,1,x,9,,\n")
        for command in (("single",), ("check",), ("price", "--slices", 1, "--slice", 0)):
            with self.subTest(command=command):
                done = run_program(*command, "--portfolio", book, "--history", HISTORY)
                self.assertEqual(done.returncode, 1)
                self.assertEqual(done.stderr,
                                 f"risk: {book}:3: strike 'x' is not a finite number\n")
                self.assertEqual(done.stdout, "")


class Histories(InTemporaryDirectory):
    def read(self, rows, header="year_fraction,DAX,SMI"):
        return inputs.read_history(self.write("closes.csv", "\n".join([header, *rows]) + "\n"))

    @staticmethod
    def rows(count=120):
        return [f"{1990 + i / 260:.4f},{1000 + i},{2000 + i}" for i in range(count)]

    def test_bad_lines_are_refused_with_their_number(self):
        for line, reason in (
                ("1990.0115,1003", "2 columns, the header has 3"),
                ("1990.0115,1003,abc", "SMI 'abc' is not a finite number"),
                ("1990.0115,NaN,2003", "DAX 'NaN' is not a finite number"),
                ("1990.0115,,2003", "DAX is empty"),
                ("1990.0115,0,2003", "DAX '0' is not positive"),
                ("1990.0115,1003,-1", "SMI '-1' is not positive"),
                ("today,1003,2003", "year_fraction 'today' is not a finite number"),
                ("1989.0,1003,2003", "year_fraction 1989.0 is not after 1990.0077")):
            with self.subTest(line=line):
                rows = self.rows()
                rows[3] = line
                self.assertIn(f"closes.csv:5: {reason}", self.refusal(self.read, rows))

    def test_bad_headers_are_refused(self):
        for header, reason in (("year,DAX,SMI", "column 'year_fraction' is missing"),
                               ("year_fraction,DAX,DOW", "unknown index 'DOW'")):
            with self.subTest(header=header):
                self.assertIn(f"closes.csv:1: {reason}",
                              self.refusal(self.read, self.rows(), header))
        self.assertIn("no index column", self.refusal(self.read, ["1990"], "year_fraction"))

    def test_too_few_rows_are_refused(self):
        self.assertIn("closes.csv: too few rows: 100, at least 101 are needed",
                      self.refusal(self.read, self.rows(100)))
        self.assertEqual(len(self.read(self.rows(101)).closes), 101)

    def test_the_committed_history(self):
        history = inputs.read_history(HISTORY)
        self.assertEqual(history.indices, ("DAX", "SMI", "CAC", "FTSE"))
        self.assertEqual(len(history.closes), 1860)
        self.assertEqual(len(risk.log_returns(history)), 1859)
        self.assertEqual(history.closes[0], (1628.75, 1678.1, 1772.8, 2443.6))
        self.assertEqual(history.closes[-1], (5473.72, 7676.3, 3995.0, 5455.0))


class Generator(unittest.TestCase):
    def test_it_writes_the_committed_portfolio_byte_for_byte(self):
        text = make_portfolio.portfolio_text(HISTORY)
        self.assertEqual(text.encode(), PORTFOLIO.read_bytes())

    def test_the_book_has_every_kind_of_trade(self):
        trades = inputs.read_portfolio(PORTFOLIO, tuple(inputs.TERMS)).trades
        kinds = {(t.index, t.style, t.option, t.quantity > 0, t.barrier_kind) for t in trades}
        # 4 indices x 2 options x (2 vanilla styles + 4 barrier kinds) x long and short
        self.assertEqual(len(kinds), 4 * 2 * 6 * 2)


class OrderStatistics(unittest.TestCase):
    @staticmethod
    def losses(count):
        """1.0 to count, shuffled: the k-th largest is count + 1 - k."""
        values = [float(value) for value in range(1, count + 1)]
        random.Random(count).shuffle(values)
        return values

    def test_var_is_the_least_loss_that_one_percent_at_most_exceed(self):
        for count, rank in ((100, 2), (199, 2), (200, 3), (1859, 19), (1900, 20)):
            with self.subTest(count=count):
                losses = self.losses(count)
                value = report.var_99(losses)
                self.assertEqual(value, count + 1 - rank)
                self.assertLessEqual(sum(loss > value for loss in losses) * 100, count)
                self.assertGreater(sum(loss >= value for loss in losses) * 100, count)

    def test_es_counts_the_last_loss_in_part(self):
        self.assertEqual(report.es_975(self.losses(200)), (200 + 199 + 198 + 197 + 196) / 5)
        self.assertEqual(report.es_975(self.losses(100)), (100 + 99 + 0.5 * 98) / 2.5)
        expected = (sum(range(1814, 1860)) + 0.475 * 1813) / 46.475
        self.assertAlmostEqual(report.es_975(self.losses(1859)), expected, delta=1e-9)


class Reducing(InTemporaryDirectory):
    COUNT = 120

    def result(self, first, last, **changes):
        rows = range(first, last + 1)
        return {"format": inputs.RESULT_FORMAT, "program_sha256": "p", "quantlib_version": "1",
                "portfolio_sha256": "b", "history_sha256": "h", "scenarios": self.COUNT,
                "first_row": first, "last_row": last, "base_value_eur": 1000.0,
                "year_fractions": [1990 + row / 260 for row in rows],
                "pnl_eur": [-float(row) for row in rows], **changes}

    def reduce(self, *results):
        for place, result in enumerate(results):
            self.write(f"{place:02d}", json.dumps(result))
        return report.merged(report.read_slices([], self.directory))

    def test_any_names_in_any_order(self):
        (self.directory / "deeper").mkdir()
        self.write("zz", json.dumps(self.result(2, 40)))
        self.write("deeper/x.json", json.dumps(self.result(90, 121)))
        self.write("a", json.dumps(self.result(41, 89)))
        merged = report.merged(report.read_slices([], self.directory))
        self.assertEqual((merged["scenarios"], merged["slices"]), (120, 3))
        self.assertEqual(merged["var_99"], 120.0)
        self.assertEqual(merged["es_975"], (121 + 120 + 119) / 3)
        self.assertEqual([day["row"] for day in merged["worst_days"]], list(range(121, 111, -1)))
        self.assertEqual(merged["worst_days"][0]["year_fraction"], 1990 + 121 / 260)
        text = report.rendered(merged, "text")
        for word in ("99 % VaR", "120.00 EUR", "97.5 % ES", "loss number 2 of 120"):
            self.assertIn(word, text)

    def test_incomplete_and_doubled_sets_are_refused(self):
        whole = self.result(2, 121)
        for results, reason in (
                ([self.result(2, 60)], "missing: no result has rows 61 to 121"),
                ([self.result(61, 121)], "missing: no result has rows 2 to 60"),
                ([self.result(2, 60), self.result(62, 121)], "no result has rows 61 to 61"),
                ([whole, whole], "01: duplicate: rows 2 to 121"),
                ([self.result(2, 61), self.result(60, 121)], "01: overlap: rows 60 to 121"),
                ([whole, self.result(50, 50)], "01: overlap: rows 50 to 50")):
            with self.subTest(reason=reason):
                self.assertIn(reason, self.refusal(self.reduce, *results))
                for path in self.directory.iterdir():
                    path.unlink()

    def test_results_of_another_run_are_refused(self):
        for key, value, reason in (
                ("portfolio_sha256", "other", "01: made from another portfolio"),
                ("history_sha256", "other", "01: made from another history"),
                ("program_sha256", "other", "01: made from another version of the program"),
                ("quantlib_version", "2", "01: made from another version of QuantLib"),
                ("scenarios", 125, "01: made from another number of scenarios"),
                ("base_value_eur", 1001.0, "01: base value 1001.0 EUR")):
            with self.subTest(key=key):
                results = self.result(2, 60), self.result(61, 121, **{key: value})
                self.assertIn(reason, self.refusal(self.reduce, *results))

    def test_processors_that_round_differently_are_reported(self):
        results = self.result(2, 60), self.result(61, 121, base_value_eur=1000.0000000000001)
        merged = self.reduce(*results)
        self.assertFalse(merged["base_values_identical"])
        self.assertIn("different kinds of processor", report.rendered(merged, "text"))

    def test_files_that_are_no_results_are_refused(self):
        for changes, reason in (
                ({"format": "else"}, "its format is not"),
                ({"first_row": 1}, "rows 1 to 121 of 120 scenarios"),
                ({"first_row": 2.5}, "first_row is not a whole number"),
                ({"pnl_eur": [1.0]}, "pnl_eur has 1 values for rows 2 to 121"),
                ({"pnl_eur": [math.nan] * 120}, "pnl_eur is not a list of finite numbers"),
                ({"pnl_eur": ["1.0"] * 120}, "pnl_eur is not a list of finite numbers"),
                ({"base_value_eur": None}, "base_value_eur is not a finite number"),
                ({"portfolio_sha256": None}, "portfolio_sha256 is not a text")):
            with self.subTest(changes=changes):
                self.assertIn(reason, self.refusal(self.reduce, self.result(2, 121, **changes)))
        self.write("00", "{ half a fi")
        self.assertIn("00: not the result of a slice", self.refusal(
            report.read_slices, [], self.directory))

    def test_the_program_refuses_and_exits_1(self):
        path = self.write("only", json.dumps(self.result(2, 60)))
        done = run_program("reduce", path)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertEqual(done.stderr, "risk: missing: no result has rows 61 to 121\n")
        self.assertIn("no result files", run_program("reduce").stderr)
        self.assertIn("not a directory",
                      run_program("reduce", "--directory", self.directory / "none").stderr)


def bits(values):
    return [float(value).hex() for value in values]


@needs_quantlib
class Slicing(InTemporaryDirectory):
    """The committed files thinned out: every 40th trade, the last 130 closes."""

    def setUp(self):
        super().setUp()
        trades = PORTFOLIO.read_text(encoding="utf-8").splitlines()
        closes = [line for line in HISTORY.read_text(encoding="utf-8").splitlines()
                  if not line.startswith("#")]
        self.portfolio_file = self.write("book.csv", "\n".join(trades[1:2] + trades[2::40]))
        self.history_file = self.write("closes.csv", "\n".join(closes[:1] + closes[-130:]))
        self.history = inputs.read_history(self.history_file)
        self.portfolio = inputs.read_portfolio(self.portfolio_file, self.history.indices)

    def test_slices_equal_one_process_to_the_last_bit(self):
        count = len(self.history.closes) - 1
        whole = risk.price_slice(self.portfolio, self.history, 1, 0)
        self.assertGreater(len(set(whole["pnl_eur"])), 100)
        single = report.merged([("single", whole)])
        for slices in (2, 7, count):
            with self.subTest(slices=slices):
                results = [(str(place),
                            risk.price_slice(self.portfolio, self.history, slices, place))
                           for place in reversed(range(slices))]
                pnl = [value for _, result in reversed(results) for value in result["pnl_eur"]]
                self.assertEqual(bits(pnl), bits(whole["pnl_eur"]))
                self.assertEqual({**report.merged(results), "slices": 1}, single)

    def test_a_value_does_not_depend_on_what_was_priced_before(self):
        book = risk.Book(self.portfolio, self.history)
        spots = [[close * math.exp(r) for close, r in zip(self.history.closes[-1], scenario)]
                 for scenario in risk.log_returns(self.history)]
        forward = [book.value_eur(spot) for spot in spots]
        crash = [[close * factor for close in self.history.closes[-1]] for factor in (0.3, 3.0)]
        backward = []
        for spot in reversed(spots):
            for extreme in crash:
                book.value_eur(extreme)
            backward.append(book.value_eur(spot))
        self.assertEqual(bits(reversed(backward)), bits(forward))

    def test_the_program_sliced_and_reduced_equals_single(self):
        files = "--portfolio", self.portfolio_file, "--history", self.history_file
        results = self.directory / "results"
        results.mkdir()
        for place in range(3):
            done = run_program("price", *files, "--slices", 3, "--slice", place,
                               HEARTH_RESULT=str(results / f"r{place}"))
            self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))
        single = json.loads(run_program("single", *files, "-o", "json").stdout)
        reduced = json.loads(run_program("reduce", "--directory", results, "-o", "json").stdout)
        self.assertEqual((single.pop("slices"), reduced.pop("slices")), (1, 3))
        self.assertEqual(reduced, single)

    def test_slices_are_contiguous_and_complete(self):
        for count, slices in ((1859, 64), (1859, 1859), (129, 7), (5, 1)):
            bounds = [risk.slice_bounds(count, slices, place) for place in range(slices)]
            self.assertEqual([row for begin, end in bounds for row in range(begin, end)],
                             list(range(count)))
            self.assertLessEqual(max(e - b for b, e in bounds) - min(e - b for b, e in bounds), 1)
        for slices, place in ((0, 0), (130, 0), (2, 2), (2, -1)):
            with self.subTest(slices=slices, place=place):
                self.assertIn("--slice", self.refusal(risk.slice_bounds, 129, slices, place))

    def test_a_result_too_large_for_a_task_is_refused(self):
        target = self.directory / "result"
        os.environ["HEARTH_RESULT"] = str(target)
        self.addCleanup(os.environ.pop, "HEARTH_RESULT")
        self.assertIn("use more slices",
                      self.refusal(risk.write_result, {"pnl_eur": [0.1] * 20000}, None))
        self.assertFalse(target.exists())


@needs_quantlib
class Formulas(unittest.TestCase):
    def setUp(self):
        self.history = inputs.read_history(HISTORY)
        self.portfolio = inputs.read_portfolio(PORTFOLIO, self.history.indices)
        self.markets = risk.markets_at_last_close(self.history)

    def check(self, trades, markets):
        with open(os.devnull, "w", encoding="utf-8") as nowhere:
            stdout, sys.stdout = sys.stdout, nowhere
            try:
                return check.run(trades, markets, risk.log_returns(self.history))
            finally:
                sys.stdout = stdout

    def test_the_closed_formula_against_printed_values(self):
        # Haug, The Complete Guide to Option Pricing Formulas, 2nd edition, 1.1.1 and 1.1.2
        self.assertAlmostEqual(
            check.black_scholes("call", 60, 65, 0.25, 0.08, 0.0, 0.30), 2.1334, delta=5e-5)
        self.assertAlmostEqual(
            check.black_scholes("put", 100, 95, 0.5, 0.10, 0.05, 0.20), 2.4648, delta=5e-5)

    def test_the_book_agrees_with_the_formulas(self):
        self.assertEqual(self.check(self.portfolio.trades[::5], self.markets), 0)

    def test_the_check_sees_a_wrong_engine(self):
        self.markets[1].volatility += 1e-6
        self.assertEqual(self.check(self.portfolio.trades[::20], self.markets), 1)

    def trade(self, **changes):
        plain = inputs.Trade("T", "CAC", "european", "call", 1.0, 4100.0, 299, "", 0.0)
        return plain._replace(**changes)

    def test_american_trees_keep_the_payoff_at_expiry(self):
        market = self.markets[2]
        lossy = [days for days in range(1, 731) if 25 * (days / 365 / 25) < days / 365]
        self.assertIn(299, lossy)
        for days in lossy:
            trade = self.trade(expiry_days=days)
            tree = market.tree_engine(trade)
            self.assertGreaterEqual(market.american(trade, tree).NPV(),
                                    market.european(trade, tree).NPV() * (1 - 1e-12))

    def test_a_down_and_out_call_by_reflection(self):
        # Merton (1973), barrier at or below the strike: C(S) - (S/H)^(1 - 2(r-q)/v^2) C(H^2/S)
        market = self.markets[2]
        spot, level, terms = market.close, 3600.0, market.terms
        trade = self.trade(style="barrier", barrier_kind="down_out", barrier_level=level)

        def call(at):
            return check.black_scholes("call", at, trade.strike, trade.expiry_days / 365,
                                       terms.rate, terms.dividend_yield, market.volatility)

        power = 1 - 2 * (terms.rate - terms.dividend_yield) / market.volatility ** 2
        expected = call(spot) - (spot / level) ** power * call(level ** 2 / spot)
        self.assertAlmostEqual(market.barrier(trade, "down_out").NPV(), expected, delta=1e-9)

    def test_a_touched_barrier_ends_a_knock_out_and_starts_a_knock_in(self):
        closes = list(self.history.closes[-1])
        european = self.trade()
        for kind, level, spot in (("down_out", 3600.0, 3600.0), ("up_out", 4300.0, 4300.5),
                                  ("down_in", 3600.0, 3500.0), ("up_in", 4300.0, 4300.0)):
            with self.subTest(kind=kind):
                closes[2] = spot
                barrier = self.trade(style="barrier", barrier_kind=kind, barrier_level=level)
                values = [risk.Book(inputs.Portfolio([trade], ""), self.history).value_eur(closes)
                          for trade in (barrier, european)]
                self.assertEqual(values[0], values[1] if kind.endswith("_in") else 0.0)

    def test_volatility_is_the_sample_deviation_of_a_year(self):
        self.assertAlmostEqual(risk.annual_volatility([0.01, -0.01]),
                               math.sqrt(2 * 0.01 ** 2 * 260), delta=1e-15)


if __name__ == "__main__":
    unittest.main()
