# Finds LLVM and MLIR 22.1 (Debian's unless -DMLIR_DIR says otherwise), and says
# what to install where they are missing.

if(NOT MLIR_DIR AND EXISTS /usr/lib/llvm-22/lib/cmake/mlir)
  set(MLIR_DIR /usr/lib/llvm-22/lib/cmake/mlir)
endif()
find_package(MLIR CONFIG QUIET)
if(NOT MLIR_FOUND)
  message(FATAL_ERROR
    "MLIR was not found (looked in MLIR_DIR='${MLIR_DIR}'). normc needs LLVM and "
    "MLIR 22.1; scripts/setup.sh installs them, or pass "
    "-DMLIR_DIR=<prefix>/lib/cmake/mlir")
endif()
if(NOT LLVM_VERSION VERSION_GREATER_EQUAL 22.1 OR NOT LLVM_VERSION VERSION_LESS 22.2)
  message(FATAL_ERROR
    "expected LLVM 22.1, but ${LLVM_DIR} is LLVM ${LLVM_VERSION}")
endif()
message(STATUS "LLVM ${LLVM_VERSION} in ${LLVM_DIR}")

list(APPEND CMAKE_MODULE_PATH ${MLIR_CMAKE_DIR} ${LLVM_CMAKE_DIR})
include(TableGen)
include(AddLLVM)
include(AddMLIR)
separate_arguments(LLVM_DEFINITIONS_LIST NATIVE_COMMAND "${LLVM_DEFINITIONS}")

# TableGen reads the directory's include path, not a target's.
include_directories(${PROJECT_SOURCE_DIR})
include_directories(SYSTEM ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS})
