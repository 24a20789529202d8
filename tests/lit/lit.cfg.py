# The lit suite of normc: what a test file is, and which tools it may call.

import os

import lit.formats
from lit.llvm import llvm_config
from lit.llvm.subst import ToolSubst

config.name = "normc"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["Inputs"]
config.test_source_root = config.source_root
config.test_exec_root = config.build_root

# Tools are called by their full paths, so that no other LLVM's are taken.
llvm_config.add_tool_substitutions(["norm-opt", "norm-reduce", "normc"], config.normc_tools_dir)
llvm_config.add_tool_substitutions(
    ["FileCheck", "count", "not", "split-file"]
    + [
        ToolSubst(tool, unresolved="ignore")
        for tool in ("llc", "llvm-nm", "llvm-objdump", "llvm-readobj", "mlir-opt", "mlir-translate", "opt")
    ],
    config.llvm_tools_dir,
)
config.substitutions.append(("%python", config.python))
config.substitutions.append(("%cc", config.cc))
config.substitutions.append(("%cxx", config.cxx))
config.substitutions.append(("%project_root", config.project_root))

if config.ptxas:
    config.available_features.add("ptxas")
    config.substitutions.append(("%ptxas", config.ptxas))

if config.qemu:
    config.available_features.add("qemu-x86_64")
    config.substitutions.append(("%qemu", config.qemu))
    config.substitutions.append(("%run_artifact", config.normc_tools_dir + "/normc-run-artifact"))

if config.qemu_aarch64:
    config.available_features.add("qemu-aarch64")
    config.substitutions.append(("%arm_qemu", config.qemu_aarch64))
    config.substitutions.append(("%arm_run_artifact", config.normc_tools_dir + "/normc-run-artifact-aarch64"))
    config.substitutions.append(("%arm_float_control", config.normc_tools_dir + "/normc-float-control-aarch64"))

# LLVM's allocators poison memory in headers, which our sanitized code runs, and
# unpoison it in the library, which is not sanitized.
config.environment["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "allow_user_poisoning=0")
