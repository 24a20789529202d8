"""What normc-bench (Google Benchmark) measures: compilation, loading, the cost
of a call."""

import json
import subprocess

class Goal:
    """What must hold of the records of one benchmark: counters of normc-bench,
    each with the most it may be, in the counter's own unit."""

    def __init__(self, median, most, p99=None, most_p99=None):
        self.median, self.most = median, most
        self.p99, self.most_p99 = p99, most_p99


GOALS = {
    "compileNew": Goal("p50_ms", 10, "p99_ms", 25),
    "lookUp": Goal("p50_ns", 200, "p99_ns"),
    "callWith3Arguments": Goal("overhead_ns", 300, "overhead_p99_ns"),
    "callWith8Arguments": Goal("overhead_ns", 300, "overhead_p99_ns"),
    "callWithScratch": Goal("overhead_ns", 300, "overhead_p99_ns"),
}
COUNTERS = {name for goal in GOALS.values() for name in (goal.median, goal.p99)}


def run(program):
    """Its records, but for the large rows, which rivals.py measures itself."""
    command = [program, "--benchmark_format=json", "--benchmark_filter=-^rmsNorm.*"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip())
    kept = {"name", "real_time", "time_unit", "error_message"} | COUNTERS
    return [{key: entry[key] for key in entry if key in kept} for entry in json.loads(done.stdout)["benchmarks"]]


def goal_of(record):
    """None where nothing is asked."""
    return GOALS.get(record["name"].split("/")[0])


def holds(record):
    """None where nothing is asked."""
    if "error_message" in record:
        return False
    goal = goal_of(record)
    if not goal:
        return None
    return record[goal.median] <= goal.most and (goal.most_p99 is None or record[goal.p99] <= goal.most_p99)


def figure(record, counter, most):
    """A counter with its unit, and what it may be at most."""
    unit = counter.rsplit("_", 1)[1]
    return f"{record[counter]:.4g} {unit}" + ("" if most is None else f" (≤ {most:g})")


def rows(records):
    """Lines of the table."""
    yield ["what", "median", "99 of 100", "holds"]
    yield ["---"] * 4
    for record in records:
        goal = goal_of(record)
        cells = [f"{record['real_time']:.4g} {record['time_unit']}", ""]
        if "error_message" in record:
            cells[0] = record["error_message"]
        elif goal:
            cells = [figure(record, goal.median, goal.most), figure(record, goal.p99, goal.most_p99)]
        verdict = {True: "yes", False: "**no**", None: ""}[holds(record)]
        yield [record["name"], *cells, verdict]
