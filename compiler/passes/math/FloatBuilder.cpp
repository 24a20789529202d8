//===- FloatBuilder.cpp - elementwise arithmetic in IR --------------------===//

#include "compiler/passes/math/FloatBuilder.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

#include <numeric>

using namespace mlir;

namespace normc {

Type ElementwiseBuilder::withElement(Type element) const {
  if (auto vector = dyn_cast<VectorType>(like))
    return vector.clone(element);
  return element;
}

Value ElementwiseBuilder::intConstant(unsigned width, uint64_t value) {
  APInt bits(width, value, /*isSigned=*/false, /*implicitTrunc=*/true);
  Type type = intType(width);
  if (auto vector = dyn_cast<VectorType>(type))
    return create<arith::ConstantOp>(DenseElementsAttr::get(vector, bits));
  return create<arith::ConstantOp>(b.getIntegerAttr(type, bits));
}

Value ElementwiseBuilder::floatConstant(FloatType element, double value) {
  TypedAttr scalar = b.getFloatAttr(element, value);
  if (auto vector = dyn_cast<VectorType>(withElement(element)))
    return create<arith::ConstantOp>(
        DenseElementsAttr::get(vector, Attribute(scalar)));
  return create<arith::ConstantOp>(scalar);
}

Value ElementwiseBuilder::bitcast(Value x, Type element) {
  Type type = withElement(element);
  if (auto source = x.getDefiningOp<arith::BitcastOp>())
    if (source.getIn().getType() == type)
      return source.getIn();
  return b.createOrFold<arith::BitcastOp>(type, x);
}

/// Lanes of f32 in a register of AVX-512.
static constexpr int64_t kRegister = 16;

/// Lanes of a vector that is a part of a register, one, or 2^k of them; else 0.
static int64_t lanesOf(Type type) {
  auto vector = dyn_cast<VectorType>(type);
  if (!vector || vector.getRank() != 1)
    return 0;
  int64_t lanes = vector.getNumElements();
  bool isWhole = lanes % kRegister == 0 && llvm::isPowerOf2_64(lanes);
  return lanes < kRegister || isWhole ? lanes : 0;
}

Value FloatBuilder::inRegisters(
    ValueRange operands, function_ref<Value(ArrayRef<Value>)> perRegister) {
  int64_t lanes = lanesOf(operands.front().getType());
  auto shuffle = [&](Value x, Value y, int64_t first, int64_t count) -> Value {
    auto order = llvm::to_vector(llvm::seq<int64_t>(first, first + count));
    return vector::ShuffleOp::create(b, x, y, order);
  };
  SmallVector<Value> parts;
  for (int64_t first = 0; first < lanes; first += kRegister) {
    SmallVector<Value> registers = llvm::to_vector(operands);
    for (Value &x : registers)
      if (lanes > kRegister) {
        x = shuffle(x, x, first, kRegister);
      } else if (lanes < kRegister) {
        SmallVector<int64_t> order(kRegister, 0); // Any lane will do behind.
        std::iota(order.begin(), order.begin() + lanes, 0);
        x = vector::ShuffleOp::create(b, x, x, order);
      }
    parts.push_back(perRegister(registers));
  }
  for (int64_t width = kRegister; parts.size() > 1; width *= 2) {
    for (size_t i = 0; i < parts.size() / 2; ++i)
      parts[i] = shuffle(parts[2 * i], parts[2 * i + 1], 0, 2 * width);
    parts.resize(parts.size() / 2);
  }
  Value whole = parts.front();
  return lanes < kRegister ? shuffle(whole, whole, 0, lanes) : whole;
}

bool FloatBuilder::fillsScaled() const {
  return hasScale && element.isF32() && lanesOf(like) >= kRegister;
}

/// An AVX-512 operation under a mask of all lanes, in the rounding mode that is
/// set; `first` are the operands before the ones that the mask would pick.
static Value callUnmasked(ImplicitLocOpBuilder &b, StringRef name,
                          ValueRange first) {
  constexpr int32_t asRoundingIsSet = 4;
  SmallVector<Value> operands = llvm::to_vector(first);
  operands.push_back(first[0]);
  operands.push_back(arith::ConstantOp::create(b, b.getI16IntegerAttr(-1)));
  operands.push_back(
      arith::ConstantOp::create(b, b.getI32IntegerAttr(asRoundingIsSet)));
  return LLVM::CallIntrinsicOp::create(b, first[0].getType(),
                                       b.getStringAttr(name), operands)
      .getResults();
}

Value FloatBuilder::scaleByHardware(Value y, Value n) {
  if (!fillsScaled())
    return {};
  return inRegisters({y, n}, [&](ArrayRef<Value> parts) {
    return callUnmasked(b, "llvm.x86.avx512.mask.scalef.ps.512", parts);
  });
}

Value FloatBuilder::aboveFloorByHardware(Value x) {
  if (!fillsScaled())
    return {};
  constexpr int32_t floorOfOnes = 1; // No bits behind the point, downwards.
  Value mode = arith::ConstantOp::create(b, b.getI32IntegerAttr(floorOfOnes));
  return inRegisters(x, [&](ArrayRef<Value> parts) {
    return callUnmasked(b, "llvm.x86.avx512.mask.reduce.ps.512",
                        {parts[0], mode});
  });
}

bool FloatBuilder::canLookUp() const {
  return hasLookup && element.isF32() &&
         (!isa<VectorType>(like) || lanesOf(like));
}

Value FloatBuilder::lookup(const Table &table, Value index) {
  Value entries =
      arith::ConstantOp::create(b, b.getF32VectorAttr(ArrayRef(table)));
  if (!isa<VectorType>(like)) {
    Value lane = arith::IndexCastUIOp::create(b, b.getIndexType(),
                                              andi(index, kTable - 1));
    return vector::ExtractOp::create(b, entries, lane);
  }
  return inRegisters(index, [&](ArrayRef<Value> parts) -> Value {
    return LLVM::CallIntrinsicOp::create(
               b, entries.getType(),
               b.getStringAttr("llvm.x86.avx512.permvar.sf.512"),
               ValueRange{entries, parts[0]})
        .getResults();
  });
}

Value ElementwiseBuilder::copysign(Value magnitude, Value sign) {
  Type type = magnitude.getType();
  unsigned width = getElementTypeOrSelf(type).getIntOrFloatBitWidth();
  uint64_t mask = uint64_t(1) << (width - 1);
  Value size = andi(bits(magnitude), mask - 1);
  return bitcast(ori(size, andi(bits(sign), mask)), getElementTypeOrSelf(type));
}

Value FloatBuilder::polynomial(Value x, llvm::ArrayRef<double> c) {
  Value sum = constant(c.back());
  for (double coefficient : llvm::reverse(c.drop_back()))
    sum = madd(sum, x, constant(coefficient));
  return sum;
}

Value FloatBuilder::polynomial(Value x, llvm::ArrayRef<Table> c, Value index) {
  Value sum = lookup(c.back(), index);
  for (const Table &coefficients : llvm::reverse(c.drop_back()))
    sum = madd(sum, x, lookup(coefficients, index));
  return sum;
}

DoubleWord FloatBuilder::fastTwoSum(Value x, Value y) {
  Value sum = add(x, y);
  return {sum, sub(y, sub(sum, x))};
}

DoubleWord FloatBuilder::twoSum(Value x, Value y) {
  Value sum = add(x, y);
  Value fromY = sub(sum, x);
  Value fromX = sub(sum, fromY);
  return {sum, add(sub(x, fromX), sub(y, fromY))};
}

DoubleWord FloatBuilder::twoProduct(Value x, Value y) {
  Value product = mul(x, y);
  if (hasFma)
    return {product, create<math::FmaOp>(x, y, neg(product))};
  // The high half is rounded, not cut, so that products of two low halves are
  // exact as well. Rounding in the bits can't overflow as Veltkamp's
  // multiplication does.
  unsigned low = (fraction() + 2) / 2;
  uint64_t half = uint64_t(1) << (low - 1);
  auto highHalf = [&](Value v) {
    return fromBits(andi(addi(bits(v), half), -(uint64_t(1) << low)));
  };
  Value xHigh = highHalf(x), yHigh = highHalf(y);
  Value xLow = sub(x, xHigh), yLow = sub(y, yHigh);
  Value error = sub(mul(xHigh, yHigh), product);
  error = add(error, mul(xHigh, yLow));
  error = add(error, mul(xLow, yHigh));
  return {product, add(error, mul(xLow, yLow))};
}

Value FloatBuilder::roundToOdd(DoubleWord sum) {
  Value pattern = bits(sum.hi);
  Value zero = constant(0.0);
  // The two neighbours of an inexact sum differ in their last bit; if hi is
  // the even one, the odd one lies on the side that lo points to.
  Value inexact = cmp(FPred::ONE, sum.lo, zero);
  Value even = cmpi(IPred::eq, andi(pattern, 1), 0);
  Value step = create<arith::AndIOp>(inexact, even);
  Value outward = create<arith::CmpIOp>(
      IPred::eq, cmp(FPred::OGT, sum.hi, zero), cmp(FPred::OGT, sum.lo, zero));
  Value moved = select(outward, addi(pattern, 1), subi(pattern, 1));
  return fromBits(select(step, moved, pattern));
}

} // namespace normc
