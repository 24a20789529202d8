//===- Accumulators.cpp - how contributions become a result ---------------===//

#include "compiler/lowering/shared/Accumulators.h"

#include "dialects/norm/Spaces.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace normc;
using namespace normc::norm;

static Type withElement(Type shape, Type element) {
  if (auto vector = dyn_cast<VectorType>(shape))
    return VectorType::get(vector.getShape(), element);
  return element;
}

static Value constantLike(ImplicitLocOpBuilder &b, Type type,
                          const APFloat &value) {
  Type element = getElementTypeOrSelf(type);
  TypedAttr attribute = b.getFloatAttr(element, value);
  if (auto vector = dyn_cast<VectorType>(type))
    attribute = DenseElementsAttr::get(vector, value);
  return arith::ConstantOp::create(b, attribute);
}

Value normc::makeIdentity(ImplicitLocOpBuilder &b, ReduceKind kind, Type type) {
  return constantLike(b, type, getIdentity(kind, getElementTypeOrSelf(type)));
}

Value normc::combine(ImplicitLocOpBuilder &b, ReduceKind kind, Value x,
                     Value y) {
  switch (kind) {
  case ReduceKind::add:
  case ReduceKind::mean:
    return arith::AddFOp::create(b, x, y);
  case ReduceKind::mul:
    return arith::MulFOp::create(b, x, y);
  case ReduceKind::max:
    return arith::MaximumFOp::create(b, x, y);
  case ReduceKind::min:
    return arith::MinimumFOp::create(b, x, y);
  }
  llvm_unreachable("all kinds are handled");
}

/// One half of a vector's lanes.
static Value halfOf(ImplicitLocOpBuilder &b, Value vector, bool upper) {
  int64_t half = cast<VectorType>(vector.getType()).getNumElements() / 2;
  int64_t begin = upper ? half : 0;
  auto lanes = llvm::to_vector(llvm::seq<int64_t>(begin, begin + half));
  return vector::ShuffleOp::create(b, vector, vector, lanes);
}

static int64_t countLanes(Value vector) {
  return cast<VectorType>(vector.getType()).getNumElements();
}

static Value firstLane(ImplicitLocOpBuilder &b, Value vector) {
  return vector::ExtractOp::create(b, vector, ArrayRef<int64_t>{0});
}

Value normc::combineLanes(ImplicitLocOpBuilder &b, ReduceKind kind,
                          Value vector) {
  while (countLanes(vector) > 1)
    vector =
        combine(b, kind, halfOf(b, vector, false), halfOf(b, vector, true));
  return firstLane(b, vector);
}

Carry::Carry(ReduceKind kind, Type type, Traits traits)
    : how(kind), type(type), traits(traits) {
  auto vector = dyn_cast<VectorType>(type);
  if (vector && traits.maxLanes && vector.getNumElements() > traits.maxLanes)
    this->type = VectorType::get(traits.maxLanes, vector.getElementType());
}

bool Carry::plain() const {
  return !isSum() || traits.areFew || (traits.areWidened && element().isF64());
}

/// There is nothing wider than f64, so its sums carry their rounding error.
bool Carry::compensated() const { return !plain() && element().isF64(); }

/// A maximum that keeps NaNs takes x86 three instructions, one of integers one:
/// those of floats without a sign are in the same order, NaNs last, and -inf,
/// what it starts from, is a negative integer.
Value Carry::join(ImplicitLocOpBuilder &b, Value x, Value y) const {
  if (how != ReduceKind::max || !traits.areMagnitudes)
    return combine(b, how, x, y);
  Type type = x.getType();
  Type bits = withElement(
      type,
      b.getIntegerType(getElementTypeOrSelf(type).getIntOrFloatBitWidth()));
  Value larger = arith::MaxSIOp::create(
      b, arith::BitcastOp::create(b, bits, x).getResult(),
      arith::BitcastOp::create(b, bits, y).getResult());
  return arith::BitcastOp::create(b, type, larger);
}

Value Carry::foldTo(ImplicitLocOpBuilder &b, Value total, int64_t lanes) const {
  while (countLanes(total) > lanes)
    total = join(b, halfOf(b, total, false), halfOf(b, total, true));
  return total;
}

/// `total` with as many lanes as are carried.
Value Carry::fold(ImplicitLocOpBuilder &b, Value total) const {
  auto vector = dyn_cast<VectorType>(type);
  return vector ? foldTo(b, total, vector.getNumElements()) : total;
}

/// Of each run of `run` lanes of x, and then of y, the lower or upper half.
static Value halvesOf(ImplicitLocOpBuilder &b, Value x, Value y, int64_t run,
                      bool upper) {
  SmallVector<int64_t> lanes;
  for (int64_t at = 0; at < 2 * countLanes(x); at += run)
    for (int64_t i = 0; i < run / 2; ++i)
      lanes.push_back(at + i + (upper ? run / 2 : 0));
  return vector::ShuffleOp::create(b, x, y, lanes);
}

Value Carry::combineEach(ImplicitLocOpBuilder &b, ValueRange vectors) const {
  SmallVector<Value> left(vectors);
  int64_t run = countLanes(left[0]); // Lanes of one of `vectors`.
  assert(!compensated() && int64_t(left.size()) >= run);
  while (left.size() > 1) {
    SmallVector<Value> next;
    for (size_t i = 0; i < left.size(); i += 2) {
      Value x = left[i], y = left[i + 1];
      auto both = llvm::to_vector(llvm::seq<int64_t>(0, 2 * countLanes(x)));
      next.push_back(run > 1 ? join(b, halvesOf(b, x, y, run, false),
                                    halvesOf(b, x, y, run, true))
                             : vector::ShuffleOp::create(b, x, y, both));
    }
    run = std::max<int64_t>(run / 2, 1);
    left = std::move(next);
  }
  return left[0];
}

Type Carry::carryType() const {
  if (plain() || compensated())
    return type;
  return withElement(type, Float64Type::get(type.getContext()));
}

void Carry::appendInitial(ImplicitLocOpBuilder &b,
                          SmallVectorImpl<Value> &values) const {
  Type carry = carryType();
  values.push_back(makeIdentity(b, how, carry));
  if (compensated())
    values.push_back(makeIdentity(b, ReduceKind::add, carry));
}

/// x + y and its rounding error (Knuth), the error added to `errors`.
static SmallVector<Value> twoSum(ImplicitLocOpBuilder &b, Value x, Value y,
                                 Value errors) {
  auto add = [&](Value x, Value y) -> Value {
    return arith::AddFOp::create(b, x, y);
  };
  auto sub = [&](Value x, Value y) -> Value {
    return arith::SubFOp::create(b, x, y);
  };
  Value sum = add(x, y);
  Value part = sub(sum, x);
  Value error = add(sub(x, sub(sum, part)), sub(y, part));
  return {sum, add(errors, error)};
}

SmallVector<Value> Carry::add(ImplicitLocOpBuilder &b, ValueRange carried,
                              Value total) const {
  total = fold(b, total);
  if (plain() && total.getType() != carryType())
    total = arith::ExtFOp::create(b, carryType(), total);
  if (plain())
    return {join(b, carried[0], total)};
  if (!compensated()) {
    Value wide = arith::ExtFOp::create(b, carryType(), total);
    return {arith::AddFOp::create(b, carried[0], wide)};
  }
  return twoSum(b, carried[0], total, carried[1]);
}

SmallVector<Value> Carry::merge(ImplicitLocOpBuilder &b, ValueRange x,
                                ValueRange y) const {
  if (!compensated())
    return {join(b, x[0], y[0])};
  return twoSum(b, x[0], y[0], arith::AddFOp::create(b, x[1], y[1]));
}

/// The last four lanes in a register of four: the integers of magnitudes would
/// be taken out and compared one by one, some 8 cycles more.
Value Carry::joinFour(ImplicitLocOpBuilder &b, Value four) const {
  constexpr int64_t others[][4] = {{2, 3, 0, 1}, {1, 0, 3, 2}};
  for (ArrayRef<int64_t> lanes : others)
    four = join(b, four, vector::ShuffleOp::create(b, four, four, lanes));
  return firstLane(b, four);
}

SmallVector<Value> Carry::combineLanes(ImplicitLocOpBuilder &b,
                                       ValueRange carried) const {
  SmallVector<Value> values(carried);
  while (countLanes(values[0]) > 1) {
    if (how == ReduceKind::max && countLanes(values[0]) == 4 &&
        traits.areMagnitudes && element().isF32() && !compensated())
      return {joinFour(b, values[0])};
    SmallVector<Value> low, high;
    for (Value value : values) {
      low.push_back(halfOf(b, value, false));
      high.push_back(halfOf(b, value, true));
    }
    values = merge(b, low, high);
  }
  for (Value &value : values)
    value = firstLane(b, value);
  return values;
}

Value Carry::collapse(ImplicitLocOpBuilder &b, ValueRange carried) const {
  if (!compensated())
    return carried[0];
  // An infinite sum has a NaN for an error.
  Value isNumber = arith::CmpFOp::create(b, arith::CmpFPredicate::ORD,
                                         carried[1], carried[1]);
  Value corrected = arith::AddFOp::create(b, carried[0], carried[1]);
  return arith::SelectOp::create(b, isNumber, corrected, carried[0]);
}

Value Carry::finish(ImplicitLocOpBuilder &b, Value carried, Value count) const {
  if (how == ReduceKind::mean) {
    Type wide = withElement(carried.getType(), b.getF64Type());
    if (carried.getType() != wide)
      carried = arith::ExtFOp::create(b, wide, carried);
    if (auto vector = dyn_cast<VectorType>(carried.getType()))
      count = vector::BroadcastOp::create(b, vector, count);
    carried = arith::DivFOp::create(b, carried, count);
  }
  Type element = getElementTypeOrSelf(type);
  if (getElementTypeOrSelf(carried.getType()) == element)
    return carried;
  return arith::TruncFOp::create(b, withElement(carried.getType(), element),
                                 carried);
}
