#!/usr/bin/env python3
"""Installs normc, and builds and runs projects that find it.

    install_test.py --source DIR --build DIR --cmake CMAKE --cc CC --cxx CXX
                    [--flags FLAGS]

Everything is written to a temporary folder.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path


def run(*command, fails=False):
    """The command's output. Ends the test where it fails, or where it should."""
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if (done.returncode != 0) != fails:
        print(" ".join(map(str, command)), done.stdout, f"exit code {done.returncode}", sep="\n")
        sys.exit(1)
    return done.stdout


def check(condition, message):
    if not condition:
        print(message)
        sys.exit(1)


class Test:
    def __init__(self, arguments, folder):
        self.arguments = arguments
        self.folder = folder
        self.here = Path(__file__).resolve().parent

    def install(self, name, *options):
        prefix = self.folder / name
        run(self.arguments.cmake, "--install", self.arguments.build, "--prefix", prefix, *options)
        return prefix

    def configure(self, project, prefix, *options, fails=False):
        build = self.folder / f"build-{project}-{prefix.name}"
        flags = [f"-DCMAKE_{kind}_FLAGS={self.arguments.flags}" for kind in ("C", "CXX")]
        compilers = (f"-DCMAKE_C_COMPILER={self.arguments.cc}", f"-DCMAKE_CXX_COMPILER={self.arguments.cxx}")
        options += (f"-DCMAKE_PREFIX_PATH={prefix}", "-G", "Ninja", *compilers, *flags)
        return build, run(self.arguments.cmake, "-S", self.here / project, "-B", build, *options, fails=fails)

    def build(self, project, prefix, *options):
        build, _ = self.configure(project, prefix, *options)
        run(self.arguments.cmake, "--build", build)
        return build

    def test_cpp(self, prefix):
        """The README's example, with all that is installed."""
        readme = (Path(self.arguments.source) / "README.md").read_text()
        example = re.search(r"```cpp\n(.*?)```", readme, re.DOTALL).group(1)
        main = self.folder / "main.cpp"
        main.write_text(example)
        output = run(self.build("cpp", prefix, f"-DMAIN={main}") / "example")
        check(output.startswith("0.5"), f"README's example: expected 0.5, but got {output}")

    def test_c(self, prefix, artifact):
        """A program in C, with the runtime only."""
        program = self.build("c", prefix) / "run_artifact"
        output = run(program, artifact)
        check("correct" in output, f"run_artifact: expected 'correct', but got {output}")
        for libraries in (run("readelf", "-d", program), run("ldd", program)):
            check("libtbb" in libraries, f"expected oneTBB among the libraries, but got {libraries}")
            for library in ("LLVM", "MLIR"):
                check(library not in libraries, f"expected no {library}, but got {libraries}")

    def test_tools(self, prefix):
        """The commands, from where they were installed; gives an artifact."""
        check("LLVM" in run(prefix / "bin/normc", "--version"), "normc --version: expected LLVM's version")
        run(prefix / "bin/norm-opt", self.here / "rms.mlir")
        artifact = self.folder / "rms.norm"
        run(prefix / "bin/normc", "compile", self.here / "rms.mlir", "--emit=artifact", "-o", artifact)
        return artifact

    def test_files(self, prefix):
        for name in ("include/normc/runtime.h", "include/normc/dlpack.h", "share/doc/normc/README.md"):
            check((prefix / name).is_file(), f"expected {name} to be installed, but it is not")


def main():
    parser = argparse.ArgumentParser()
    for option in ("source", "build", "cmake", "cc", "cxx"):
        parser.add_argument("--" + option, required=True)
    parser.add_argument("--flags", default="")
    with tempfile.TemporaryDirectory() as folder:
        test = Test(parser.parse_args(), Path(folder))
        everything = test.install("all")
        test.test_files(everything)
        artifact = test.test_tools(everything)
        test.test_cpp(everything)
        # The runtime alone, moved to another place.
        runtime = test.install("runtime-only", "--component", "runtime")
        runtime = runtime.rename(test.folder / "moved")
        check(not (runtime / "bin").exists(), "expected the runtime without commands")
        test.test_c(runtime, artifact)
        _, output = test.configure("cpp", runtime, "-DCOMPONENTS=COMPONENTS;compiler", fails=True)
        reason = "its compiler is not installed"
        check(reason in output, f"expected '{reason}', but got {output}")


if __name__ == "__main__":
    main()
