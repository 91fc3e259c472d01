"""From the results of all slices to VaR, ES and the worst days.

Takes the files that `risk.py price` wrote, in any order, and refuses them unless together they are
exactly one run: one book, one program, every scenario once. Needs no QuantLib.
"""
import json
import math
from pathlib import Path

from inputs import RESULT_FORMAT, Refused

WORST_DAYS = 10
BASE_VALUE_TOLERANCE = 1e-9  # relative; processors' mathematics differs in the last bits only

CONVENTIONS = {
    "sign": "losses are positive, against the value at the last close, in EUR",
    "scenarios": "each day's log returns, applied to all last closes at once; rates, volatilities, "
                 "dividend yields, currencies and the valuation date stay",
    "var_99": "k-th largest of n losses, k = floor(n / 100) + 1: the smallest loss that at most "
              "1 % of the scenarios exceed",
    "es_975": "mean of the worst 2.5 % of n losses, the last of them counted in part when n / 40 "
              "is not whole (Acerbi and Tasche 2002)",
    "rows": "data rows of the history from 1; a row's scenario is its return from the row before",
}

SAME_RUN = {
    "portfolio_sha256": "another portfolio",
    "history_sha256": "another history",
    "program_sha256": "another version of the program",
    "quantlib_version": "another version of QuantLib",
    "scenarios": "another number of scenarios",
}


def var_99_rank(count):
    """1 for the largest loss; in whole numbers, since 0.01 * n is not exact."""
    return count // 100 + 1


def var_99(losses):
    return sorted(losses, reverse=True)[var_99_rank(len(losses)) - 1]


def es_975(losses):
    """Acerbi and Tasche, "On the coherence of expected shortfall" (2002), definition 2.6 for the
    empirical distribution: with n / 40 = m + f, 0 <= f < 1, and L1 >= L2 >= ... the losses,
    (L1 + ... + Lm + f * L(m+1)) / (m + f)."""
    ordered = sorted(losses, reverse=True)
    whole, fortieths = divmod(len(ordered), 40)
    tail = ordered[:whole]
    if fortieths:
        tail.append(ordered[whole] * (fortieths / 40))
    return math.fsum(tail) / (len(ordered) / 40)


def result_paths(files, directory):
    paths = [Path(name) for name in files]
    if directory is not None:
        if not Path(directory).is_dir():
            raise Refused(f"{directory}: not a directory")
        paths += sorted(path for path in Path(directory).rglob("*") if path.is_file())
    if not paths:
        raise Refused("no result files: name some, or a --directory that has them")
    return paths


def read_slices(files, directory=None):
    """Pairs of (file name, result) for every file named and every file below the directory."""
    return [(str(path), read_slice(path)) for path in result_paths(files, directory)]


def read_slice(path):
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Refused(f"{path}: {error.strerror}") from None
    except ValueError as error:
        raise Refused(f"{path}: not the result of a slice: {error}") from None
    problem = slice_problem(result)
    if problem:
        raise Refused(f"{path}: not the result of a slice: {problem}")
    return result


def slice_problem(result):
    """What is wrong with the shape of one result, or None."""
    if not isinstance(result, dict) or result.get("format") != RESULT_FORMAT:
        return f"its format is not {RESULT_FORMAT!r}"
    for key in ("portfolio_sha256", "history_sha256", "program_sha256", "quantlib_version"):
        if not isinstance(result.get(key), str):
            return f"{key} is not a text"
    for key in ("scenarios", "first_row", "last_row"):
        if type(result.get(key)) is not int:
            return f"{key} is not a whole number"
    first, last, count = result["first_row"], result["last_row"], result["scenarios"]
    if not 2 <= first <= last <= count + 1:
        return f"rows {first} to {last} of {count} scenarios"
    for key in ("pnl_eur", "year_fractions"):
        values = result.get(key)
        if not isinstance(values, list) or not all(map(is_finite_number, values)):
            return f"{key} is not a list of finite numbers"
        if len(values) != last - first + 1:
            return f"{key} has {len(values)} values for rows {first} to {last}"
    if not is_finite_number(result.get("base_value_eur")):
        return "base_value_eur is not a finite number"
    return None


def is_finite_number(value):
    return type(value) in (int, float) and math.isfinite(value)


def refuse_foreign(slices):
    reference_name, reference = slices[0]
    for name, result in slices[1:]:
        for key, what in SAME_RUN.items():
            if result[key] != reference[key]:
                raise Refused(f"{name}: made from {what} than {reference_name} "
                              f"({key} {result[key]}, not {reference[key]})")
        if not math.isclose(result["base_value_eur"], reference["base_value_eur"],
                            rel_tol=BASE_VALUE_TOLERANCE):
            raise Refused(f"{name}: base value {result['base_value_eur']!r} EUR, "
                          f"{reference_name} has {reference['base_value_eur']!r}")


def refuse_gaps(ordered):
    """`ordered` by first row: together they must hold every scenario once."""
    expected, previous = 2, None
    for name, result in ordered:
        first, last = result["first_row"], result["last_row"]
        if first < expected:
            other, held = previous
            same = (first, last) == (held["first_row"], held["last_row"])
            raise Refused(f"{name}: {'duplicate' if same else 'overlap'}: rows {first} to {last}, "
                          f"{other} has rows {held['first_row']} to {held['last_row']}")
        if first > expected:
            raise Refused(f"missing: no result has rows {expected} to {first - 1}")
        expected, previous = last + 1, (name, result)
    end = ordered[-1][1]["scenarios"] + 1
    if expected <= end:
        raise Refused(f"missing: no result has rows {expected} to {end}")


def merged(slices):
    """The report, a dictionary ready for JSON, of (name, result) pairs in any order."""
    refuse_foreign(slices)
    ordered = sorted(slices, key=lambda pair: (pair[1]["first_row"], pair[1]["last_row"], pair[0]))
    refuse_gaps(ordered)
    results = [result for _, result in ordered]
    losses = [-pnl for result in results for pnl in result["pnl_eur"]]
    year_fractions = [year for result in results for year in result["year_fractions"]]
    worst = sorted(range(len(losses)), key=lambda place: (-losses[place], place))[:WORST_DAYS]
    return {
        "var_99": var_99(losses),
        "es_975": es_975(losses),
        "currency": "EUR",
        "base_value_eur": results[0]["base_value_eur"],
        "base_values_identical": len({result["base_value_eur"] for result in results}) == 1,
        "scenarios": len(losses),
        "slices": len(results),
        "var_99_rank": var_99_rank(len(losses)),
        "worst_days": [{"row": place + 2, "year_fraction": year_fractions[place],
                        "loss_eur": losses[place]} for place in worst],
        "conventions": CONVENTIONS,
        "portfolio_sha256": results[0]["portfolio_sha256"],
        "history_sha256": results[0]["history_sha256"],
    }


def rendered(report, form):
    if form == "json":
        return json.dumps(report, indent=2)
    count = report["scenarios"]
    tail = f"mean of the worst {count / 40:g} losses"
    lines = [
        f"Scenarios        {count:>16,}   in {report['slices']} slice(s)",
        f"Base value       {report['base_value_eur']:>16,.2f} EUR",
        f"99 % VaR         {report['var_99']:>16,.2f} EUR   "
        f"loss number {report['var_99_rank']} of {count}, largest first",
        f"97.5 % ES        {report['es_975']:>16,.2f} EUR   {tail}",
        "",
        f"{'worst days: row':>15}{'year':>12}{'loss EUR':>18}",
    ]
    lines += [f"{day['row']:>15}{day['year_fraction']:>12.4f}{day['loss_eur']:>18,.2f}"
              for day in report["worst_days"]]
    lines.append("")
    if not report["base_values_identical"]:
        lines.append("note: the slices' base values differ in the last bits: they were computed on "
                     "different kinds of processor")
    lines += [f"{name}: {text}" for name, text in report["conventions"].items()]
    return "\n".join(lines)
