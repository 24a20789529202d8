//===- SpecText.h - what a spec is as IR, for tests -------------*- C++ -*-===//
//
// The text of a spec's module, and expectations on parts of it.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_TESTS_UNIT_COMPILER_SPECTEXT_H
#define NORMC_TESTS_UNIT_COMPILER_SPECTEXT_H

#include "normc/Compiler.h"

#include <gtest/gtest.h>

#include <string>

namespace normc {

/// The module's text, or what is wrong with the spec.
inline std::string textOf(const NormSpec &spec) {
  Result<std::string> text = toMlir(spec);
  return text ? *text : text.error().message;
}

} // namespace normc

#define EXPECT_HAS(text, part)                                                 \
  EXPECT_NE((text).find(part), std::string::npos) << (text)

#define EXPECT_LACKS(text, part)                                               \
  EXPECT_EQ((text).find(part), std::string::npos) << (text)

#endif // NORMC_TESTS_UNIT_COMPILER_SPECTEXT_H
