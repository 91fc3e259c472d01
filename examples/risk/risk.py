#!/usr/bin/python3
"""Historical VaR and ES of an options book by full revaluation with QuantLib.

`price` is what a task runs: it reprices the book under one slice of the daily log returns, and
needs this file, inputs.py, a portfolio and a history. `reduce` and `single` (report.py) and `check`
(check.py) are for the machine that has the whole folder. README.md states the conventions.
"""
import argparse
import hashlib
import json
import math
import os
import signal
import sys
from pathlib import Path
from typing import NamedTuple

# Modules lie beside the name this was called by, even where that is a link into a store of digests.
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import inputs
from inputs import RESULT_FORMAT, TERMS, Refused

RESULT_BYTES_MAX = 64 * 1024
CLOSES_PER_YEAR = 260  # the sampling frequency that the source of history.csv states
TREE_STEPS_MIN = 25  # odd, as Leisen-Reimer trees must be; `check` shows the error that is left


def log_returns(history):
    """One tuple per scenario, in the order of the indices: ln(close / previous close)."""
    return [tuple(math.log(close / previous) for close, previous in zip(today, yesterday))
            for yesterday, today in zip(history.closes, history.closes[1:])]


def annual_volatility(returns):
    """Sample standard deviation of daily log returns (divisor n - 1) times sqrt(260)."""
    mean = math.fsum(returns) / len(returns)
    variance = math.fsum((r - mean) ** 2 for r in returns) / (len(returns) - 1)
    return math.sqrt(variance * CLOSES_PER_YEAR)


def quantlib():
    """QuantLib's module, imported late: reading, reducing and refusing do without it."""
    try:
        import QuantLib
    except ImportError:
        raise Refused("QuantLib's Python module is missing: install Debian's quantlib-python "
                      "and run /usr/bin/python3") from None
    return QuantLib


def tree_steps(years):
    """The least odd number of steps from TREE_STEPS_MIN whose grid does not end before expiry.

    QuantLib's American tree (BinomialVanillaEngine, seen in 1.29) exercises at expiry only if
    expiry <= steps * (expiry / steps) after rounding; otherwise the payoff of the last step is
    silently lost (seen: 8 % of a value)."""
    steps = TREE_STEPS_MIN
    while steps * (years / steps) < years:
        steps += 2
    return steps


class IndexMarket:
    """One index: its spot as a quote that can be moved, and a pricing engine per style.

    Black-Scholes-Merton with flat rate, dividend yield and volatility. Engines: closed formulas
    (European; barrier: Reiner and Rubinstein 1991 as in Haug's "Option Pricing Formulas"), and for
    Americans the binomial tree of Leisen and Reimer (1996)."""

    def __init__(self, index, spot, volatility):
        self.ql = ql = quantlib()
        self.index, self.terms, self.close, self.volatility = index, TERMS[index], spot, volatility
        self.today = ql.Date(25, 8, 1998)  # any date: only differences between dates matter
        ql.Settings.instance().evaluationDate = self.today
        self.spot = ql.SimpleQuote(spot)
        self.process = ql.BlackScholesMertonProcess(
            ql.QuoteHandle(self.spot),
            self._flat_curve(self.terms.dividend_yield),
            self._flat_curve(self.terms.rate),
            ql.BlackVolTermStructureHandle(ql.BlackConstantVol(
                self.today, ql.NullCalendar(), volatility, ql.Actual365Fixed())))
        self.european_engine = ql.AnalyticEuropeanEngine(self.process)
        self.barrier_engine = ql.AnalyticBarrierEngine(self.process)

    def _flat_curve(self, rate):
        curve = self.ql.FlatForward(self.today, rate, self.ql.Actual365Fixed())
        return self.ql.YieldTermStructureHandle(curve)

    def european(self, trade, engine=None):
        """The trade exercised at expiry alone, whatever its style, and without its barrier."""
        exercise = self.ql.EuropeanExercise(self._expiry(trade))
        option = self.ql.VanillaOption(self._payoff(trade), exercise)
        option.setPricingEngine(engine or self.european_engine)
        return option

    def american(self, trade, engine=None):
        exercise = self.ql.AmericanExercise(self.today, self._expiry(trade))
        option = self.ql.VanillaOption(self._payoff(trade), exercise)
        option.setPricingEngine(engine or self.tree_engine(trade))
        return option

    def tree_engine(self, trade):
        steps = tree_steps(trade.expiry_days / 365)
        return self.ql.BinomialVanillaEngine(self.process, "lr", steps)

    def barrier(self, trade, kind):
        """Continuously watched, no rebate; priceable only while the barrier is untouched."""
        side, effect = kind.split("_")
        ql_kind = getattr(self.ql.Barrier, side.capitalize() + effect.capitalize())
        option = self.ql.BarrierOption(ql_kind, trade.barrier_level, 0.0, self._payoff(trade),
                                       self.ql.EuropeanExercise(self._expiry(trade)))
        option.setPricingEngine(self.barrier_engine)
        return option

    def _expiry(self, trade):
        return self.today + trade.expiry_days

    def _payoff(self, trade):
        kind = self.ql.Option.Call if trade.option == "call" else self.ql.Option.Put
        return self.ql.PlainVanillaPayoff(kind, trade.strike)


def markets_at_last_close(history):
    markets = []
    for index, spot, returns in zip(history.indices, history.closes[-1],
                                    zip(*log_returns(history))):
        volatility = annual_volatility(returns)
        if volatility == 0:
            raise Refused(f"the closes of {index} never change: no volatility to price with")
        markets.append(IndexMarket(index, spot, volatility))
    return markets


class Touch(NamedTuple):
    """When a barrier counts as touched, and what the trade is worth from then on."""
    market: int
    up: bool
    level: float
    npv: object

    def happened(self, spots):
        spot = spots[self.market]
        return spot >= self.level if self.up else spot <= self.level


class Position(NamedTuple):
    trade: inputs.Trade
    eur_per_point: float
    npv: object
    touch: object


class Book:
    """Instruments and engines, built once; a scenario only moves the four spots.

    A value depends on the spots alone: closed formulas and trees carry nothing from one call to
    the next, and the sum is fsum's, exactly rounded. So no slicing changes a bit of it."""

    def __init__(self, portfolio, history):
        self.markets = markets_at_last_close(history)
        places = {index: place for place, index in enumerate(history.indices)}
        self.positions = [self._position(trade, places[trade.index]) for trade in portfolio.trades]

    def _position(self, trade, place):
        market = self.markets[place]
        weight = trade.quantity / market.terms.currency_per_eur
        if trade.style == "european":
            return Position(trade, weight, market.european(trade).NPV, None)
        if trade.style == "american":
            return Position(trade, weight, market.american(trade).NPV, None)
        side, effect = trade.barrier_kind.split("_")
        touched = market.european(trade).NPV if effect == "in" else float  # float() is 0.0: dead
        touch = Touch(place, side == "up", trade.barrier_level, touched)
        return Position(trade, weight, market.barrier(trade, trade.barrier_kind).NPV, touch)

    def value_eur(self, spots):
        """The book's value with the indices at `spots`, in points, in the order of the history."""
        for market, spot in zip(self.markets, spots):
            market.spot.setValue(spot)
        values = []
        try:
            for _, eur_per_point, npv, touch in self.positions:
                if touch is not None and touch.happened(spots):
                    npv = touch.npv
                values.append(eur_per_point * inputs.finite(npv()))
        except (RuntimeError, ValueError) as error:
            name = self.positions[len(values)].trade.name
            raise Refused(f"trade {name} at {tuple(spots)}: {error}") from None
        return math.fsum(values)


def slice_bounds(count, slices, place):
    """The `place`-th (from 0) of `slices` contiguous parts of range(count), sizes within one."""
    if not 1 <= slices <= count:
        raise Refused(f"--slices {slices}: expected 1 to {count}, the number of scenarios")
    if not 0 <= place < slices:
        raise Refused(f"--slice {place}: expected 0 to {slices - 1}")
    return count * place // slices, count * (place + 1) // slices


def program_sha256():
    """Of the files that decide a figure: this one and inputs.py."""
    content = b"".join(Path(name).read_bytes() for name in (__file__, inputs.__file__))
    return hashlib.sha256(content).hexdigest()


def price_slice(portfolio, history, slices, place):
    """The result of one task. P&L in EUR against the value at the last close, gains positive;
    rows count the history's data rows from 1, and a row's scenario is its return from the row
    before, so the first is 2. JSON writes floats by repr and gives back every bit."""
    returns = log_returns(history)
    begin, end = slice_bounds(len(returns), slices, place)
    book = Book(portfolio, history)
    last_close = history.closes[-1]
    base_value = book.value_eur(last_close)
    pnl = [book.value_eur([close * math.exp(r) for close, r in zip(last_close, scenario)])
           - base_value for scenario in returns[begin:end]]
    return {
        "format": RESULT_FORMAT,
        "program_sha256": program_sha256(),
        "quantlib_version": quantlib().__version__,
        "portfolio_sha256": portfolio.sha256,
        "history_sha256": history.sha256,
        "scenarios": len(returns),
        "first_row": begin + 2,
        "last_row": end + 1,
        "base_value_eur": base_value,
        "year_fractions": history.year_fractions[begin + 1:end + 1],
        "pnl_eur": pnl,
    }


def write_result(result, output):
    """To `output`, else to the task's result file, else to stdout."""
    text = json.dumps(result, separators=(",", ":")) + "\n"
    task_file = os.environ.get("HEARTH_RESULT")
    if not output and not task_file:
        sys.stdout.write(text)
        return
    if not output and len(text) > RESULT_BYTES_MAX:
        raise Refused(f"the result has {len(text)} bytes, a task's may have {RESULT_BYTES_MAX}: "
                      "use more slices")
    try:
        Path(output or task_file).write_text(text, encoding="utf-8")
    except OSError as error:
        raise Refused(f"{output or task_file}: {error.strerror}") from None


def read_inputs(arguments):
    history = inputs.read_history(arguments.history)
    return inputs.read_portfolio(arguments.portfolio, history.indices), history


def run_price(arguments):
    result = price_slice(*read_inputs(arguments), arguments.slices, arguments.slice)
    write_result(result, arguments.output)
    return 0


def print_report(named_results, form):
    import report
    print(report.rendered(report.merged(named_results), form))
    return 0


def run_single(arguments):
    result = price_slice(*read_inputs(arguments), slices=1, place=0)
    return print_report([("this process", result)], arguments.form)


def run_reduce(arguments):
    import report
    named_results = report.read_slices(arguments.files, arguments.directory)
    return print_report(named_results, arguments.form)


def run_check(arguments):
    import check
    portfolio, history = read_inputs(arguments)
    return check.run(portfolio.trades, markets_at_last_close(history), log_returns(history))


def argument_parser():
    book = argparse.ArgumentParser(add_help=False)
    book.add_argument("--portfolio", required=True, metavar="FILE", help="CSV of trades")
    book.add_argument("--history", required=True, metavar="FILE", help="CSV of daily closes")
    form = argparse.ArgumentParser(add_help=False)
    form.add_argument("-o", dest="form", choices=("text", "json"), default="text",
                      help="form of the report (default: text)")

    parser = argparse.ArgumentParser(prog="risk.py", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name, run, summary, *parents):
        added = commands.add_parser(name, help=summary, description=summary, parents=parents)
        added.set_defaults(run=run)
        return added

    price = command("price", run_price, "reprice the book under one slice of the scenarios", book)
    price.add_argument("--slices", type=int, required=True, metavar="N", help="number of slices")
    price.add_argument("--slice", type=int, required=True, metavar="I", help="which one, from 0")
    price.add_argument("--output", metavar="FILE",
                       help="result file (default: $HEARTH_RESULT, else standard output)")
    reduce = command("reduce", run_reduce, "the report from the result files of all slices", form)
    reduce.add_argument("--directory", metavar="DIR", help="take every file below DIR")
    reduce.add_argument("files", nargs="*", metavar="FILE", help="result files, in any order")
    command("single", run_single, "the same report from one process", book, form)
    command("check", run_check, "compare the engines with independent formulas", book)
    return parser


def main():
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `| head` is no error
    arguments = argument_parser().parse_args()
    try:
        return arguments.run(arguments)
    except Refused as refusal:
        print(f"risk: {refusal}".replace("\n", "\nrisk: "), file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
