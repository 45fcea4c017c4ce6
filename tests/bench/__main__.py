"""`make bench`: measure every number of docs/benchmarks.md and write the page. `python tests/bench drain` runs one."""

import os
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Our packages come before the folders of tests that mirror their names.
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from bench import (
    bootstrap,
    drain,
    journal_append,
    long_day,
    long_journal,
    morning,
    pay,
    shift_report,
    start,
    till_scan,
    type_ahead,
)
from bench.report import TABLE, Benchmark, Measured, measured_now, read_record, write

BENCHMARKS: dict[str, Benchmark] = {
    "journal": journal_append.measure,
    "scan": till_scan.measure,
    "type_ahead": type_ahead.measure,
    "pay": pay.measure,
    "start": start.measure,
    "bootstrap": bootstrap.measure,
    "drain": drain.measure,
    "long_journal": long_journal.measure,
    "shift_report": shift_report.measure,
    "morning": morning.measure,
    "long_day": long_day.measure,
}


def main(wanted: list[str]) -> int:
    unknown = set(wanted) - BENCHMARKS.keys()
    if unknown:
        print(
            f"no benchmark is named {', '.join(sorted(unknown))}; there are: {', '.join(BENCHMARKS)}", file=sys.stderr
        )
        return 2
    record = read_record()
    for name in wanted or BENCHMARKS:
        print(f"{name} …", flush=True)
        record[name] = _measured(BENCHMARKS[name])
        # After each one: a run that is stopped has not measured for nothing.
        write({name: record[name] for name in BENCHMARKS if name in record})
    print(f"written to {TABLE}")
    return 0


def _measured(benchmark: Benchmark) -> Measured:
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="counterfoil-bench-") as folder:
        found = benchmark(Path(folder))
    for row in found:
        print(f"  {row.what}: {row.measured} (target {row.target}; raw {row.raw}; {row.ratio})", flush=True)
    return measured_now(found, load)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
