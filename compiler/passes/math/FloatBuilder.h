//===- FloatBuilder.h - elementwise arithmetic in IR ------------*- C++ -*-===//
//
// Lets the expansions of math functions and casts read like formulas: every
// member creates one op on scalars or on vectors of one shape. No fast-math
// flag is ever set, since the expansions depend on every single rounding.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_COMPILER_PASSES_MATH_FLOATBUILDER_H
#define NORMC_COMPILER_PASSES_MATH_FLOATBUILDER_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

#include <array>

namespace normc {

/// Builds ops whose operands all have the shape of `like`, a scalar or a
/// vector; the element type may differ from one op to the next.
class ElementwiseBuilder {
public:
  using Value = mlir::Value;
  using FPred = mlir::arith::CmpFPredicate;
  using IPred = mlir::arith::CmpIPredicate;

  ElementwiseBuilder(mlir::OpBuilder &builder, mlir::Location loc,
                     mlir::Type like)
      : b(loc, builder), like(like) {}

  /// For ops that are not elementwise.
  mlir::ImplicitLocOpBuilder &builder() { return b; }

  /// The shape of `like` with another element type.
  mlir::Type withElement(mlir::Type element) const;
  mlir::Type intType(unsigned width) {
    return withElement(b.getIntegerType(width));
  }

  Value intConstant(unsigned width, uint64_t value);
  Value floatConstant(mlir::FloatType element, double value);

  // Integers.
  Value addi(Value x, Value y) { return create<mlir::arith::AddIOp>(x, y); }
  Value subi(Value x, Value y) { return create<mlir::arith::SubIOp>(x, y); }
  Value andi(Value x, Value y) { return create<mlir::arith::AndIOp>(x, y); }
  Value ori(Value x, Value y) { return create<mlir::arith::OrIOp>(x, y); }
  Value xori(Value x, Value y) { return create<mlir::arith::XOrIOp>(x, y); }
  Value muli(Value x, uint64_t y) {
    return create<mlir::arith::MulIOp>(x, sameInt(x, y));
  }
  Value minui(Value x, uint64_t y) {
    return create<mlir::arith::MinUIOp>(x, sameInt(x, y));
  }
  Value maxui(Value x, uint64_t y) {
    return create<mlir::arith::MaxUIOp>(x, sameInt(x, y));
  }
  Value addi(Value x, uint64_t y) { return addi(x, sameInt(x, y)); }
  Value subi(Value x, uint64_t y) { return subi(x, sameInt(x, y)); }
  Value andi(Value x, uint64_t y) { return andi(x, sameInt(x, y)); }
  Value ori(Value x, uint64_t y) { return ori(x, sameInt(x, y)); }
  Value shl(Value x, unsigned n) {
    return create<mlir::arith::ShLIOp>(x, sameInt(x, n));
  }
  Value shr(Value x, unsigned n) { // logical
    return create<mlir::arith::ShRUIOp>(x, sameInt(x, n));
  }
  Value cmpi(IPred pred, Value x, uint64_t y) {
    return create<mlir::arith::CmpIOp>(pred, x, sameInt(x, y));
  }
  Value extui(Value x, unsigned width) {
    return create<mlir::arith::ExtUIOp>(intType(width), x);
  }
  Value extsi(Value x, unsigned width) {
    return create<mlir::arith::ExtSIOp>(intType(width), x);
  }
  Value trunci(Value x, unsigned width) {
    return create<mlir::arith::TruncIOp>(intType(width), x);
  }

  // Floats.
  Value add(Value x, Value y) { return create<mlir::arith::AddFOp>(x, y); }
  Value sub(Value x, Value y) { return create<mlir::arith::SubFOp>(x, y); }
  Value mul(Value x, Value y) { return create<mlir::arith::MulFOp>(x, y); }
  Value div(Value x, Value y) { return create<mlir::arith::DivFOp>(x, y); }
  Value neg(Value x) { return create<mlir::arith::NegFOp>(x); }
  Value abs(Value x) { return create<mlir::math::AbsFOp>(x); }
  Value sqrt(Value x) { return create<mlir::math::SqrtOp>(x); }
  Value floor(Value x) { return create<mlir::math::FloorOp>(x); }
  /// In integers: LLVM 22 lets a sign that was rounded on its way come from the
  /// wide number, and then calls a function to round f64 to f16.
  Value copysign(Value magnitude, Value sign);
  Value cmp(FPred pred, Value x, Value y) {
    return create<mlir::arith::CmpFOp>(pred, x, y);
  }
  Value isNaN(Value x) { return cmp(FPred::UNO, x, x); }
  Value extf(Value x, mlir::FloatType element) {
    return create<mlir::arith::ExtFOp>(withElement(element), x);
  }
  Value truncf(Value x, mlir::FloatType element) {
    return create<mlir::arith::TruncFOp>(withElement(element), x);
  }

  Value select(Value condition, Value x, Value y) {
    return create<mlir::arith::SelectOp>(condition, x, y);
  }
  /// Reinterprets the bits; a bitcast of a bitcast back is not created.
  Value bitcast(Value x, mlir::Type element);
  /// The bits of a float as integers of its width.
  Value bits(Value x) {
    return bitcast(
        x, b.getIntegerType(getElementTypeOrSelf(x).getIntOrFloatBitWidth()));
  }

protected:
  template <typename Op, typename... Args> Value create(Args &&...args) {
    return Op::create(b, std::forward<Args>(args)...).getResult();
  }
  Value sameInt(Value x, uint64_t value) {
    return intConstant(getElementTypeOrSelf(x).getIntOrFloatBitWidth(), value);
  }

  mlir::ImplicitLocOpBuilder b;
  mlir::Type like;
};

/// An unevaluated sum hi + lo with |lo| <= ulp(hi)/2.
struct DoubleWord {
  mlir::Value hi, lo;
};

/// Adds what is special to one float format: f32 or f64.
class FloatBuilder : public ElementwiseBuilder {
public:
  FloatBuilder(mlir::OpBuilder &builder, mlir::Location loc, mlir::Type like,
               bool hasFma)
      : ElementwiseBuilder(builder, loc, like),
        element(cast<mlir::FloatType>(getElementTypeOrSelf(like))),
        hasFma(hasFma) {}

  /// The same place and shape in f64.
  FloatBuilder wide() {
    return FloatBuilder(b, b.getLoc(), withElement(b.getF64Type()), hasFma);
  }

  mlir::FloatType element;
  bool hasFma;
  /// Whether registers of 16 f32 are multiplied by powers of two (AVX-512's
  /// VSCALEFPS).
  bool hasScale = false;
  /// Whether lanes of a register of 16 f32 are picked by index (AVX-512's
  /// VPERMPS).
  bool hasLookup = false;

  bool isF64() const { return element.isF64(); }
  unsigned width() const { return element.getIntOrFloatBitWidth(); }
  /// Bits of the fraction field.
  unsigned fraction() const { return isF64() ? 52 : 23; }
  unsigned bias() const { return isF64() ? 1023 : 127; }
  uint64_t signMask() const { return uint64_t(1) << (width() - 1); }
  uint64_t infinityBits() const {
    return uint64_t(2 * bias() + 1) << fraction();
  }
  /// The smallest normal number.
  double minNormal() const { return isF64() ? 0x1p-1022 : 0x1p-126; }
  /// 1.5 * 2^fraction: its ulp is 1, so that adding it rounds to an integer,
  /// which then also stands in the low bits of the sum. Unlike fptosi this is
  /// defined for NaN, and it needs no 64-bit conversion, which AVX2 lacks.
  double roundMagic() const { return isF64() ? 0x1.8p52 : 0x1.8p23; }

  Value constant(double value) { return floatConstant(element, value); }
  Value infinity() { return fromBits(intConstant(width(), infinityBits())); }
  Value quietNaN() {
    return fromBits(
        intConstant(width(), infinityBits() | uint64_t(1) << (fraction() - 1)));
  }
  Value fromBits(Value x) { return bitcast(x, element); }

  Value mul(Value x, double y) { return mul(x, constant(y)); }
  Value add(Value x, double y) { return add(x, constant(y)); }
  Value sub(Value x, double y) { return sub(x, constant(y)); }
  Value cmp(FPred pred, Value x, double y) { return cmp(pred, x, constant(y)); }
  using ElementwiseBuilder::add;
  using ElementwiseBuilder::cmp;
  using ElementwiseBuilder::mul;
  using ElementwiseBuilder::sub;

  /// x*y + z, fused where the target can; else in two roundings, since an
  /// emulated fma inside a polynomial costs more than it gives.
  Value madd(Value x, Value y, Value z) {
    if (hasFma)
      return create<mlir::math::FmaOp>(x, y, z);
    return add(mul(x, y), z);
  }
  Value madd(Value x, double y, Value z) { return madd(x, constant(y), z); }

  /// min(x, high) and max(x, low); a NaN in x stays.
  Value atMost(Value x, double high) {
    Value limit = constant(high);
    return select(cmp(FPred::OGT, x, limit), limit, x);
  }
  Value atLeast(Value x, double low) {
    Value limit = constant(low);
    return select(cmp(FPred::OLT, x, limit), limit, x);
  }

  /// y 2^floor(n), rounded once; null without an instruction for it, or where y
  /// does not fill registers.
  Value scaleByHardware(Value y, Value n);
  /// x - floor(x), zero for infinite x; null where `scaleByHardware` is.
  Value aboveFloorByHardware(Value x);

  /// Entries of a table that `lookup` takes.
  static constexpr int64_t kTable = 16;
  /// Whether `lookup` is one instruction for a register; and a load for a
  /// scalar, for the sake of the same results.
  bool canLookUp() const;
  using Table = std::array<float, kTable>;
  /// table[index % 16] of f32, for integers of 32 bits, where `canLookUp`.
  Value lookup(const Table &table, Value index);

  /// c[0] + c[1] x + c[2] x^2 + ..., by Horner's rule.
  Value polynomial(Value x, llvm::ArrayRef<double> c);
  /// The same with c[i][index % 16] for each c[i], where `canLookUp`.
  Value polynomial(Value x, llvm::ArrayRef<Table> c, Value index);

  /// x + y exactly, where |x| >= |y| or x = 0 (Dekker 1971).
  DoubleWord fastTwoSum(Value x, Value y);
  /// x + y exactly (Knuth).
  DoubleWord twoSum(Value x, Value y);
  /// x * y exactly unless it under- or overflows: an fma, or Dekker's product
  /// of halves.
  DoubleWord twoProduct(Value x, Value y);
  /// hi + lo rounded to odd: cut to the format, last bit 1 where inexact. A
  /// further rounding to a format two bits narrower, or of a sum with a much
  /// larger number, is then the one correct rounding (Boldo, Melquiond 2008).
  Value roundToOdd(DoubleWord sum);

private:
  /// Whether f32 fill whole registers of a target with VSCALEFPS.
  bool fillsScaled() const;
  /// `perRegister` of the operands in parts of 16 lanes, of which a shorter
  /// vector fills some.
  Value
  inRegisters(mlir::ValueRange operands,
              llvm::function_ref<Value(llvm::ArrayRef<Value>)> perRegister);
};

} // namespace normc

#endif // NORMC_COMPILER_PASSES_MATH_FLOATBUILDER_H
