#!/usr/bin/env python3
"""Compiles norms ahead of time, runs them on an emulated processor, and
compares with NumPy.

usage: ahead_of_time.py NORMC MACHINE

`normc compile --emit=obj` and `--emit=header` with a C program around them,
cross-compiled and run by QEMU's user mode. MACHINE is a name of the table
below. Ends with 77, and says why, where the emulator or the cross-compiler is
not installed.
"""

import dataclasses
import itertools
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile

import numpy as np

from norm_cases import DTYPES, Case, Problem, Tally

SKIPPED = 77
DRIVER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "object_driver.c")

# What runs code of an architecture, and the Debian packages that have it.
TOOLS = {
    "aarch64": {"aarch64-linux-gnu-gcc": "gcc-aarch64-linux-gnu libc6-dev-arm64-cross",
                "qemu-aarch64": "qemu-user"},
    "x86_64": {"cc": "gcc", "qemu-x86_64": "qemu-user"},
}


@dataclasses.dataclass
class Machine:
    """A processor of QEMU's, and what is compiled for it."""

    architecture: str
    cpu: str  # Empty: this machine itself, without an emulator.
    target: str
    version: str = ""  # The version that must have run, or "unsupported".


def level_of_this_machine():
    """The best of LEVELS by what the system says."""
    with open("/proc/cpuinfo") as file:
        flags = set(re.search(r"^flags\s*:(.*)$", file.read(), re.M)[1].split())
    if {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"} <= flags:
        return "x86-64-v4"
    return "x86-64-v3" if {"avx2", "fma", "bmi2"} <= flags else "x86-64-v2"


BOTH = "aarch64,aarch64+sve256"
LEVELS = "x86-64-v2,x86-64-v4,x86-64-v3"
MACHINES = {
    "neon": Machine("aarch64", "cortex-a53", "aarch64"),
    "sve128": Machine("aarch64", "max,sve128=on", "neoverse-v2"),
    "sve256": Machine("aarch64", "max,sve256=on", "neoverse-v1"),
    "sve512": Machine("aarch64", "a64fx", "a64fx"),
    "versions-neon": Machine("aarch64", "cortex-a53", BOTH, "aarch64"),
    "versions-sve128": Machine("aarch64", "max,sve128=on", BOTH, "aarch64"),
    "versions-sve256": Machine("aarch64", "max,sve256=on", BOTH, "aarch64+sve256"),
    "refused-neon": Machine("aarch64", "cortex-a53", "neoverse-v1", "unsupported"),
    "refused-sve128": Machine("aarch64", "max,sve128=on", "aarch64+sve256,aarch64+sve512",
                              "unsupported"),
    "refused-sve512": Machine("aarch64", "max,sve512=on", "aarch64+sve256", "unsupported"),
    "refused-x86-v2": Machine("x86_64", "Nehalem", "x86-64-v3,x86-64-v4", "unsupported"),
    "versions-x86-v2": Machine("x86_64", "Nehalem", LEVELS, "x86-64-v2"),
    "versions-x86-v3": Machine("x86_64", "Haswell", LEVELS, "x86-64-v3"),
    "versions-here": Machine("x86_64", "", LEVELS),  # AVX-512, which QEMU lacks.
}

# Of each way through the compiler one norm. All extents are odd.
PRESETS = [("rms_norm", "plain"), ("layer_norm", "plain"), ("group_norm", "plain"),
           ("group_norm", "channels_last"), ("batch_norm_training", "channels_last"),
           ("softmax", "plain")]


def write_call(problem, header):
    """call.h: the buffers, and the call, whose order the header tells."""
    name = re.search(r"static inline int (\w+)_check_sizes", header)[1]
    signature = re.search(r"static inline int %s\(\n(.*?)\) {" % name, header, re.S)[1]
    parameters = [part.split()[-1].lstrip("*") for part in signature.split(",")]
    arrays = {each: np.load(problem.path(each), mmap_mode="r") for each in problem.inputs}
    buffers, values, sizes = [], [], []
    for parameter in parameters:
        known = re.fullmatch(r"(\w+)_(extent|stride)(\d+)", parameter)
        if known:
            array = arrays.get(known[1])
            shape = array.shape if array is not None else problem.output(known[1])[1]
            axis = int(known[3])
            # Files are written in C order.
            value = shape[axis] if known[2] == "extent" else np.prod(shape[axis + 1:], dtype=int)
            sizes.append(str(value))
        elif parameter != "scratch":
            is_output = parameter in problem.outputs
            if is_output:
                dtype, shape = problem.output(parameter)
                count = int(np.prod(shape)) * np.dtype(DTYPES[dtype] or "V2").itemsize
            else:
                count = arrays[parameter].nbytes
            values.append(f"(void *)buffers[{len(buffers)}].data")
            buffers.append(f'{{"{parameter}.raw", {int(is_output)}, {count}, NULL}}')
    versioned = name + "_version_name" in header
    return f"""#include "kernel.h"
enum {{ IS_VERSIONED = {int(versioned)} }};
static struct buffer buffers[] = {{{", ".join(buffers)}}};
static int supported(void) {{ return {name}_supported(); }}
static int64_t scratch_bytes(void) {{ return {name}_scratch_bytes({", ".join(sizes)}); }}
static int call(void *scratch) {{
  return {name}({", ".join(values + sizes + ["scratch"])});
}}
static const char *version_name(void) {{
  return {name + "_version_name()" if versioned else '""'};
}}
"""


def run(normc, machine, *case):
    compiler, emulator = TOOLS[machine.architecture]
    with tempfile.TemporaryDirectory() as folder:
        problem = Problem(normc, folder, *case)
        for stage, file in (("obj", "kernel.o"), ("header", "kernel.h")):
            subprocess.run([normc, "compile", "-", "--emit", stage, "--target", machine.target,
                            "-o", file], check=True, input=problem.text, cwd=folder)
        with open(os.path.join(folder, "kernel.h")) as file:
            call = write_call(problem, file.read())
        with open(os.path.join(folder, "call.h"), "w") as file:
            file.write(call)
        for name in problem.inputs:
            np.load(problem.path(name)).tofile(os.path.join(folder, name + ".raw"))
        subprocess.run([compiler, "-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-O1",
                        "-static", "-I.", DRIVER, "kernel.o", "-o", "program"],
                       check=True, cwd=folder)
        emulation = [emulator, "-cpu", machine.cpu] if machine.cpu else []
        ran = subprocess.run([*emulation, "./program"], check=True, cwd=folder,
                             stdout=subprocess.PIPE)
        version = ran.stdout.decode().strip()
        expected = machine.version if machine.cpu else level_of_this_machine()
        if version != expected:
            print(f"expected the version '{expected}' to run, but '{version}' did")
            return float("nan")
        if version == "unsupported":
            return 0
        for name in problem.outputs:
            dtype, shape = problem.output(name)
            raw = np.fromfile(os.path.join(folder, name + ".raw"), DTYPES[dtype] or "V2")
            np.save(problem.path(name), raw.reshape(shape))
        return problem.error()


def main():
    normc, name = os.path.abspath(sys.argv[1]), sys.argv[2]
    machine = MACHINES[name]
    if not machine.cpu and platform.machine() != machine.architecture:
        print(f"skipped: this machine is not of {machine.architecture}")
        return SKIPPED
    missing = {tool: package for tool, package in TOOLS[machine.architecture].items()
               if not shutil.which(tool)}
    if missing:
        print("skipped: " + "; ".join(
            f"{tool} is not installed (Debian: {package})" for tool, package in missing.items()))
        return SKIPPED
    tally = Tally()
    presets = PRESETS[:1] if machine.version == "unsupported" else PRESETS
    for (preset, layout), (dtype, dynamic) in itertools.product(
            presets, zip(DTYPES, itertools.cycle([False, True]))):
        if preset == "softmax" and dtype != "f32":
            continue
        parameter = "f32" if dynamic and dtype != "f64" else dtype
        strides = "any" if dynamic else "contiguous"
        tally.check(f"{preset} {dtype} {layout} strides {strides} on {name}", lambda: run(
            normc, machine, Case(preset, layout), dtype, parameter, strides, dynamic))
    return tally.end(name)


if __name__ == "__main__":
    sys.exit(main())
