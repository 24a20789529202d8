"""What normc-bench (Google Benchmark) measures: compilation, loading, the cost
of a call."""

import json
import subprocess

# p50 in milliseconds, and real time in nanoseconds, that must hold.
COMPILE_P50_MS = 10.0
CALL_NS = 200.0
NANOSECONDS = {"ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9}


def run(program):
    """Its records, but for the large rows, which rivals.py measures itself."""
    command = [program, "--benchmark_format=json", "--benchmark_filter=-^rmsNorm.*"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip())
    kept = ("name", "real_time", "time_unit", "p50_ms", "p99_ms", "error_message")
    return [{key: entry[key] for key in kept if key in entry} for entry in json.loads(done.stdout)["benchmarks"]]


def holds(record):
    """None where nothing is asked."""
    if "error_message" in record:
        return False
    if record["name"].startswith("compileNew/"):
        return record["p50_ms"] <= COMPILE_P50_MS
    if record["name"].split("/")[0] == "callOverhead":
        return record["real_time"] * NANOSECONDS[record["time_unit"]] <= CALL_NS
    return None


def rows(records):
    """Lines of the table."""
    yield ["what", "time", "p50 ms", "p99 ms", "holds"]
    yield ["---"] * 5
    for record in records:
        percentiles = [f"{record[key]:.2f}" if key in record else "" for key in ("p50_ms", "p99_ms")]
        if percentiles[0]:
            percentiles[0] += f" (≤ {COMPILE_P50_MS:g})"
        verdict = {True: "yes", False: "**no**", None: ""}[holds(record)]
        time = record.get("error_message") or f"{record['real_time']:.4g} {record['time_unit']}"
        asked = f" (≤ {CALL_NS:g} ns)" if record["name"].split("/")[0] == "callOverhead" else ""
        yield [record["name"], time + asked, *percentiles, verdict]
