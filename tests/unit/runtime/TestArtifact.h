//===- TestArtifact.h - artifacts for the runtime's tests -------*- C++ -*-===//
//
// Facts of a small kernel, written by hand, and shorthands to look at errors.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_TESTS_UNIT_RUNTIME_TESTARTIFACT_H
#define NORMC_TESTS_UNIT_RUNTIME_TESTARTIFACT_H

#include "normc/Artifact.h"
#include "normc/Tensor.h"

#include <string>
#include <vector>

namespace normc::test {

/// `a * b` as a program.
inline SizeExpr product(int64_t wordA, int64_t wordB) {
  return {{{SizeExpr::Op::Word, wordA},
           {SizeExpr::Op::Word, wordB},
           {SizeExpr::Op::Mul, 0}}};
}

/// A row-major f32 argument [rows, columns] whose extents are words 0 and 1.
inline ArgumentFacts matrixArgument(std::string name, bool isOutput) {
  AxisFacts rows{.extent = SizeExpr::word(0), .stride = SizeExpr::word(1)};
  AxisFacts columns{.extent = SizeExpr::word(1),
                    .stride = SizeExpr::constant(1)};
  return {.name = std::move(name),
          .dtype = DType::F32,
          .isOutput = isOutput,
          .axes = {rows, columns}};
}

/// x[rows, columns] in, y[rows, columns] out, one chunk per row, one stage. The
/// words are rows and columns.
inline Artifact matrixArtifact(std::string entry) {
  Artifact artifact;
  artifact.name = "matrix";
  artifact.arguments = {matrixArgument("x", false), matrixArgument("y", true)};
  artifact.words = {{.argument = 0, .axis = 0}, {.argument = 0, .axis = 1}};
  artifact.stages = {{std::move(entry), SizeExpr::word(0)}};
  artifact.image = {0}; // Never run.
  return artifact;
}

/// A row-major f32 view.
inline TensorRef f32(std::vector<float> &values, const Dims &shape) {
  return TensorRef::contiguous(values.data(), DType::F32, shape);
}

/// The error's message; "no error" when there is none.
template <typename T> std::string messageOf(const Result<T> &result) {
  return result ? "no error" : result.error().message;
}

} // namespace normc::test

#endif // NORMC_TESTS_UNIT_RUNTIME_TESTARTIFACT_H
