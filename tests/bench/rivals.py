#!/usr/bin/env python3
"""Measures normc's kernels beside the streaming copy and beside rivals, in one
run, and writes figures, a table and a picture. README.md beside it has the rest.

    rivals.py --build build [--only rows,few] [--threads 1,2] [--quick]
              [--dnnl libdnnl.so.3 ...] [--out docs/bench]
    rivals.py --report docs/bench/figures.json     writes table and picture anew
"""

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from harness import micro, report  # noqa: E402
from harness.cases import GROUPS, MICRO, Plan  # noqa: E402


def words(text):
    return tuple(text.split(","))


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path, default=HERE.parent.parent / "build", help="normc's build folder")
    parser.add_argument("--only", type=words, default=(*GROUPS, MICRO), help=",".join((*GROUPS, MICRO)))
    parser.add_argument("--match", default="", help="only cases whose name has this text")
    parser.add_argument("--threads", type=words, default=("1", "2"), help="numbers of threads, such as 1,2")
    parser.add_argument("--rivals", type=words, default=("torch", "ort", "dnnl"), help="torch,ort,dnnl")
    parser.add_argument("--dnnl", type=Path, action="append", default=[], help="a libdnnl.so.3; may be repeated")
    parser.add_argument("--no-compiled", action="store_true", help="leave out torch.compile, which takes long")
    parser.add_argument("--quick", action="store_true", help="fewer cases and rounds, smaller tensors")
    parser.add_argument("--megabytes", type=int, help="what a large case moves; 256, with --quick 128")
    parser.add_argument("--prepare", action="store_true", help="compile and check everything, measure nothing")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "normc-bench", help="for caches")
    parser.add_argument("--out", type=Path, default=HERE.parent.parent / "docs" / "bench")
    parser.add_argument("--list", action="store_true", help="names of the cases")
    parser.add_argument("--report", type=Path, help="figures to write table and picture of")
    options = parser.parse_args()
    for group in options.only:
        if group not in (*GROUPS, MICRO):
            parser.error(f"expected --only among {', '.join(GROUPS)} and {MICRO}, but got '{group}'")
    # Workers run elsewhere.
    options.build, options.work = options.build.resolve(), options.work.resolve()
    return options


def environment(options, threads):
    """What the worker's libraries read."""
    return os.environ | {
        "OMP_NUM_THREADS": str(threads),
        "MKL_NUM_THREADS": str(threads),
        "TORCHINDUCTOR_CACHE_DIR": str(options.work / "inductor"),
        "TORCHINDUCTOR_COMPILE_THREADS": "1",
        # Freed memory stays with the process: else each result of PyTorch is
        # new memory, and its pages cost as much as the kernel.
        "MALLOC_MMAP_MAX_": "0",
        "MALLOC_TRIM_THRESHOLD_": str(1 << 40),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONWARNINGS": "ignore",
    }


def make_job(options, cases, threads, out):
    processors = sorted(os.sched_getaffinity(0))[:threads]
    if len(processors) < threads:
        sys.exit(f"expected {threads} processors for --threads, but got {len(processors)}")
    rounds = 0 if options.prepare else 5 if options.quick else 9
    effort = {"rounds": rounds, "seconds": 1.0 if options.quick else 2.0}
    return {
        "processors": processors,
        "threads": threads,
        "cases": [asdict(case) for case in cases],
        "library": str(options.build / "lib" / "libnormc-bench.so"),
        "normc": str(options.build / "bin" / "normc"),
        "work": str(options.work),
        "rivals": options.rivals,
        "compiled": not options.no_compiled,
        "dnnl": [str(path.resolve()) for path in options.dnnl],
        "effort": effort,
        "out": str(out),
    }


def work_through(options, cases, threads):
    """The records of all cases; a case that ends its process is one of them, and
    a new process goes on behind it."""
    records, left = [], list(cases)
    while left:
        with tempfile.TemporaryDirectory() as folder:
            job, out = Path(folder) / "job.json", Path(folder) / "out.jsonl"
            job.write_text(json.dumps(make_job(options, left, threads, out)))
            command = [sys.executable, "-m", "harness.worker", str(job)]
            try:
                status = subprocess.run(command, cwd=HERE, env=environment(options, threads), check=False).returncode
            except KeyboardInterrupt:
                print("interrupted: what was measured is kept", file=sys.stderr)
                status = 0  # Nothing is tried again.
            lines = [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []
        for path, why in lines[0]["absent"].items() if lines else ():
            print(f"absent: {path}: {why}", file=sys.stderr)
        records += [line for line in lines if "case" in line]
        begun = [line["begin"] for line in lines if "begin" in line]
        if status == 0:
            break
        if not begun:
            sys.exit(f"the worker ended with status {status} before its first case")
        names = [case.name for case in left]
        stopped = names.index(begun[-1])
        records.append({
            "name": begun[-1], "case": asdict(left[stopped]), "bytes": left[stopped].bytes, "threads": threads,
            "error": f"the process ended with status {status}",
        })
        left = left[stopped + 1 :]
    return records


def machine():
    model = next((line for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line), "")
    return {"processor": model.partition(":")[2].strip(), "cores": os.cpu_count(), "system": platform.platform()}


def by_record(figures):
    """JSON with a line for each record, and six digits of each number."""
    rounded = json.loads(json.dumps(figures), parse_float=lambda text: float(f"{float(text):.6g}"))
    records = ",\n".join(json.dumps(record) for record in rounded.pop("records"))
    return json.dumps(rounded)[:-1] + ', "records": [\n' + records + "\n]}\n"


def main():
    options = parse()
    if options.report:
        report.write(json.loads(options.report.read_text()), options.report.parent)
        return
    megabytes = options.megabytes or (128 if options.quick else 256)
    cases = Plan(options.only, megabytes, options.quick, options.match).cases()
    measures_micro = MICRO in options.only and not options.match and not options.prepare
    if options.list or not (cases or measures_micro):
        print("\n".join(case.name for case in cases) or "no such case")
        return
    options.work.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    start = time.time()
    records = []
    micros = micro.run(options.build / "bin" / "normc-bench") if measures_micro else []
    for threads in map(int, options.threads):
        records += work_through(options, cases, threads)
    for record in records:
        if "error" in record:
            print(f"error: {record['name']}, {record['threads']} threads: {record['error']}", file=sys.stderr)
    if options.prepare:
        failed = [f"{r['name']}: {name}: {why}" for r in records for name, why in r.get("absent", {}).items()]
        print("\n".join(failed))
        return
    options.out.mkdir(parents=True, exist_ok=True)
    figures = {"machine": machine(), "megabytes": megabytes, "took_s": round(time.time() - start)}
    figures |= {"micro": micros, "records": records}
    (options.out / "figures.json").write_text(by_record(figures))
    report.write(figures, options.out)
    print(report.summary(figures))


if __name__ == "__main__":
    main()
