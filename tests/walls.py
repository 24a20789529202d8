#!/usr/bin/env python3
"""Keeps the walls between normc's parts, and the sizes of files and functions.

    walls.py ROOT         checks the tree; lists what is wrong, and exits 1
    walls.py --self-test  checks that the checker sees planted faults

The walls (see docs/ and CONTRIBUTING.md): dialects/ includes nothing of ours
but itself; compiler/ sees of runtime/ only the headers in LEAVES; runtime/ never
sees LLVM, MLIR, dialects/ or compiler/.
"""

import ast
import re
import sys
import tempfile
from pathlib import Path

PARTS = ("dialects", "compiler", "runtime", "tools", "examples", "tests")
OTHER_FOLDERS = ("cmake", "docs", "scripts", ".ci")
LIBRARIES = ("dialects", "compiler", "runtime")
CPP = (".h", ".cpp")
TEXT = CPP + (".td", ".mlir", ".test", ".py", ".in", ".sh", ".cmake", ".txt", ".md", ".json")

# The runtime's headers that the compiler shares with it.
LEAVES = ("normc/Result.h", "normc/Artifact.h", "normc/ArtifactFile.h")
# The one header that sees both sides; for users, never for the compiler.
UMBRELLA = "normc/normc.h"
# Internals that tools and examples may include: what norm-opt registers, and
# the oracle and the timings of the demonstration.
OPENED = {
    "tools": ("dialects/", "compiler/passes/", "tests/numerics/"),
    "examples": ("tests/numerics/", "tools/measure/"),
}

MAX_FILE_LINES = 600
MAX_FUNCTION_LINES = 100

# A library neither prints, nor ends the process, nor reads its environment.
BANNED = re.compile(
    r"std::(cout|cerr|clog)\b|\b(v?f?printf|puts|fputs|abort|_?exit|quick_exit|"
    r"terminate|(secure_)?getenv|report_fatal_error)\s*\(|\b(errs|outs|dbgs)\s*\(\s*\)"
)
INCLUDE = re.compile(r'^\s*#?\s*include\s+["<]([^">]+)[">]', re.MULTILINE)
COMMENT_OR_STRING = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<d>[^(\s]*)\(.*?\)(?P=d)"|"(?:\\.|[^"\\\n])*"|'
    r"(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'",
    re.DOTALL,
)
CONTAINER = re.compile(
    r"^\s*(template\s*<.*>\s*)?(inline\s+|typedef\s+|static\s+|constexpr\s+)*"
    r'((namespace|class|struct|union|enum)\b|extern\s*"")',
    re.DOTALL,
)


def strip(code):
    """The code without comments and the insides of strings; lines stay."""

    def blank(match):
        text = match.group()
        keep = "\n" * text.count("\n")
        return keep if text.startswith("/") else '""' + keep

    return COMMENT_OR_STRING.sub(blank, code)


def files_of(root):
    """Every text file of the project, by its path from the root."""
    for folder in PARTS + OTHER_FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            named = path.suffix in TEXT or path.parent.name == ".ci"
            if path.is_file() and named and "__pycache__" not in path.parts:
                yield path.relative_to(root)
    for path in sorted(root.glob("*")):
        if path.is_file() and path.suffix in TEXT:
            yield path.relative_to(root)


def part_of_include(root, path, include):
    """The part that an include leads to and its path as it is written from the
    root, or the name of a library outside the project."""
    beside = (root / path).parent / include
    if beside.is_file() and include.split("/")[0] not in PARTS:
        inside = beside.resolve().relative_to(root.resolve())
        return inside.parts[0], inside.as_posix()
    if include.startswith("normc/"):
        for part in LIBRARIES:
            if (root / part / "include" / include).is_file():
                return part, f"{part}/include/{include}"
        return "nowhere", include
    return include.split("/")[0], include


def include_fault(root, path, include):
    """Why `path` may not include `include`; None where it may."""
    here = path.parts[0]
    there, name = part_of_include(root, path, include)
    if there == "nowhere":
        return f"includes '{include}', which is no public header"
    if here == "tests" or here not in PARTS:
        return None
    if here == "runtime":
        if there in ("mlir", "mlir-c", "llvm", "llvm-c"):
            return f"includes '{include}': the runtime sees neither MLIR nor LLVM"
    if there not in PARTS or there == here:
        if here == "compiler" and include == UMBRELLA:
            return f"includes '{include}', which is for users only"
        return None
    if here in ("tools", "examples"):
        public = include.startswith("normc/")
        opened = name.startswith(OPENED[here])
        return None if public or opened else f"includes '{include}', an internal of {there}/"
    if here == "compiler":
        umbrella = path.as_posix() == f"compiler/include/{UMBRELLA}"
        leaf = there == "runtime" and (include in LEAVES or umbrella)
        if there == "dialects" or (leaf and include.startswith("normc/")):
            return None
    return f"includes '{include}': {here}/ does not see {there}/"


def long_functions(code):
    """(line, lines) of functions over the limit, told by their braces. A table
    of values is no function."""
    code = re.sub(r"^[ \t]*#.*?(?<!\\)$", "", strip(code), flags=re.MULTILINE | re.DOTALL)
    containers = 0  # Open namespaces and classes.
    depth = 0  # Open braces inside of a function or initializer.
    start = header = 0
    table = False
    for at in (m.start() for m in re.finditer(r"[{};]", code)):
        if code[at] == "{":
            if depth == 0:
                text = code[header:at]
                if CONTAINER.match(text) and "=" not in text:
                    containers += 1
                    header = at + 1
                    continue
                start = header + len(text) - len(text.lstrip())
                table = text.rstrip().endswith("=")
            depth += 1
        elif code[at] == "}" and depth > 0:
            depth -= 1
            lines = code.count("\n", start, at) + 1
            if depth == 0 and lines > MAX_FUNCTION_LINES and not table:
                yield code.count("\n", 0, start) + 1, lines
        elif code[at] == "}":
            containers -= 1
        if depth == 0:
            header = at + 1


def long_python_functions(code):
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            lines = node.end_lineno - node.lineno + 1
            if lines > MAX_FUNCTION_LINES:
                yield node.lineno, lines


def check_file(root, path):
    text = (root / path).read_text(encoding="utf-8", errors="replace")
    lines = len(text.splitlines())
    if lines > MAX_FILE_LINES:
        yield f"{path}: {lines} lines, more than {MAX_FILE_LINES}"
    long = []
    if path.suffix in CPP:
        long = long_functions(text)
    elif path.suffix == ".py":
        long = long_python_functions(text)
    for line, lines in long:
        yield f"{path}:{line}: a function of {lines} lines, more than {MAX_FUNCTION_LINES}"
    if path.suffix in CPP + (".td",):
        # Comments may name an include; only strings tell its path.
        code = re.sub(r"//[^\n]*", "", text)
        for include in INCLUDE.findall(code):
            fault = include_fault(root, path, include)
            if fault:
                yield f"{path}: {fault}"
    if path.suffix in CPP and path.parts[0] in LIBRARIES:
        code = strip(text)
        for match in BANNED.finditer(code):
            line = code.count("\n", 0, match.start()) + 1
            yield f"{path}:{line}: '{match.group()}' in a library"


def check_passes(root):
    """Every pass has its .cpp and its lit test, and every .cpp its pass."""
    folder = root / "compiler" / "passes"
    sources = {path.stem for path in folder.glob("*.cpp")}
    known = set()
    for td in sorted(folder.glob("*.td")):
        for definition, name in re.findall(r'^def (\w+)\s*:\s*Pass<"([^"]+)"', td.read_text(), re.MULTILINE):
            stems = {definition, definition.removeprefix("Norm")}
            known |= stems
            if not stems & sources:
                yield f"{td.relative_to(root)}: pass '{name}' has no compiler/passes/{definition}.cpp"
            tests = (name, name.removeprefix("norm-"))
            if not any((root / f"tests/lit/passes/{test}.mlir").is_file() for test in tests):
                yield f"{td.relative_to(root)}: pass '{name}' has no tests/lit/passes/{name}.mlir"
    for stem in sorted(sources - known):
        yield f"compiler/passes/{stem}.cpp: no pass of this name in a .td file beside it"


def check_tree(root):
    faults = [fault for path in files_of(root) for fault in check_file(root, path)]
    return faults + list(check_passes(root))


CLEAN = {
    "dialects/norm/Norm.h": '#include "mlir/IR/Dialect.h"\n#include "dialects/norm/Norm.h.inc"\n',
    "compiler/include/normc/Compiler.h": '#include "normc/Artifact.h"\n#include <vector>\n',
    "compiler/include/normc/normc.h": '#include "normc/Compiler.h"\n#include "normc/Kernel.h"\n',
    "compiler/passes/A.cpp": '#include "dialects/norm/Norm.h"\n#include "normc/Result.h"\n'
    "// abort() and std::cout in a comment\nconst char *s = \"printf(\"; // {\n"
    "int f(int snprintf) { return 'x' + '\\'' + 1'000; }\n",
    "compiler/passes/Passes.td": 'def NormA : Pass<"norm-a"> {}\n',
    "runtime/include/normc/Artifact.h": "",
    "runtime/include/normc/Result.h": "",
    "runtime/include/normc/Kernel.h": '#include "normc/Artifact.h"\n',
    "runtime/Checks.h": "",
    "runtime/Checks.cpp": '#include "Checks.h"\n#include "runtime/Checks.h"\n',
    "runtime/cpu/Load.cpp": "#include <sys/mman.h>\nconst int a[] = {\n" + "    1,\n" * 101 + "};\n",
    "runtime/include/normc/runtime.h": 'extern "C" {\n' + "int f(void);\n" * 101 + "}\n",
    "tools/normc/main.cpp": '#include "normc/normc.h"\nint main() { exit(1); }\n',
    "tests/unit/Test.cpp": '#include "runtime/Checks.h"\n#include "compiler/passes/A.h"\n',
    "tests/lit/passes/a.mlir": "",
    "examples/demo.cpp": '#include "normc/normc.h"\n#include "tests/numerics/Oracle.h"\n',
}
# File, contents, and a part of the message that must come.
PLANTED = [
    ("dialects/norm/X.cpp", '#include "compiler/passes/A.h"\n', "dialects/ does not see compiler/"),
    ("dialects/norm/X.td", 'include "normc/Result.h"\n', "dialects/ does not see runtime/"),
    ("compiler/X.cpp", '#include "normc/Kernel.h"\n', "compiler/ does not see runtime/"),
    ("compiler/X.cpp", '#  include "runtime/Checks.h"\n', "compiler/ does not see runtime/"),
    ("compiler/X.cpp", '#include "normc/normc.h"\n', "for users only"),
    ("compiler/X.cpp", '#include "tests/numerics/Oracle.h"\n', "compiler/ does not see tests/"),
    ("compiler/spec/X.cpp", '#include "../../runtime/Checks.h"\n', "compiler/ does not see runtime/"),
    ("runtime/X.cpp", '#include "normc/Compiler.h"\n', "runtime/ does not see compiler/"),
    ("runtime/X.cpp", '#include "llvm/Support/Error.h"\n', "sees neither MLIR nor LLVM"),
    ("runtime/cpu/X.cpp", '#include <mlir/IR/MLIRContext.h>\n', "sees neither MLIR nor LLVM"),
    ("tools/X.cpp", '#include "runtime/Checks.h"\n', "an internal of runtime/"),
    ("examples/X.cpp", '#include "compiler/passes/A.h"\n', "an internal of compiler/"),
    ("tests/X.cpp", '#include "normc/Missing.h"\n', "no public header"),
    ("runtime/X.cpp", "void f() {\n  std::cerr << 1;\n}\n", "X.cpp:2: 'std::cerr' in a library"),
    ("compiler/X.cpp", "void f() { llvm::errs() << 1; }\n", "'errs()' in a library"),
    ("dialects/X.cpp", "void f() { std::abort(); }\n", "'abort(' in a library"),
    ("compiler/X.cpp", 'char *s = getenv("X");\n', "'getenv(' in a library"),
    ("docs/X.md", "line\n" * 601, "601 lines, more than 600"),
    (
        "tests/X.cpp",
        "namespace a {\nstruct B {\n  void f() {\n" + "    {\n    }\n" * 50 + "  }\n};\n}\n",
        "X.cpp:3: a function of 102 lines",
    ),
    ("tests/X.py", "def f():\n" + "    pass\n" * 100, "X.py:1: a function of 101 lines"),
    ("compiler/passes/X.td", 'def NormX : Pass<"norm-x"> {}\n', "no tests/lit/passes/norm-x.mlir"),
    ("compiler/passes/X.td", 'def NormX : Pass<"norm-x"> {}\n', "no compiler/passes/NormX.cpp"),
    ("compiler/passes/X.cpp", "", "no pass of this name"),
]


def self_test():
    def write(root, files):
        for name, text in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    failed = 0
    for name, text, expected in [(None, "", None)] + PLANTED:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            write(root, CLEAN)
            if name:
                write(root, {name: text})
            faults = check_tree(root)
            good = any(expected in fault for fault in faults) if name else not faults
            if not good:
                failed += 1
                print(f"{name}: expected '{expected}', but got {faults}")
    print(f"{1 + len(PLANTED) - failed} passed, {failed} failed")
    return failed == 0


def main(arguments):
    if arguments == ["--self-test"]:
        return 0 if self_test() else 1
    if len(arguments) != 1 or not Path(arguments[0]).is_dir():
        print(__doc__, file=sys.stderr)
        return 2
    faults = check_tree(Path(arguments[0]))
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
