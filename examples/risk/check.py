"""Compares the engines of risk.py with formulas that share no code with them.

Run over the book's own trades, at the last close and at the closes of a few scenarios:
European against the Black-Scholes formula in math.erf; knock-in plus knock-out against the same
formula; American against European on the same tree, intrinsic value, and an integral equation
(QuantLib's QdFp engine).
"""
import math

SCENARIO_STRIDE = 200
ROUNDING = 1e-10  # tolerance of formulas that must agree, in units of the spot
TREE_ERROR = 5e-4  # tolerance of the American tree against its reference, in units of the spot
RELATIVE_FROM = 1e-4  # of the spot: relative deviations of smaller values say nothing


def normal_cdf(x):
    return 0.5 * (1.0 + math.erf(x / math.sqrt(2.0)))


def black_scholes(option, spot, strike, years, rate, dividend_yield, volatility):
    """European value in index points; Black and Scholes (1973), with the continuous dividend yield
    of Merton (1973). Rates and volatility per year, rates continuously compounded."""
    deviation = volatility * math.sqrt(years)
    d1 = (math.log(spot / strike) + (rate - dividend_yield) * years) / deviation + deviation / 2
    d2 = d1 - deviation
    sign = 1 if option == "call" else -1
    return sign * (spot * math.exp(-dividend_yield * years) * normal_cdf(sign * d1)
                   - strike * math.exp(-rate * years) * normal_cdf(sign * d2))


class Comparison:
    """The largest deviation seen between a value and what it should be (or at least be)."""

    def __init__(self, title, tolerance, one_sided=False):
        self.title, self.tolerance, self.one_sided = title, tolerance, one_sided
        self.count = self.absolute = self.of_spot = self.relative = 0
        self.worst = ""

    def add(self, name, spot, value, expected):
        deviation = expected - value if self.one_sided else abs(value - expected)
        self.count += 1
        self.absolute = max(self.absolute, deviation)
        if expected >= RELATIVE_FROM * spot:
            self.relative = max(self.relative, deviation / expected)
        if not deviation / spot <= self.of_spot:
            self.of_spot, self.worst = deviation / spot, name

    @property
    def holds(self):
        return self.of_spot <= self.tolerance

    def line(self):
        worst = f"  worst: {self.worst}" if self.worst else ""
        return (f"{'ok  ' if self.holds else 'FAIL'} {self.title:<41}{self.count:>7}"
                f"{self.absolute:>12.2e}{self.relative:>12.2e}{self.of_spot:>12.2e}"
                f"{self.tolerance:>10.0e}{worst}")


HEADING = f"{'':51}{'values':>7}{'abs points':>12}{'relative':>12}{'of spot':>12}{'allowed':>10}"


def closed_value(market, trade):
    terms = market.terms
    return black_scholes(trade.option, market.spot.value(), trade.strike, trade.expiry_days / 365,
                         terms.rate, terms.dividend_yield, market.volatility)


def european_checks(market, trades):
    comparison = Comparison("European = Black-Scholes formula", ROUNDING)
    options = [(trade, market.european(trade)) for trade in trades if trade.style == "european"]

    def at(spot):
        for trade, option in options:
            comparison.add(trade.name, spot, option.NPV(), closed_value(market, trade))

    return [comparison], at


def barrier_checks(market, trades):
    parity = Comparison("barrier: in + out = Black-Scholes formula", ROUNDING)
    positive = Comparison("barrier: in >= 0 and out >= 0", ROUNDING, one_sided=True)
    options = []
    for trade in trades:
        if trade.style == "barrier":
            side = trade.barrier_kind.split("_")[0]
            options.append((trade, side, market.barrier(trade, side + "_in"),
                            market.barrier(trade, side + "_out")))

    def at(spot):
        for trade, side, knock_in, knock_out in options:
            touched = (spot >= trade.barrier_level if side == "up"
                       else spot <= trade.barrier_level)
            if not touched:
                parts = knock_in.NPV(), knock_out.NPV()
                parity.add(trade.name, spot, sum(parts), closed_value(market, trade))
                positive.add(trade.name, spot, min(parts), 0.0)

    return [parity, positive], at


def american_checks(market, trades):
    scheme = market.ql.QdFpAmericanEngine.accurateScheme()
    reference_engine = market.ql.QdFpAmericanEngine(market.process, scheme)
    european = Comparison("American >= European on the same tree", ROUNDING, one_sided=True)
    intrinsic = Comparison("American >= intrinsic value", ROUNDING, one_sided=True)
    reference = Comparison("American: tree = integral equation", TREE_ERROR)
    options = [(trade, market.american(trade),
                market.european(trade, market.tree_engine(trade)),
                market.american(trade, reference_engine))
               for trade in trades if trade.style == "american"]

    def at(spot):
        for trade, american, same_tree, integral in options:
            value = american.NPV()
            payoff = spot - trade.strike if trade.option == "call" else trade.strike - spot
            european.add(trade.name, spot, value, same_tree.NPV())
            intrinsic.add(trade.name, spot, value, max(payoff, 0.0))
            reference.add(trade.name, spot, value, integral.NPV())

    return [european, intrinsic, reference], at


def run(trades, markets, log_returns):
    """Prints one line per comparison and index; 0 when all hold, else 1. `log_returns` holds a
    tuple per scenario, in the order of the markets."""
    shocks = [(0.0,) * len(markets)] + log_returns[::SCENARIO_STRIDE]
    failures = 0
    print(HEADING)
    for place, market in enumerate(markets):
        own_trades = [trade for trade in trades if trade.index == market.index]
        for checks in (european_checks, barrier_checks, american_checks):
            comparisons, at = checks(market, own_trades)
            for shock in shocks:
                spot = market.close * math.exp(shock[place])
                market.spot.setValue(spot)
                at(spot)
            for comparison in comparisons:
                print(f"{market.index:<5}{comparison.line()}")
                failures += not comparison.holds
    return 1 if failures else 0
