"""One way of cleaning, in a process of its own: `clean_one.py NAME CSV FOLDER` prints seconds and memory.

The recipe: read the CSV, drop copies, fill numbers by the median and the rest by the most frequent value,
drop rows outside Tukey's fences in any column of numbers, write Parquet.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

FACTOR = 1.5


def pandas(source: Path, folder: Path) -> None:
    """pandas and scikit-learn, as the recipe is usually written."""
    import pandas as pd
    from sklearn.impute import SimpleImputer

    frame = pd.read_csv(source).drop_duplicates()
    numbers = frame.select_dtypes("number").columns
    others = frame.columns.difference(numbers, sort=False)
    frame[numbers] = SimpleImputer(strategy="median").fit_transform(frame[numbers])
    frame[others] = SimpleImputer(strategy="most_frequent").fit_transform(frame[others])
    _pandas_fences(frame, numbers, folder)


def pandas_fillna(source: Path, folder: Path) -> None:
    """pandas alone: `fillna` needs less memory than SimpleImputer on texts."""
    import pandas as pd

    frame = pd.read_csv(source).drop_duplicates()
    numbers = frame.select_dtypes("number").columns
    others = frame.columns.difference(numbers, sort=False)
    frame = frame.fillna({**frame[numbers].median(), **{name: frame[name].mode()[0] for name in others}})
    _pandas_fences(frame, numbers, folder)


def _pandas_fences(frame, numbers, folder: Path) -> None:
    first, third = frame[numbers].quantile(0.25), frame[numbers].quantile(0.75)
    reach = FACTOR * (third - first)
    outside = (frame[numbers] < first - reach) | (frame[numbers] > third + reach)
    frame[~outside.any(axis=1)].to_parquet(folder / "0.parquet", index=False)


def polars(source: Path, folder: Path) -> None:
    """Plain Polars, the strong baseline: all rows in memory."""
    import polars as pl
    import polars.selectors as cs

    frame = pl.read_csv(source, infer_schema_length=None).unique(maintain_order=True)
    frame = frame.with_columns(
        cs.numeric().fill_null(cs.numeric().median()),
        cs.string().fill_null(cs.string().drop_nulls().mode().min()),
    )
    numbers = cs.expand_selector(frame, cs.numeric())
    fences = frame.select(
        *(pl.col(name).quantile(q, "linear").alias(f"{name} {q}") for name in numbers for q in (0.25, 0.75))
    ).row(0, named=True)
    inside = []
    for name in numbers:
        first, third = fences[f"{name} 0.25"], fences[f"{name} 0.75"]
        reach = FACTOR * (third - first)
        inside.append(pl.col(name).is_between(first - reach, third + reach))
    frame.filter(pl.all_horizontal(inside)).write_parquet(folder / "0.parquet", compression="snappy")


def duckdb(source: Path, folder: Path) -> None:
    """DuckDB, where it is installed."""
    import duckdb as db

    work = db.connect()
    work.execute(f"create table t as select distinct * from read_csv('{source}', sample_size=-1)")
    kinds = {name: kind for name, kind, *_ in work.execute("describe t").fetchall()}
    numbers = [name for name, kind in kinds.items() if kind != "VARCHAR"]
    fills = [
        f'coalesce("{name}", (select {"median" if name in numbers else "mode"}("{name}") from t)) as "{name}"'
        for name in kinds
    ]
    work.execute(f"create table f as select {', '.join(fills)} from t")
    ends = []
    for name in numbers:
        first, third = work.execute(f'select quantile_cont("{name}", [0.25, 0.75]) from f').fetchone()[0]
        reach = FACTOR * (third - first)
        ends.append(f'"{name}" between {first - reach!r} and {third + reach!r}')
    work.execute(
        f"copy (select * from f where {' and '.join(ends)}) to '{folder / '0.parquet'}' (format parquet)"
    )


def trimtab(source: Path, folder: Path) -> None:
    """The steps of the registry through the local engine; what was dropped is written too."""
    from trimtab.core.build_step import build_step
    from trimtab.core.spec import StepSpec
    from trimtab.data import STEPS
    from trimtab.data.clean_file import clean_file

    wanted = {"drop_duplicates": {}, "impute": {}, "iqr": {"factor": FACTOR}}
    steps = [
        build_step(StepSpec(name=name, parameters=parameters), STEPS, "bench")
        for name, parameters in wanted.items()
    ]
    clean_file(source, folder / "out", steps)


WAYS = {
    "pandas": pandas,
    "pandas-fillna": pandas_fillna,
    "polars": polars,
    "duckdb": duckdb,
    "trimtab": trimtab,
}


def peak_mb() -> float:
    """The most memory that this process ever held in RAM (VmHWM), in MB."""
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise OSError("no VmHWM in /proc/self/status: this benchmark needs Linux")


if __name__ == "__main__":
    name, source, folder = sys.argv[1:]
    begun, used = time.perf_counter(), time.process_time()
    WAYS[name](Path(source), Path(folder))
    took = {"seconds": time.perf_counter() - begun, "cpu_seconds": time.process_time() - used}
    print(json.dumps({"name": name, **took, "peak_mb": peak_mb()}))
