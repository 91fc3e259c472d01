#!/usr/bin/env python3
"""Writes portfolio.csv: an invented options book around the last close of each index.

The same seed gives the same file byte for byte on every machine: only Random.random(), whose
sequence Python guarantees, and exact or correctly rounded arithmetic are used.
"""
import argparse
import random
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
SEED = 19980824
COUNTS = {"european": 1400, "american": 180, "barrier": 620}
HEADER = "trade,index,style,option,quantity,strike,expiry_days,barrier_kind,barrier_level"
COMMENT = "# An invented book, written by make_portfolio.py; README.md says what the columns mean."

STRIKE_STEP = {"DAX": 50, "SMI": 50, "CAC": 25, "FTSE": 25}  # index points
EXPIRY_DAYS = {"european": (7, 730), "american": (14, 365), "barrier": (30, 365)}
SHORT_SHARE = 0.56  # a bank sells its customers more options than it buys back


class Draw:
    """Draws from one seeded sequence, in the order of the calls."""

    def __init__(self, seed):
        self._random = random.Random(seed).random

    def chance(self, probability):
        return self._random() < probability

    def between(self, low, high):
        return low + (high - low) * self._random()

    def integer(self, low, high):
        return low + int((high - low + 1) * self._random())

    def one_of(self, items):
        return items[int(len(items) * self._random())]


def last_closes(history):
    """The last row of a history file whose columns are year_fraction and the index names."""
    lines = [line for line in Path(history).read_text(encoding="utf-8").splitlines()
             if line and not line.startswith("#")]
    row = dict(zip(lines[0].split(","), lines[-1].split(",")))
    return {index: float(row[index]) for index in STRIKE_STEP}


def barrier_terms(draw, option, close, strike, step):
    """A kind and a level that leave the option worth something: no knock-out covers its whole
    payoff, and no barrier is touched at the last close."""
    up = draw.chance(0.5)
    distance = draw.between(0.05, 0.25)
    level = round(close * (1 + distance if up else 1 - distance) / step) * step
    payoff_beyond = strike >= level if option == "call" else strike <= level
    on_payoff_side = up == (option == "call")
    knock_in = draw.chance(0.5) or (on_payoff_side and payoff_beyond)
    return f"{'up' if up else 'down'}_{'in' if knock_in else 'out'}", level


def trade_line(draw, number, style, closes):
    index = draw.one_of(tuple(STRIKE_STEP))
    option = draw.one_of(("call", "put"))
    step = STRIKE_STEP[index]
    strike = round(closes[index] * draw.between(0.75, 1.25) / step) * step
    expiry_days = draw.integer(*EXPIRY_DAYS[style])
    quantity = 10 * draw.integer(1, 50) * (-1 if draw.chance(SHORT_SHARE) else 1)
    kind, level = "", ""
    if style == "barrier":
        kind, level = barrier_terms(draw, option, closes[index], strike, step)
    fields = (f"T{number:04d}", index, style, option, quantity, strike, expiry_days, kind, level)
    return ",".join(map(str, fields))


def portfolio_text(history):
    closes = last_closes(history)
    draw = Draw(SEED)
    remaining = dict(COUNTS)
    lines = [COMMENT, HEADER]
    for number in range(1, sum(COUNTS.values()) + 1):
        style = draw.one_of([s for s, left in remaining.items() for _ in range(left)])
        remaining[style] -= 1
        lines.append(trade_line(draw, number, style, closes))
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--history", default=HERE / "history.csv")
    parser.add_argument("--output", default=HERE / "portfolio.csv")
    arguments = parser.parse_args()
    text = portfolio_text(arguments.history)
    Path(arguments.output).write_text(text, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
