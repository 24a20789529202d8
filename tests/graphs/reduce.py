#!/usr/bin/env python3
"""Reduces a graph that fails to a small one that fails in the same way.

    reduce.py BIN SEED [-o OUT.mlir]             the random graph of a seed
    reduce.py BIN FILE.mlir --seed N [--shape NAME=8x64 ...] [-o OUT.mlir]

BIN is the folder of the programs (build/bin). The small graph's message has the
words of the large one's, or those of --words, so that another failure doesn't take
its place.
"""

import argparse
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

# mlir-reduce calls interesting what exits with something else than 0.
TESTER = """#!/bin/sh
{check} "$1" > "$1.out" 2>&1
code=$?
grep -qF -e {words} "$1.out"
found=$?
rm -f "$1.out"
[ $code -eq 0 ] || [ $found -ne 0 ]
"""

def words_of(message):
    """What tells this failure from others, whatever its numbers are."""
    if "]: expected" in message:
        return "]: expected"
    return max(re.split(r"[0-9<>']+", message), key=len)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("binaries", type=Path)
    parser.add_argument("graph", help="a file, or the seed of a random graph")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--shape", action="append", default=[])
    parser.add_argument("--words", default="")
    parser.add_argument("-o", dest="output", type=Path)
    options = parser.parse_args()

    check_graph = options.binaries / "normc-check-graph"
    if options.graph.isdigit():
        options.seed = int(options.graph)
        text = subprocess.run(
            [check_graph, f"--write={options.graph}"], capture_output=True, text=True, check=True
        ).stdout
    else:
        text = Path(options.graph).read_text()
    check = [str(check_graph), f"--seed={options.seed}"] + [f"--shape={shape}" for shape in options.shape]

    with tempfile.TemporaryDirectory() as folder:
        source, tester = Path(folder, "graph.mlir"), Path(folder, "tester.sh")
        source.write_text(text)
        result = subprocess.run([*check, source], capture_output=True, text=True)
        if result.returncode == 0:
            sys.exit(f"expected a graph that fails, but got: {result.stdout}")
        words = options.words or words_of(result.stdout.split("\n", 1)[1].strip())
        tester.write_text(TESTER.format(check=shlex.join(check), words=shlex.quote(words)))
        tester.chmod(0o755)
        result = subprocess.run(
            [options.binaries / "norm-reduce", source, f"-shrink-graph=test={tester}"],
            capture_output=True,
            text=True,
        )
        if result.returncode != 0:
            sys.exit(result.stderr)
        text = result.stdout
        source.write_text(text)
        result = subprocess.run([*check, source], capture_output=True, text=True)
    comment = "".join(f"// {line}\n" for line in result.stdout.splitlines())
    command = shlex.join(["normc-check-graph", *check[1:]])
    text = f"// {command}\n{comment}{text}"
    if options.output:
        options.output.write_text(text)
    else:
        print(text)


if __name__ == "__main__":
    main()
