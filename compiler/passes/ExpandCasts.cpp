//===- ExpandCasts.cpp - casts of narrow floats as integer code -----------===//

#include "compiler/passes/Passes.h"
#include "compiler/passes/math/HeldValues.h"
#include "compiler/passes/math/SmallFloats.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Iterators.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"

using namespace mlir;

namespace normc {
#define GEN_PASS_DEF_EXPANDCASTS
#include "compiler/passes/Passes.h.inc"

namespace {

using FPred = arith::CmpFPredicate;
using IPred = arith::CmpIPredicate;

struct ExpandCasts : impl::ExpandCastsBase<ExpandCasts> {
  using ExpandCastsBase::ExpandCastsBase;

  void runOnOperation() override;

private:
  Value toF32(ElementwiseBuilder &e, Value in, Type from);
  Value fromF32(ElementwiseBuilder &e, Value in, Type to, bool maybeSubnormal);
  LogicalResult replaceCast(Operation *op);
  bool isTested(Operation *op);
  void replaceTogether(ArrayRef<Operation *> roundings);
  void skipRoundings();
  void replaceRounding(arith::FPToSIOp op);

  /// The bits of a bf16 value made here -> the same value as f32 bits with
  /// something below, so that a rounding in place needs no narrow vector.
  llvm::DenseMap<Value, Value> beforeShift;
  /// Roundings to bf16 whose operand is no subnormal of f32, and those that
  /// change nothing, from what it was before any cast was replaced.
  llvm::DenseSet<Operation *> neverSubnormal, held;
  FloatType f32, f64;
};

} // namespace

/// True for casts that narrow floats take part in, on scalars and fixed
/// vectors.
static bool isExpanded(Operation *op, bool hardwareF16) {
  if (!isa<arith::ExtFOp, arith::TruncFOp>(op))
    return false;
  Type narrow = op->getOperand(0).getType(), wide = op->getResult(0).getType();
  if (isa<arith::TruncFOp>(op))
    std::swap(narrow, wide);
  if (auto vector = dyn_cast<VectorType>(wide);
      vector ? vector.isScalable() : isa<ShapedType>(wide))
    return false;
  narrow = getElementTypeOrSelf(narrow);
  wide = getElementTypeOrSelf(wide);
  bool isKnown = narrow.isBF16() || getSmallFloat(narrow);
  if (wide.isF32())
    return isKnown && !(narrow.isF16() && hardwareF16);
  return isKnown && (wide.isF64() || wide.isF16() || wide.isBF16());
}

//===----------------------------------------------------------------------===//
// The formulas
//===----------------------------------------------------------------------===//

// f32 -> bf16, still in the upper half of 32 bits.
static Value f32ToBF16High(ElementwiseBuilder &e, Value x) {
  Value bits = e.bits(x);
  // The quiet bit keeps a NaN with an empty upper half from becoming infinity.
  return e.select(e.isNaN(x), e.ori(bits, 0x400000), addRounding(e, bits, 16));
}

/// Lanes of the instructions that convert to bf16 and back.
static constexpr int64_t kHardwareLanes = 32;

static bool hasHardwareLanes(Value value) {
  auto type = dyn_cast<VectorType>(value.getType());
  return type && type.getRank() == 1 && type.getNumElements() == kHardwareLanes;
}

/// 16 bits each -> the same bits above 16 zeros, by two permutations of words.
static Value aboveZeros(ElementwiseBuilder &e, Value bits) {
  ImplicitLocOpBuilder &b = e.builder();
  Value zero = arith::ConstantOp::create(b, b.getZeroAttr(bits.getType()));
  SmallVector<int64_t> order;
  for (int64_t lane = 0; lane < kHardwareLanes; ++lane)
    llvm::append_values(order, kHardwareLanes, lane);
  Value halves = vector::ShuffleOp::create(b, bits, zero, order);
  return vector::BitCastOp::create(
      b, VectorType::get(kHardwareLanes, b.getI32Type()), halves);
}

static Value callIntrinsic(ImplicitLocOpBuilder &b, Type type, StringRef name,
                           ValueRange operands) {
  return LLVM::CallIntrinsicOp::create(b, type, b.getStringAttr(name), operands)
      .getResults();
}

/// Whether any of some registers of f32 has a subnormal.
static Value anySubnormal(ImplicitLocOpBuilder &b, ArrayRef<Value> registers) {
  constexpr int32_t subnormal = 0x20; // Of VFPCLASSPS.
  auto mask = VectorType::get(kHardwareLanes / 2, b.getI1Type());
  Value classes = arith::ConstantOp::create(b, b.getI32IntegerAttr(subnormal));
  Value any;
  for (Value lanes : registers) {
    Value found = callIntrinsic(b, mask, "llvm.x86.avx512.fpclass.ps.512",
                                {lanes, classes});
    any = any ? arith::OrIOp::create(b, any, found).getResult() : found;
  }
  any = vector::BitCastOp::create(b, VectorType::get(1, b.getI16Type()), any);
  any = vector::ExtractOp::create(b, any, ArrayRef<int64_t>{0});
  Value none = arith::ConstantOp::create(b, b.getI16IntegerAttr(0));
  return arith::CmpIOp::create(b, IPred::ne, any, none);
}

/// Whether any of some registers of bf16, as bits, has a zero.
static Value anyZero(ImplicitLocOpBuilder &b, ArrayRef<Value> registers) {
  Type type = registers.front().getType();
  auto constant = [&](int16_t value) -> Value {
    return arith::ConstantOp::create(
        b, DenseElementsAttr::get(cast<ShapedType>(type),
                                  b.getI16IntegerAttr(value)));
  };
  Value magnitude = constant(0x7fff), zero = constant(0), none;
  for (Value bits : registers) {
    Value isNonzero = arith::CmpIOp::create(
        b, IPred::ne, arith::AndIOp::create(b, bits, magnitude), zero);
    none = none ? arith::AndIOp::create(b, none, isNonzero).getResult()
                : isNonzero;
  }
  none = vector::BitCastOp::create(b, VectorType::get(1, b.getI32Type()), none);
  none = vector::ExtractOp::create(b, none, ArrayRef<int64_t>{0});
  Value all = arith::ConstantOp::create(b, b.getI32IntegerAttr(-1));
  return arith::CmpIOp::create(b, IPred::ne, none, all);
}

/// Vectors of f32 -> the bits of bf16 by AVX512-BF16, which takes subnormals
/// for zeros: where there may be any, by integers. Of several vectors the
/// results are asked for zeros first, which takes one branch for all. (Register
/// by register, and their upper halves by a truncation, not a shuffle as
/// elsewhere: that seldom runs, but took LLVM longer than all else that a store
/// of bf16 is.)
static SmallVector<Value> f32ToBF16Hardware(ImplicitLocOpBuilder &b,
                                            ArrayRef<Value> vectors,
                                            bool maybeSubnormal) {
  constexpr int64_t half = kHardwareLanes / 2;
  auto bits = VectorType::get(kHardwareLanes, b.getI16Type());
  SmallVector<Value> halves; // Two of each vector.
  for (Value x : vectors)
    for (int64_t first : {int64_t(0), half}) {
      auto lanes = llvm::to_vector(llvm::seq<int64_t>(first, first + half));
      halves.push_back(vector::ShuffleOp::create(b, x, x, lanes));
    }
  auto convert = [&] {
    SmallVector<Value> rounded;
    for (size_t i = 0; i < halves.size(); i += 2)
      rounded.push_back(LLVM::BitcastOp::create(
          b, bits,
          callIntrinsic(b, VectorType::get(kHardwareLanes, b.getBF16Type()),
                        "llvm.x86.avx512bf16.cvtne2ps2bf16.512",
                        {halves[i + 1], halves[i]})));
    return rounded;
  };
  auto convertExactly = [&] {
    auto all = llvm::to_vector(llvm::seq<int64_t>(kHardwareLanes));
    SmallVector<Value> exact, parts;
    for (Value part : halves) {
      ElementwiseBuilder narrow(b, b.getLoc(), part.getType());
      parts.push_back(
          narrow.trunci(narrow.shr(f32ToBF16High(narrow, part), 16), 16));
    }
    for (size_t i = 0; i < parts.size(); i += 2)
      exact.push_back(
          vector::ShuffleOp::create(b, parts[i], parts[i + 1], all));
    return exact;
  };
  using Results = llvm::function_ref<SmallVector<Value>()>;
  auto choose = [&](Value condition, Results then, Results otherwise) {
    SmallVector<Type> types(vectors.size(), bits);
    auto branch =
        scf::IfOp::create(b, types, condition, /*withElseRegion=*/true);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(branch.thenBlock());
    scf::YieldOp::create(b, then());
    b.setInsertionPointToStart(branch.elseBlock());
    scf::YieldOp::create(b, otherwise());
    return SmallVector<Value>(branch.getResults());
  };
  if (!maybeSubnormal)
    return convert();
  if (vectors.size() == 1)
    return choose(anySubnormal(b, halves), convertExactly, convert);
  SmallVector<Value> rounded = convert();
  auto same = [&] { return rounded; };
  return choose(
      anyZero(b, rounded),
      [&] { return choose(anySubnormal(b, halves), convertExactly, same); },
      same);
}

/// The upper 16 bits of every 32. Of vectors as a shuffle: LLVM 22 would merge
/// a truncation with the store of its result, and then forget that the store
/// was to go past the caches.
static Value upperHalves(ElementwiseBuilder &e, Value bits) {
  auto type = dyn_cast<VectorType>(bits.getType());
  if (!type || type.getRank() != 1)
    return e.trunci(e.shr(bits, 16), 16);
  ImplicitLocOpBuilder &b = e.builder();
  int64_t lanes = type.getNumElements();
  auto halves = VectorType::get(2 * lanes, b.getI16Type());
  Value split = vector::BitCastOp::create(b, halves, bits);
  SmallVector<int64_t> odd;
  for (int64_t lane = 0; lane < lanes; ++lane)
    odd.push_back(2 * lane + 1);
  return vector::ShuffleOp::create(b, split, split, odd);
}

// f64 -> f32 rounded to odd, from the hardware's nearest f32: where that is
// inexact and even, the other neighbour of x is the odd one. f32 keeps more
// than two bits beyond narrower types, subnormals included, so that rounding
// the result to them equals rounding x once.
static Value f64ToF32Odd(ElementwiseBuilder &e, Value x, FloatType f32,
                         FloatType f64) {
  Value nearest = e.truncf(x, f32);
  Value back = e.extf(nearest, f64);
  Value bits = e.bits(nearest);
  Value below = e.cmp(FPred::OLT, e.abs(back), e.abs(x));
  Value moved = e.select(below, e.addi(bits, 1), e.subi(bits, 1));
  Value even = e.cmpi(IPred::eq, e.andi(bits, 1), 0);
  Value step = e.andi(even, e.cmp(FPred::ONE, back, x));
  return e.bitcast(e.select(step, moved, bits), f32);
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

/// A narrow value or an f64 as f32: exact, or rounded to odd.
Value ExpandCasts::toF32(ElementwiseBuilder &e, Value in, Type from) {
  if (from.isF64())
    return f64ToF32Odd(e, in, f32, f64);
  if (std::optional<SmallFloat> format = getSmallFloat(from)) {
    if (!hardwareF16)
      return smallFloatToF32(e, e.bits(in), *format);
    return from.isF16() ? e.extf(in, f32)
                        : float8ToF32ThroughF16(e, e.bits(in), *format);
  }
  if (!from.isBF16())
    return in;
  Value bits = e.bits(in);
  Value high = beforeShift.lookup(bits);
  if (high)
    high = e.andi(high, 0xffff0000);
  else if (hardwareBF16 && hasHardwareLanes(bits))
    high = aboveZeros(e, bits);
  else
    high = e.shl(e.extui(bits, 32), 16);
  return e.bitcast(high, f32);
}

/// f32 -> any type, rounded once.
Value ExpandCasts::fromF32(ElementwiseBuilder &e, Value in, Type to,
                           bool maybeSubnormal) {
  if (to.isF32())
    return in;
  if (to.isF64())
    return e.extf(in, f64);
  if (to.isF16() && hardwareF16)
    return e.truncf(in, cast<FloatType>(to));
  if (std::optional<SmallFloat> format = getSmallFloat(to))
    return e.bitcast(e.trunci(f32ToSmallFloat(e, in, *format), format->width),
                     to);
  if (hardwareBF16 && hasHardwareLanes(in))
    return e.bitcast(f32ToBF16Hardware(e.builder(), in, maybeSubnormal).front(),
                     to);
  Value high = f32ToBF16High(e, in);
  Value bits = upperHalves(e, high);
  beforeShift[bits] = high;
  return e.bitcast(bits, to);
}

LogicalResult ExpandCasts::replaceCast(Operation *op) {
  Value in = op->getOperand(0);
  Value out = op->getResult(0);
  Type from = getElementTypeOrSelf(in), to = getElementTypeOrSelf(out);
  if (auto trunc = dyn_cast<arith::TruncFOp>(op)) {
    auto mode = trunc.getRoundingmode();
    if (mode && *mode != arith::RoundingMode::to_nearest_even)
      return op->emitError("expected rounding mode to_nearest_even, but got ")
             << arith::stringifyRoundingMode(*mode);
  }
  OpBuilder builder(op);
  ElementwiseBuilder e(builder, op->getLoc(), in.getType());
  out.replaceAllUsesWith(
      held.contains(op)
          ? e.bitcast(upperHalves(e, e.bits(in)), to)
          : fromF32(e, toF32(e, in, from), to, !neverSubnormal.contains(op)));
  op->erase();
  ++numExpanded;
  return success();
}

/// Whether a rounding goes from f32 to bf16, and changes nothing.
static bool isHeldF32(Operation *rounding) {
  Value wide = rounding->getOperand(0);
  Type narrow = getElementTypeOrSelf(rounding->getResult(0));
  return getElementTypeOrSelf(wide).isF32() && narrow.isBF16() &&
         isHeldBy(wide, narrow);
}

/// Whether the op is a rounding that takes a test for subnormals.
bool ExpandCasts::isTested(Operation *op) {
  auto rounding = dyn_cast<arith::TruncFOp>(op);
  return rounding && hardwareBF16 && hasHardwareLanes(rounding.getIn()) &&
         getElementTypeOrSelf(rounding.getIn()).isF32() &&
         getElementTypeOrSelf(rounding.getType()).isBF16() &&
         !rounding.getRoundingmode() && !neverSubnormal.contains(op) &&
         !held.contains(op);
}

/// Roundings that follow each other.
void ExpandCasts::replaceTogether(ArrayRef<Operation *> roundings) {
  ImplicitLocOpBuilder b(roundings.back()->getLoc(), roundings.back());
  auto vectors = llvm::map_to_vector(
      roundings, [](Operation *op) { return op->getOperand(0); });
  SmallVector<Value> bits =
      f32ToBF16Hardware(b, vectors, /*maybeSubnormal=*/true);
  for (auto [op, value] : llvm::zip_equal(roundings, bits)) {
    op->getResult(0).replaceAllUsesWith(
        arith::BitcastOp::create(b, op->getResult(0).getType(), value));
    op->erase();
    ++numExpanded;
  }
}

/// Values that are rounded to a type that holds them, and extended again, stay
/// as they are.
void ExpandCasts::skipRoundings() {
  SmallVector<arith::ExtFOp> extensions;
  getOperation()->walk([&](arith::ExtFOp op) { extensions.push_back(op); });
  for (arith::ExtFOp op : extensions) {
    auto rounding = op.getIn().getDefiningOp<arith::TruncFOp>();
    if (!rounding || rounding.getIn().getType() != op.getType() ||
        !isHeldBy(rounding.getIn(), getElementTypeOrSelf(rounding.getType())))
      continue;
    op.replaceAllUsesWith(rounding.getIn());
    op->erase();
    if (rounding->use_empty())
      rounding->erase();
    ++numSkipped;
  }
}

/// An f32 that is rounded to an integer of 8 bits. What is not such an integer
/// has no meaning there.
static math::RoundEvenOp getRounding(Operation *op) {
  auto cast = dyn_cast<arith::FPToSIOp>(op);
  if (!cast || !getElementTypeOrSelf(cast.getIn()).isF32() ||
      !getElementTypeOrSelf(cast.getOut()).isInteger(8))
    return {};
  return cast.getIn().getDefiningOp<math::RoundEvenOp>();
}

/// The last place of 1.5 2^23 is 1: a sum with it is rounded to an integer,
/// whose low bits are the sum's. Rounding and converting take as many turns
/// each as the addition.
void ExpandCasts::replaceRounding(arith::FPToSIOp op) {
  Value in = getRounding(op).getOperand();
  OpBuilder builder(op);
  ElementwiseBuilder e(builder, op->getLoc(), in.getType());
  Value sum = e.add(in, e.floatConstant(f32, 0x1.8p23));
  op.replaceAllUsesWith(e.trunci(e.bits(sum), 8));
  op->erase();
  ++numExpanded;
}

void ExpandCasts::runOnOperation() {
  f32 = Float32Type::get(&getContext());
  f64 = Float64Type::get(&getContext());
  beforeShift.clear();
  neverSubnormal.clear();
  held.clear();
  skipRoundings();

  SmallVector<Operation *> casts;
  SmallVector<arith::FPToSIOp> roundings;
  SmallVector<arith::BitcastOp> bitcasts;
  getOperation()->walk([&](Operation *op) {
    if (isExpanded(op, hardwareF16))
      casts.push_back(op);
    if (isa<arith::TruncFOp>(op) && isNeverSubnormal(op->getOperand(0)))
      neverSubnormal.insert(op);
    if (isa<arith::TruncFOp>(op) && isHeldF32(op))
      held.insert(op);
    if (getRounding(op))
      roundings.push_back(cast<arith::FPToSIOp>(op));
    else if (auto bitcast = dyn_cast<arith::BitcastOp>(op))
      bitcasts.push_back(bitcast);
  });
  for (ArrayRef<Operation *> left = casts; !left.empty();) {
    size_t count = isTested(left.front());
    while (count > 0 && count < left.size() && isTested(left[count]) &&
           left[count - 1]->getNextNode() == left[count])
      ++count;
    if (count > 1)
      replaceTogether(left.take_front(count));
    else if (failed(replaceCast(left.front())))
      return signalPassFailure();
    left = left.drop_front(std::max<size_t>(count, 1));
  }
  for (arith::FPToSIOp op : roundings)
    replaceRounding(op);

  // Bitcasts that now undo one another.
  for (arith::BitcastOp bitcast : bitcasts) {
    auto source = bitcast.getIn().getDefiningOp<arith::BitcastOp>();
    if (source && source.getIn().getType() == bitcast.getType())
      bitcast.replaceAllUsesWith(source.getIn());
  }
  // Backwards, so that chains go as a whole.
  getOperation()->walk<WalkOrder::PostOrder, ReverseIterator>(
      [](arith::BitcastOp bitcast) {
        if (bitcast->use_empty())
          bitcast.erase();
      });
}

} // namespace normc
