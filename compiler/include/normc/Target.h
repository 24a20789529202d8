//===- Target.h - the machine that code is made for ------------*- C++ -*-===//
//
// A target by value: which CPU or GPU, with which vectors, caches and features.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_TARGET_H
#define NORMC_TARGET_H

#include "normc/Result.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace normc {

/// What the compiler needs to know of a machine. Immutable once made.
struct Target {
  enum class Kind { Cpu, Gpu };

  Kind kind = Kind::Cpu;
  std::string name;   ///< As asked for: native, x86-64-v3, sm_90, ...
  std::string triple; ///< LLVM target triple.
  std::string cpu;    ///< LLVM's name of the processor.
  /// LLVM features beyond those that `cpu` implies: "+fma", "-avx512f".
  std::vector<std::string> features;

  int64_t vectorBits = 128; ///< Width of a native vector register.
  /// Length of SVE vectors in bits, 256 or 512, that code is made for: it runs
  /// on machines of just this length. 0: vectors of NEON, and SVE, where there
  /// is any, for parts of vectors.
  int64_t sveBits = 0;
  int64_t l2Bytes = int64_t(1) << 20; ///< Second-level cache per core.
  /// Last-level cache, of all cores together.
  int64_t llcBytes = int64_t(32) << 20;
  bool hasFma = false;            ///< Fused multiply-add of f32 and f64.
  bool hasHalfConversion = false; ///< f16 <-> f32 in hardware.
  bool hasBF16 = false; ///< AVX512-BF16: f32 -> bf16 and dot products.

  /// This machine's processor, with the features that it reports.
  static Target native();

  /// A target by name: `native`; x86-64-v2, x86-64-v3, x86-64-v4 or any x86-64
  /// processor that LLVM knows; aarch64 (Armv8.0-A) or any AArch64 processor
  /// that LLVM knows, alone or with an SVE length (aarch64+sve256); sm_80,
  /// sm_86, sm_89, sm_90. Processors of SVE vectors that are always of 256 or
  /// 512 bits (neoverse-v1, a64fx) imply the length. An InvalidSpec error names
  /// the nearest targets, an Unsupported one says what an old processor lacks.
  static Result<Target> named(std::string_view name);

  /// The targets of a list such as "x86-64-v2,x86-64-v4", in its order. Errors
  /// as with `named`.
  static Result<std::vector<Target>> namedList(std::string_view names);

  /// Names that `named` accepts: native, the levels of x86-64 and AArch64,
  /// GPUs, and then processors in alphabetical order.
  static std::vector<std::string> names();
};

/// Features that code for the target may use and that a machine must have, as
/// LLVM names them, without sign, in alphabetical order. Code for one length of
/// SVE vectors also requires sve256 or sve512, which are names of our own.
std::vector<std::string> getRequiredFeatures(const Target &target);

/// Targets for code in several versions, of which a machine takes the best that
/// it can run: most special first, that is those first that require most
/// features. An InvalidSpec error if there are none, where one is no CPU or of
/// another architecture, and where two require the same, so that the second
/// would never be taken.
Result<std::vector<Target>> orderVersions(std::span<const Target> targets);

} // namespace normc

#endif // NORMC_TARGET_H
