#!/usr/bin/env python3
"""Runs `normc preset P ... | normc run -` and compares with NumPy.

usage: presets.py NORMC PRESET

For one preset, every element type and layout, with static extents on this
machine and with dynamic ones as x86-64-v2 and -v3.
"""

import itertools
import subprocess
import sys
import tempfile

from norm_cases import DTYPES, Case, Problem, Tally


def run(normc, target, *case):
    with tempfile.TemporaryDirectory() as folder:
        problem = Problem(normc, folder, *case)
        command = [normc, "run", "-", "--target", target]
        for name in problem.inputs:
            command += ["--in", f"{name}={problem.path(name)}"]
        for name in problem.outputs:
            command += ["--out", f"{name}={problem.path(name)}"]
        subprocess.run(command, check=True, input=problem.text)
        return problem.error()


def main():
    normc, preset = sys.argv[1:]
    layouts = ["plain"]
    if Case(preset, "plain").shape() == (3, 12, 5, 7):
        layouts.append("channels_last")
    tally = Tally()
    for layout, dtype, strides, dynamic in itertools.product(
            layouts, DTYPES, ["contiguous", "any"], [False, True]):
        parameter = "f32" if dynamic and dtype != "f64" else dtype
        # Each target sees every type, the ones without FMA and AVX too.
        target = ("x86-64-v2" if strides == "any" else "x86-64-v3") if dynamic else "native"
        what = f"{preset} {dtype} {layout} strides {strides} {target} " + (
            "dynamic" if dynamic else "static")
        tally.check(what, lambda: run(
            normc, target, Case(preset, layout), dtype, parameter, strides, dynamic))
    return tally.end(preset)


if __name__ == "__main__":
    sys.exit(main())
