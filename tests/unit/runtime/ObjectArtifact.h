//===- ObjectArtifact.h - artifacts with code -------------------*- C++ -*-===//
//
// Artifacts around the object files that the build makes of objects/.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_TESTS_UNIT_RUNTIME_OBJECTARTIFACT_H
#define NORMC_TESTS_UNIT_RUNTIME_OBJECTARTIFACT_H

#include "TestArtifact.h"

#include <llvm/TargetParser/Host.h>

#include <fstream>
#include <iterator>

namespace normc::test {

/// matrixArtifact with the code of an object file.
inline Artifact objectArtifact(std::string entry,
                               const char *path = TEST_KERNELS_OBJECT) {
  Artifact artifact = matrixArtifact(std::move(entry));
  artifact.triple = llvm::sys::getProcessTriple();
  std::ifstream file(path, std::ios::binary);
  artifact.object.assign(std::istreambuf_iterator<char>(file), {});
  return artifact;
}

} // namespace normc::test

#endif // NORMC_TESTS_UNIT_RUNTIME_OBJECTARTIFACT_H
