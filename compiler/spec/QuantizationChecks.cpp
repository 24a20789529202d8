//===- QuantizationChecks.cpp - what a spec may not say of 8 bits ---------===//

#include "compiler/spec/Quantization.h"

#include "llvm/ADT/STLExtras.h"

#include <cmath>

using namespace mlir;
using namespace normc;

double normc::largestQuantized(DType type) {
  switch (type) {
  case DType::F8E4M3FN:
    return 448;
  case DType::F8E5M2:
    return 57344;
  case DType::I8:
    return 127;
  default:
    return 0;
  }
}

namespace {

/// Checks x's scale or y's; `name` is x or y.
class ScaleChecker {
public:
  ScaleChecker(const NormSpec &spec, StringRef name, Location loc)
      : spec(spec), name(name), loc(loc) {}

  LogicalResult checkType(DType type) const;
  LogicalResult checkScope(ScaleScope scope, int64_t block) const;
  /// Of an operand: a power of two is one of f32's values.
  LogicalResult checkScale(ScaleType type, bool isOperand) const;
  LogicalResult checkBounds(const Quantization &q) const;
  LogicalResult checkNoBounds(const Quantization &q) const;
  LogicalResult checkUnfused(const Quantization &q) const;

  InFlightDiagnostic error() const { return emitError(loc); }

private:
  const NormSpec &spec;
  StringRef name;
  Location loc;
};

} // namespace

static std::string nameOf(DType type) {
  return byteSize(type) ? toString(type) : std::to_string(int(type));
}

LogicalResult ScaleChecker::checkType(DType type) const {
  if (largestQuantized(type) == 0)
    return error() << "expected " << name
                   << " of f8E4M3FN, f8E5M2 or i8 beside its scale, but got "
                   << nameOf(type);
  return success();
}

LogicalResult ScaleChecker::checkScope(ScaleScope scope, int64_t block) const {
  if (uint32_t(scope) > uint32_t(ScaleScope::Block))
    return error() << "expected a scope of the scale of " << name
                   << ", but got the number " << int(scope);
  if (scope != ScaleScope::Block)
    return success();
  if (!llvm::is_contained({32, 64, 128}, block))
    return error() << "expected blocks of 32, 64 or 128 elements of " << name
                   << ", but got " << block;
  int64_t extent = spec.shape.back();
  if (extent != kDynamic && extent % block != 0)
    return error() << "expected blocks of " << block << " elements of " << name
                   << " to divide the extent of its last axis, but got "
                   << extent;
  return success();
}

LogicalResult ScaleChecker::checkScale(ScaleType type, bool isOperand) const {
  if (uint32_t(type) > uint32_t(ScaleType::E8M0))
    return error() << "expected a type of the scale of " << name
                   << ", but got the number " << int(type);
  if (isOperand && type == ScaleType::PowerOfTwo)
    return error() << "expected the scale of " << name
                   << ", an operand, to be f32 or E8M0, but got a power of two";
  return success();
}

LogicalResult ScaleChecker::checkBounds(const Quantization &q) const {
  if (q.upperBound) {
    auto bound = float(*q.upperBound);
    if (!(bound > 0) || std::isinf(bound))
      return error()
             << "expected an upper bound above 0 and finite in f32, but "
                "got "
             << *q.upperBound;
  }
  // The reciprocals of such scales are normal numbers.
  if (q.smallestScale &&
      !(*q.smallestScale >= 0x1p-126 && *q.smallestScale <= 0x1p126))
    return error() << "expected a smallest scale from 2^-126 to 2^126, but got "
                   << *q.smallestScale;
  return success();
}

LogicalResult ScaleChecker::checkNoBounds(const Quantization &q) const {
  for (auto [bound, what] : {std::pair(q.upperBound, "upper bound"),
                             std::pair(q.smallestScale, "smallest scale")})
    if (bound)
      return error() << "expected no " << what
                     << " beside a scale that is given, but got " << *bound;
  return success();
}

/// The types of y before it is quantized.
LogicalResult ScaleChecker::checkUnfused(const Quantization &q) const {
  if (spec.dtype == DType::F64)
    return error() << "expected x of f16, bf16, f32 or 8 bits beside a "
                      "quantized y, but got f64";
  if (!spec.outputDtype)
    return success();
  if (!q.matchUnfused)
    return error() << "expected an output type beside a quantized y only where "
                      "it matches the unfused one, but got "
                   << nameOf(*spec.outputDtype);
  if (!llvm::is_contained({DType::F16, DType::BF16, DType::F32},
                          *spec.outputDtype))
    return error() << "expected an unfused y of f16, bf16 or f32, but got "
                   << nameOf(*spec.outputDtype);
  return success();
}

LogicalResult normc::checkQuantization(const NormSpec &spec, Location loc) {
  if (const auto &scale = spec.inputScale) {
    ScaleChecker x(spec, "x", loc);
    if (failed(x.checkType(spec.dtype)) ||
        failed(x.checkScope(scale->scope, scale->block)) ||
        failed(x.checkScale(scale->scaleType, /*isOperand=*/true)))
      return failure();
  }
  const auto &q = spec.quantization;
  if (!q)
    return success();
  ScaleChecker y(spec, "y", loc);
  bool isStatic = q->scope == ScaleScope::Tensor;
  if (failed(y.checkType(q->dtype)) ||
      failed(y.checkScope(q->scope, q->block)) ||
      failed(y.checkScale(q->scaleType, isStatic)) ||
      failed(isStatic ? y.checkNoBounds(*q) : y.checkBounds(*q)) ||
      failed(y.checkUnfused(*q)))
    return failure();
  if (q->full && q->dtype != DType::I8)
    return y.error() << "expected the full range of i8 only, but got "
                     << nameOf(q->dtype);
  return success();
}
