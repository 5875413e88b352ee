"""Errors of filled cells: every method of trimtab beside scikit-learn's and pandas'.

Cells that are known are hidden, and filled by both from what is left: single cells of UCI Adult and German
Credit (missing completely at random, learned from other rows), and blocks of weekly CO2 and of the hourly
ETTh1. `rmse` is in percent of the column's standard deviation, `accuracy` (of words) in percent;
each is the mean over columns, then over seeds. `agrees` says whether the reference, where it is the same
method, fills every cell alike (to a ten thousandth of a deviation).

Reads ../shared/data. Takes about ten minutes.
"""

from __future__ import annotations

import sys
from itertools import chain
from pathlib import Path

from rich.progress import track

from parts import impute_series, impute_tables
from parts.filled import compact, table
from parts.report import finish, parser

DATA = Path(__file__).parents[2] / "shared" / "data"
SHARES = (0.2,)
"""Of the cells of a table that are hidden."""


def main() -> None:
    """Hide, fill, compare."""
    options = parser(__doc__, seeds=5).parse_args()
    if not DATA.is_dir():
        sys.exit("bench/impute.py: no folder ../shared/data: it is not part of the project")
    seeds = range(1 if options.quick else options.seeds)
    found = chain(
        impute_tables.cells(DATA, SHARES, seeds, options.quick),
        impute_series.cells(DATA, seeds, options.quick),
    )
    cells = list(track(found, "filled", transient=True))
    finish("impute", options, list(table(cells)), compact(cells), {"settings": {"seeds": len(seeds)}})


if __name__ == "__main__":
    main()
