#!/usr/bin/env python3
"""Counts the instructions of the main kernels per element, and fails where there
are more than there were: counts repeat exactly where times don't.

    instructions.py --normc build/bin/normc --driver build/bin/normc-count-driver
                    [--update] [--self-test]

Valgrind has no AVX-512, so kernels are compiled for x86-64-v3. Each is called on
a tensor and on one with twice the rows or samples; the difference leaves out
what a call costs. `--update` (`ninja -C build update-instruction-counts`) writes what
was counted to instructions.json; do so when a kernel got shorter, or longer for a
reason that the commit gives. Exits with 77 where valgrind is missing, or the processor's features: the test is
skipped.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from harness.cases import Case  # noqa: E402
from harness.kernels import compile_artifact  # noqa: E402

EXPECTED = HERE / "instructions.json"
TOLERANCE = 0.02  # More than this above the expected count fails.
SKIPPED = 77
ROWS = (8, 4096)
CASES = [
    *(Case("count", op, dtype, ROWS) for op in ("rms_norm", "layer_norm") for dtype in ("f32", "bf16")),
    Case("count", "rms_norm", "f32", (64, 256)),
    Case("count", "layer_norm", "f32", (8, 1023)),
    Case("count", "layer_norm_backward", "f32", (256, 1024)),
    Case("count", "layer_norm_backward", "bf16", (256, 1024)),
    Case("count", "rms_norm_backward", "f32", (256, 1024)),
    Case("count", "group_norm", "f32", (2, 320, 16, 16), "nchw"),
    Case("count", "group_norm", "f32", (2, 320, 16, 16), "nhwc"),
    Case("count", "group_norm", "bf16", (2, 320, 16, 16), "nhwc"),
    Case("count", "batch_norm_training", "f32", (2, 64, 28, 28), "nchw"),
    Case("count", "batch_norm_training", "f32", (2, 64, 28, 28), "nhwc"),
]
# The arguments of a kernel in order; * is a tensor of x's shape, p one of a
# parameter's, r one value per row.
ARGUMENTS = {
    "rms_norm": "*p*",
    "layer_norm": "*pp*",
    "layer_norm_backward": "**prr*pp",
    "rms_norm_backward": "**pr*p",
    "group_norm": "*pp*",
    "batch_norm_training": "*pp*pp",
}


def label(case):
    return case.name.removeprefix("count/").removesuffix("/cold")


def line_of(case, artifact, times):
    """A line for the driver: the case with so many times the first extent."""
    extents = [times * case.shape[0], *case.shape[1:]]
    rows = extents[0]
    if case.layout == "nhwc":
        extents = [extents[0], *extents[2:], extents[1]]
    shapes = {"*": "x".join(map(str, extents)), "p": str(case.params), "r": str(rows)}
    return " ".join([str(artifact), *(shapes[kind] for kind in ARGUMENTS[case.op])])


def total_of(dump):
    for line in dump.read_text().splitlines():
        key, _, value = line.partition(":")
        if key in ("summary", "totals"):
            return int(value.split()[0])
    sys.exit(f"expected a summary in callgrind's {dump.name}, but there is none")


def count(normc, driver, valgrind):
    """Instructions per element of each case, by one run of valgrind."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lines = []
        for case in CASES:
            artifact = compile_artifact(normc, case, folder, "x86-64-v3", any_batch=True)
            lines += [line_of(case, artifact, 1), line_of(case, artifact, 2)]
        dumps = folder / "counts"
        command = [valgrind, "--tool=callgrind", "-q", f"--callgrind-out-file={dumps}"]
        command += ["--toggle-collect=countedCall", "--dump-after=countedCall", driver]
        done = subprocess.run(command, input="\n".join(lines), capture_output=True, text=True)
        if done.returncode == SKIPPED:
            print(f"skipped: this machine can't run the kernels: {done.stderr.strip()}")
            sys.exit(SKIPPED)
        if done.returncode != 0:
            sys.exit(f"the driver failed:\n{done.stdout}{done.stderr}")
        totals = [total_of(folder / f"counts.{index + 1}") for index in range(len(lines))]
    return {
        label(case): round((totals[2 * i + 1] - totals[2 * i]) / case.elements, 4) for i, case in enumerate(CASES)
    }


def judge(counted, expected):
    """(what failed, what is worth a word)"""
    failures, words = [], []
    for name in sorted(counted.keys() | expected.keys()):
        now, before = counted.get(name), expected.get(name)
        if now is None or before is None:
            failures.append(f"{name}: expected it in both the cases and {EXPECTED.name}: run with --update")
        elif now > before * (1 + TOLERANCE):
            failures.append(
                f"{name}: expected at most {before} instructions per element and {TOLERANCE:.0%}, but got {now}"
            )
        elif now < before * (1 - TOLERANCE):
            words.append(f"{name}: {now} instructions per element in place of {before}: keep it by --update")
    return failures, words


def self_test():
    """More instructions fail, fewer don't, and no case is left out."""
    assert judge({"a": 1.03}, {"a": 1.0})[0], "expected 3% more to fail"
    assert judge({"a": 1.01}, {"a": 1.0}) == ([], []), "expected 1% more to pass"
    failures, words = judge({"a": 0.5}, {"a": 1.0})
    assert not failures and "--update" in words[0], "expected fewer to pass, with a word"
    assert judge({"a": 1.0}, {})[0] and judge({}, {"a": 1.0})[0], "expected a missing case to fail"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--normc")
    parser.add_argument("--driver")
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--self-test", action="store_true")
    options = parser.parse_args()
    if options.self_test:
        self_test()
        return
    valgrind = shutil.which("valgrind")
    if not valgrind:
        print("skipped: valgrind is not installed (scripts/setup.sh installs it)")
        sys.exit(SKIPPED)
    counted = count(options.normc, options.driver, valgrind)
    for name, value in counted.items():
        print(f"{value:9.4f}  {name}")
    if options.update:
        EXPECTED.write_text(json.dumps(counted, indent=2) + "\n")
        return
    failures, words = judge(counted, json.loads(EXPECTED.read_text()))
    print("\n".join(words + failures))
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
