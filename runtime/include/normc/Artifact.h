//===- Artifact.h - a compiled norm as plain data --------------*- C++ -*-===//
//
// What the compiler hands to the runtime: machine code, the order in which its
// stages run, the arguments it takes, and the facts that the code relies on.
// Plain data: it can be built, saved and loaded without any compiler.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_ARTIFACT_H
#define NORMC_ARTIFACT_H

#include "normc/Result.h"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace normc {

/// Limits on what is compiled and loaded, so that a call needs no memory but
/// the stack's: axes of an argument, arguments, words and stages.
inline constexpr int kMaxRank = 8;
inline constexpr int kMaxArguments = 64;
inline constexpr int kMaxWords = 256;
inline constexpr int kMaxStages = 32;

/// Element types of buffers. f8E4M3FN has neither infinities nor a fraction of
/// 7 beside the largest exponent but for NaN; f8E5M2 is IEEE's format of that
/// size (both: OCP 8-bit floating point specification). Integers have a sign
/// where a kernel gives them one.
enum class DType : uint8_t {
  F16,
  BF16,
  F32,
  F64,
  F8E4M3FN,
  F8E5M2,
  I8,
  I32,
  I64
};

/// All of them, in the order of their numbers.
inline constexpr DType kDTypes[] = {DType::F16, DType::BF16,     DType::F32,
                                    DType::F64, DType::F8E4M3FN, DType::F8E5M2,
                                    DType::I8,  DType::I32,      DType::I64};

/// Their names, for messages.
inline constexpr const char *kDTypeNames =
    "f16, bf16, f32, f64, f8E4M3FN, f8E5M2, i8, i32 or i64";

/// Size of an element in bytes; 0 for a number that is no type.
inline int64_t byteSize(DType type) {
  switch (type) {
  case DType::F8E4M3FN:
  case DType::F8E5M2:
  case DType::I8:
    return 1;
  case DType::F16:
  case DType::BF16:
    return 2;
  case DType::F32:
  case DType::I32:
    return 4;
  case DType::F64:
  case DType::I64:
    return 8;
  }
  return 0;
}

/// The type's name as MLIR spells it: bf16, f8E4M3FN, i8.
inline const char *toString(DType type) {
  switch (type) {
  case DType::F16:
    return "f16";
  case DType::BF16:
    return "bf16";
  case DType::F32:
    return "f32";
  case DType::F64:
    return "f64";
  case DType::F8E4M3FN:
    return "f8E4M3FN";
  case DType::F8E5M2:
    return "f8E5M2";
  case DType::I8:
    return "i8";
  case DType::I32:
    return "i32";
  case DType::I64:
    return "i64";
  }
  return "?";
}

/// A size as a function of a call's words (see `Artifact::words`): a program
/// for a stack machine over non-negative 64-bit integers.
struct SizeExpr {
  enum class Op : uint8_t {
    Constant, ///< push `operand`
    Word,     ///< push words[`operand`]
    Mul,      ///< pop b, a; push a * b
    FloorDiv, ///< pop b, a; push a / b
    CeilDiv,  ///< pop b, a; push (a + b - 1) / b
    Add,      ///< pop b, a; push a + b
    AlignTo,  ///< pop a; push a rounded up to a multiple of `operand`
  };
  struct Step {
    Op op = Op::Constant;
    int64_t operand = 0;
    bool operator==(const Step &) const = default;
  };
  std::vector<Step> steps;

  bool operator==(const SizeExpr &) const = default;
  static SizeExpr constant(int64_t value) { return {{{Op::Constant, value}}}; }
  static SizeExpr word(int64_t index) { return {{{Op::Word, index}}}; }

  /// True for a single constant.
  bool isConstant() const {
    return steps.size() == 1 && steps[0].op == Op::Constant;
  }
  /// The value for the given words; an InvalidArgument error names an overflow
  /// or a division by zero.
  Result<int64_t> evaluate(std::span<const int64_t> words) const;
};

/// Where one word of a call comes from.
struct WordSource {
  int32_t argument = 0;
  int32_t axis = 0;
  bool isStride = false; ///< A stride in elements, else an extent.
};

/// What the code expects of one axis of an argument.
struct AxisFacts {
  /// The extent. An axis that defines a word has that word here.
  SizeExpr extent;
  /// The stride in elements; empty steps mean any stride is taken (it is a
  /// word of its own then). Strides of axes with extent <= 1 are not checked.
  SizeExpr stride;
  /// True when the axis is reduced by a statistic that has no value on nothing
  /// (mean, max, moments, ...): an extent of zero is refused.
  bool mustBeNonEmpty = false;
};

/// One buffer argument, in calling order.
struct ArgumentFacts {
  std::string name;
  DType dtype = DType::F32;
  bool isOutput = false;
  std::vector<AxisFacts> axes;
  /// The base address is a multiple of this many bytes.
  int64_t alignment = 1;
};

/// An output that may share its buffer with an input: same address, shape and
/// strides. Any other overlap of an output with another buffer is refused.
struct InPlacePair {
  int32_t input = 0;
  int32_t output = 0;
};

/// A condition between words that no single axis shows, such as divisibility of
/// channels by groups: `value` must be divisible by `divisor`.
struct DivisibilityFact {
  SizeExpr value;
  int64_t divisor = 1;
  std::string description; ///< e.g. "extent of 'x' along axis 1"
};

/// A size that must not be too small, such as the number of elements where a
/// variance divides by one less: `value` must be at least `minimum`.
struct MinimumFact {
  SizeExpr value;
  int64_t minimum = 0;
  std::string description; ///< e.g. "number of elements of a group of 'x'"
};

/// One launch. Entry points have the type
///   i32 f(void *const *buffers, const int64_t *words, void *scratch,
///         int64_t chunkBegin, int64_t chunkEnd)
/// and process chunks [chunkBegin, chunkEnd). Chunks of a stage are independent
/// and may run in any order on any thread; a stage starts when the stage before
/// it has ended. The value returned is 0.
struct StageFacts {
  /// The symbol of the entry point in an object made ahead of time.
  std::string entry;
  SizeExpr chunkCount;
  /// Where the entry point begins in the artifact's image, in bytes.
  int64_t offset = 0;
  /// Chunks of a block, or 0. Neighbours that have blocks may take the first
  /// block of each, in order, before the second: no block needs another one,
  /// and finds what it reads in the caches. All of them have as many blocks.
  int64_t chunksPerBlock = 0;
};

/// A norm that the source declared, for tools that judge data (normc run
/// --stats). The code does not depend on it.
struct DeclaredNorm {
  std::string statistic; ///< mean_variance, rms, l2, ...
  double epsilon = 0;
  std::string placement;     ///< add, after_root, clamp
  int32_t input = -1;        ///< Argument that is normalized; -1: intermediate.
  std::vector<int64_t> axes; ///< Reduced axes of the input.
  int64_t groups = 0, groupAxis = 0; ///< 0: no groups.
  int64_t correction = 0;            ///< The variance divides by n - this.
  double partial = 0; ///< The part that the statistic sees; 0: all.
  /// Arguments that give statistics, or -1.
  int32_t mean = -1, variance = -1;

  bool operator==(const DeclaredNorm &) const = default;
};

/// A compiled norm.
struct Artifact {
  /// The version of this structure and of its file; `load` refuses any other.
  static constexpr uint32_t kFormatVersion = 4;

  uint32_t formatVersion = kFormatVersion;
  std::string name;
  std::string triple; ///< LLVM target triple of `image`.
  std::string cpu;    ///< Name of the CPU it was compiled for.
  /// Features that `image` may use and that a machine must have, as LLVM
  /// names them, without sign: avx512f, fma, f16c... Beside them sve256 and
  /// sve512: SVE vectors of just that many bits.
  std::vector<std::string> requiredFeatures;
  std::vector<ArgumentFacts> arguments;
  std::vector<WordSource> words;
  std::vector<DivisibilityFact> divisibility;
  std::vector<MinimumFact> minimums;
  std::vector<InPlacePair> inPlace;
  std::vector<StageFacts> stages;
  /// Bytes of scratch memory a call needs, aligned to 64 bytes.
  SizeExpr scratchBytes = SizeExpr::constant(0);
  std::vector<DeclaredNorm> norms; ///< Those of the source; may be empty.
  /// Machine code and its constants in one piece, which runs at any address
  /// that is a multiple of 4096, refers to nothing outside and is never
  /// written.
  std::vector<char> image;
};

/// Refuses as Unsupported what has more of anything than the limits allow.
Status checkLimits(const Artifact &artifact);

} // namespace normc

#endif // NORMC_ARTIFACT_H
