//===- Compiled.h - what a text is compiled to ------------------*- C++ -*-===//
//
// For tests of an artifact's facts: compiles a text, and evaluates its sizes.
// Test failures where that is not possible.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_TESTS_UNIT_COMPILER_COMPILED_H
#define NORMC_TESTS_UNIT_COMPILER_COMPILED_H

#include "normc/Compiler.h"

#include <gtest/gtest.h>

namespace normc {

/// The same on every machine: with the caches that the model assumes.
inline Artifact compiled(const char *text) {
  Result<Artifact> artifact = compile(text, *Target::named("x86-64-v4"));
  EXPECT_TRUE(artifact) << artifact.error().message;
  return artifact ? *artifact : Artifact();
}

/// A size of a call with these words; -1 where it has none.
inline int64_t valueOf(const SizeExpr &expr,
                       const std::vector<int64_t> &words) {
  Result<int64_t> value = expr.evaluate(words);
  EXPECT_TRUE(value);
  return value ? *value : -1;
}

} // namespace normc

#endif // NORMC_TESTS_UNIT_COMPILER_COMPILED_H
