# What every library of normc shares: warnings, include roots, sanitizers, and
# one precompiled header for the files that see MLIR.

include(GNUInstallDirs)

add_library(normc_options INTERFACE)
target_compile_options(normc_options INTERFACE
  -Wall -Wextra -Wno-unused-parameter -fvisibility-inlines-hidden)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 reports these inside LLVM's own headers.
  target_compile_options(normc_options INTERFACE
    -Wno-maybe-uninitialized -Wno-array-bounds -Wno-dangling-reference)
endif()
if(NORMC_SANITIZE)
  target_compile_options(normc_options INTERFACE
    -fsanitize=address,undefined -fno-sanitize=vptr -fno-omit-frame-pointer)
  target_link_options(normc_options INTERFACE -fsanitize=address,undefined)
endif()

add_library(normc_mlir INTERFACE)
# Not for those who use the installed libraries: no public header sees LLVM.
target_include_directories(normc_mlir SYSTEM INTERFACE
  "$<BUILD_INTERFACE:${LLVM_INCLUDE_DIRS};${MLIR_INCLUDE_DIRS}>")
list(TRANSFORM LLVM_DEFINITIONS_LIST REPLACE "^-D" "")
target_compile_definitions(normc_mlir INTERFACE
  "$<BUILD_INTERFACE:${LLVM_DEFINITIONS_LIST}>")
target_link_libraries(normc_mlir INTERFACE MLIR LLVM)

# normc_library(name SOURCES a.cpp ... [LINK targets ...] [MLIR])
# MLIR: the sources include MLIR headers, and share one precompiled header.
function(normc_library name)
  cmake_parse_arguments(ARG "MLIR" "" "SOURCES;LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_include_directories(${name} PUBLIC
    "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR};${PROJECT_BINARY_DIR}>"
    "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/runtime/include>"
    "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/compiler/include>"
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_compile_features(${name} PUBLIC cxx_std_20)
  target_link_libraries(${name}
    PRIVATE $<BUILD_INTERFACE:normc_options> PUBLIC ${ARG_LINK})
  set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  if(ARG_MLIR)
    target_link_libraries(${name} PUBLIC normc_mlir)
    normc_use_pch(${name})
  endif()
endfunction()

# normc_executable(name SOURCES a.cpp ... [LINK targets ...] [MLIR])
function(normc_executable name)
  cmake_parse_arguments(ARG "MLIR" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE
    ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR})
  target_link_libraries(${name} PRIVATE normc_options ${ARG_LINK})
  # -fPIC, not the -fPIE of executables: else the precompiled header is of no use.
  target_compile_options(${name} PRIVATE -fPIC)
  if(ARG_MLIR)
    target_link_libraries(${name} PRIVATE normc_mlir)
    normc_use_pch(${name})
  endif()
endfunction()

# Only headers that nearly every MLIR source needs: a translation unit falls
# from about 12 s to 4 s.
file(WRITE ${PROJECT_BINARY_DIR}/normc_pch_anchor.cpp "")
add_library(normc_pch OBJECT ${PROJECT_BINARY_DIR}/normc_pch_anchor.cpp)
target_link_libraries(normc_pch PRIVATE normc_options normc_mlir)
set_target_properties(normc_pch PROPERTIES POSITION_INDEPENDENT_CODE ON)
target_precompile_headers(normc_pch PRIVATE
  <mlir/Dialect/Arith/IR/Arith.h>
  <mlir/Dialect/Func/IR/FuncOps.h>
  <mlir/Dialect/Math/IR/Math.h>
  <mlir/IR/Builders.h>
  <mlir/IR/BuiltinOps.h>
  <mlir/IR/DialectImplementation.h>
  <mlir/IR/OpImplementation.h>
  <mlir/Pass/Pass.h>
  <string> <vector> <memory> <optional>)

function(normc_use_pch name)
  target_precompile_headers(${name} REUSE_FROM normc_pch)
endfunction()
