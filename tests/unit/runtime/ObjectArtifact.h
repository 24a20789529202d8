//===- ObjectArtifact.h - artifacts with code -------------------*- C++ -*-===//
//
// Artifacts around the object file that the build makes of objects/.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_TESTS_UNIT_RUNTIME_OBJECTARTIFACT_H
#define NORMC_TESTS_UNIT_RUNTIME_OBJECTARTIFACT_H

#include "TestArtifact.h"
#include "compiler/codegen/Image.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

namespace normc::test {

#if defined(__x86_64__)
inline constexpr const char *kHostTriple = "x86_64-unknown-linux-gnu";
#else
inline constexpr const char *kHostTriple = "aarch64-unknown-linux-gnu";
#endif

/// Gives the stages of an artifact their code from objects/TestKernels.cpp.
inline Artifact withCode(Artifact artifact) {
  artifact.triple = kHostTriple;
  std::ifstream file(TEST_KERNELS_OBJECT, std::ios::binary);
  std::string object(std::istreambuf_iterator<char>(file), {});
  Status status = setImage(artifact, object);
  EXPECT_TRUE(status) << status.error().message;
  return artifact;
}

/// matrixArtifact with code.
inline Artifact objectArtifact(std::string entry) {
  return withCode(matrixArtifact(std::move(entry)));
}

} // namespace normc::test

#endif // NORMC_TESTS_UNIT_RUNTIME_OBJECTARTIFACT_H
