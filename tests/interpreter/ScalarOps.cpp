//===- ScalarOps.cpp - evaluation of scalar arith and math ops ------------===//

#include "tests/interpreter/ScalarOps.h"
#include "tests/interpreter/ScalarKernels.h"

#include "llvm/ADT/StringMap.h"

using namespace mlir;
using namespace normc::interpreter;

//===----------------------------------------------------------------------===//
// From a family of ops and its types to a kernel, or null
//===----------------------------------------------------------------------===//

using Selector = ScalarKernel (*)(ScalarType from, ScalarType to);

template <class Make> static ScalarKernel byKind(ScalarKind kind, Make make) {
  switch (kind) {
  case ScalarKind::F8E4M3FN:
    return make.template operator()<ScalarKind::F8E4M3FN>();
  case ScalarKind::F8E5M2:
    return make.template operator()<ScalarKind::F8E5M2>();
  case ScalarKind::F16:
    return make.template operator()<ScalarKind::F16>();
  case ScalarKind::BF16:
    return make.template operator()<ScalarKind::BF16>();
  case ScalarKind::F32:
    return make.template operator()<ScalarKind::F32>();
  case ScalarKind::F64:
    return make.template operator()<ScalarKind::F64>();
  case ScalarKind::Int:
    return nullptr;
  }
  return nullptr;
}

template <class F> static ScalarKernel floatOp(ScalarType, ScalarType to) {
  return byKind(to.kind,
                []<ScalarKind K>() -> ScalarKernel { return mapFloat<K, F>; });
}
template <class F> static ScalarKernel wideOp(ScalarType, ScalarType to) {
  return byKind(to.kind,
                []<ScalarKind K>() -> ScalarKernel { return mapWide<K, F>; });
}
static ScalarKernel rsqrtOp(ScalarType, ScalarType to) {
  return byKind(to.kind,
                []<ScalarKind K>() -> ScalarKernel { return mapRsqrt<K>; });
}
static ScalarKernel fmaOp(ScalarType, ScalarType to) {
  return byKind(to.kind,
                []<ScalarKind K>() -> ScalarKernel { return mapFma<K>; });
}
template <class F> static ScalarKernel intOp(ScalarType, ScalarType to) {
  return to.isFloat() ? nullptr : mapInt<F>;
}
template <class F> static ScalarKernel unsignedOp(ScalarType, ScalarType to) {
  return to.isFloat() ? nullptr : mapUnsigned<F>;
}
template <ScalarKernel kernel>
static ScalarKernel always(ScalarType, ScalarType) {
  return kernel;
}

//===----------------------------------------------------------------------===//
// The ops
//===----------------------------------------------------------------------===//

/// An op with one operand or two, as a function.
#define UNARY(expression) decltype([](auto x) { return expression; })
#define BINARY(expression) decltype([](auto a, auto b) { return expression; })
/// An integer op that may fault or depends on the width.
#define INTEGER(type, expression)                                              \
  decltype([](type a, type b, const LaneArgs &args) -> uint64_t {              \
    return expression;                                                         \
  })

using Table = llvm::StringMap<Selector>;

static void addFloatOps(Table &ops) {
  ops["arith.addf"] = floatOp<BINARY(a + b)>;
  ops["arith.subf"] = floatOp<BINARY(a - b)>;
  ops["arith.mulf"] = floatOp<BINARY(a * b)>;
  ops["arith.divf"] = floatOp<BINARY(a / b)>;
  ops["arith.negf"] = floatOp<UNARY(-x)>;
  ops["arith.maximumf"] = floatOp<BINARY(maximum(a, b))>;
  ops["arith.minimumf"] = floatOp<BINARY(minimum(a, b))>;
  ops["arith.maxnumf"] =
      floatOp<BINARY(std::isnan(a)   ? b
                     : std::isnan(b) ? a
                                     : decltype(a)(maximum(a, b)))>;
  ops["arith.minnumf"] =
      floatOp<BINARY(std::isnan(a)   ? b
                     : std::isnan(b) ? a
                                     : decltype(a)(minimum(a, b)))>;
  ops["arith.cmpf"] = always<compareFloats>;
  ops["math.sqrt"] = floatOp<UNARY(std::sqrt(x))>;
  ops["math.rsqrt"] = rsqrtOp;
  ops["math.fma"] = fmaOp;
  ops["math.absf"] = floatOp<UNARY(std::fabs(x))>;
  ops["math.copysign"] = floatOp<BINARY(std::copysign(a, b))>;
  ops["math.floor"] = floatOp<UNARY(std::floor(x))>;
  ops["math.ceil"] = floatOp<UNARY(std::ceil(x))>;
  ops["math.trunc"] = floatOp<UNARY(std::trunc(x))>;
  ops["math.round"] = floatOp<UNARY(std::round(x))>;
  ops["math.roundeven"] = floatOp<UNARY(std::nearbyint(x))>;
  ops["math.exp"] = wideOp<UNARY(std::exp(x))>;
  ops["math.exp2"] = wideOp<UNARY(std::exp2(x))>;
  ops["math.expm1"] = wideOp<UNARY(std::expm1(x))>;
  ops["math.log"] = wideOp<UNARY(std::log(x))>;
  ops["math.log1p"] = wideOp<UNARY(std::log1p(x))>;
  ops["math.log2"] = wideOp<UNARY(std::log2(x))>;
  ops["math.tanh"] = wideOp<UNARY(std::tanh(x))>;
  ops["math.erf"] = wideOp<UNARY(std::erf(x))>;
  ops["math.sin"] = wideOp<UNARY(std::sin(x))>;
  ops["math.cos"] = wideOp<UNARY(std::cos(x))>;
  ops["math.powf"] = wideOp<BINARY(std::pow(a, b))>;
}

static void addIntegerOps(Table &ops) {
  ops["arith.addi"] = intOp<BINARY(a + b)>;
  ops["arith.subi"] = intOp<BINARY(a - b)>;
  ops["arith.muli"] = intOp<BINARY(a * b)>;
  ops["arith.andi"] = intOp<BINARY(a & b)>;
  ops["arith.ori"] = intOp<BINARY(a | b)>;
  ops["arith.xori"] = intOp<BINARY(a ^ b)>;
  ops["arith.maxsi"] = intOp<INTEGER(int64_t, std::max(a, b))>;
  ops["arith.minsi"] = intOp<INTEGER(int64_t, std::min(a, b))>;
  ops["arith.maxui"] = unsignedOp<INTEGER(uint64_t, std::max(a, b))>;
  ops["arith.minui"] = unsignedOp<INTEGER(uint64_t, std::min(a, b))>;
  ops["arith.divui"] =
      unsignedOp<INTEGER(uint64_t, divide(a, b, args, BINARY(a / b)()))>;
  ops["arith.remui"] =
      unsignedOp<INTEGER(uint64_t, divide(a, b, args, BINARY(a % b)()))>;
  ops["arith.ceildivui"] = unsignedOp<INTEGER(
      uint64_t, divide(a, b, args, BINARY(a / b + (a % b != 0))()))>;
  ops["arith.divsi"] =
      intOp<INTEGER(int64_t, divide(a, b, args, BINARY(a / b)()))>;
  ops["arith.remsi"] =
      intOp<INTEGER(int64_t, divide(a, b, args, BINARY(a % b)()))>;
  ops["arith.floordivsi"] = intOp<INTEGER(
      int64_t, divide(a, b, args,
                      BINARY(a / b - (a % b != 0 && (a < 0) != (b < 0)))()))>;
  ops["arith.ceildivsi"] = intOp<INTEGER(
      int64_t, divide(a, b, args,
                      BINARY(a / b + (a % b != 0 && (a < 0) == (b < 0)))()))>;
  ops["arith.shli"] =
      intOp<INTEGER(int64_t, shift(uint64_t(a), b, args, BINARY(a << b)()))>;
  ops["arith.shrui"] = intOp<INTEGER(
      int64_t, shift(zeroExtend(a, args.to.bits), b, args, BINARY(a >> b)()))>;
  ops["arith.shrsi"] =
      intOp<INTEGER(int64_t, shift(a, b, args, BINARY(a >> b)()))>;
  ops["arith.cmpi"] = always<compareIntLanes>;
  ops["norm.philox"] = always<philoxLanes>;
}

static void addConversions(Table &ops) {
  ops["arith.select"] = always<selectLanes>;
  ops["arith.extf"] = always<copyLanes>;
  ops["arith.truncf"] = floatOp<UNARY(x)>;
  ops["arith.bitcast"] = always<bitcastLanes>;
  ops["arith.extsi"] = always<copyLanes>;
  ops["arith.extui"] = always<zeroExtendLanes>;
  ops["arith.trunci"] = always<signExtendLanes>;
  ops["arith.index_cast"] = always<signExtendLanes>;
  ops["arith.index_castui"] = always<zeroExtendLanes>;
  ops["arith.sitofp"] = always<intsToFloats<true>>;
  ops["arith.uitofp"] = always<intsToFloats<false>>;
  ops["arith.fptosi"] = always<floatsToInts<true>>;
  ops["arith.fptoui"] = always<floatsToInts<false>>;
}

static const Table &getTable() {
  static const Table table = [] {
    Table ops;
    addFloatOps(ops);
    addIntegerOps(ops);
    addConversions(ops);
    return ops;
  }();
  return table;
}

//===----------------------------------------------------------------------===//
// Entry points
//===----------------------------------------------------------------------===//

static std::string printType(Type type) {
  std::string text;
  llvm::raw_string_ostream(text) << type;
  return text;
}

static llvm::Error unsupported(const llvm::Twine &what) {
  return llvm::createStringError("unsupported " + what);
}

/// The relations under which a predicate is true, as bits of compareFloats.
/// arith counts the ordered ones 0-7 in that way, then `ueq` 8 to `une` 13.
static unsigned getRelations(arith::CmpFPredicate predicate) {
  auto number = static_cast<unsigned>(predicate);
  if (predicate == arith::CmpFPredicate::UNO)
    return 8;
  if (number < 8 || predicate == arith::CmpFPredicate::AlwaysTrue)
    return number;
  return number + 1;
}

llvm::Expected<ScalarOp> normc::interpreter::compileScalarOp(Operation *op) {
  llvm::StringRef name = op->getName().getStringRef();
  auto entry = getTable().find(name);
  if (entry == getTable().end() || op->getNumResults() != 1 ||
      op->getNumOperands() == 0)
    return unsupported("operation '" + name + "'");
  for (Type type : op->getOperandTypes())
    if (!getScalarType(type))
      return unsupported("type " + printType(type) + " of '" + name + "'");
  Type result = op->getResult(0).getType();
  if (!getScalarType(result))
    return unsupported("type " + printType(result) + " of '" + name + "'");

  ScalarOp compiled;
  compiled.from =
      *getScalarType(op->getOperand(op->getNumOperands() - 1).getType());
  compiled.to = *getScalarType(result);
  compiled.kernel = entry->second(compiled.from, compiled.to);
  if (!compiled.kernel)
    return unsupported("type " + printType(result) + " of '" + name + "'");
  for (NamedAttribute attribute : op->getAttrDictionary())
    if (auto mode = dyn_cast<arith::RoundingModeAttr>(attribute.getValue()))
      if (mode.getValue() != arith::RoundingMode::to_nearest_even)
        return unsupported("rounding mode of '" + name + "'");
  if (auto compare = dyn_cast<arith::CmpFOp>(op))
    compiled.predicate = getRelations(compare.getPredicate());
  if (auto compare = dyn_cast<arith::CmpIOp>(op))
    compiled.predicate = static_cast<unsigned>(compare.getPredicate());
  return compiled;
}

llvm::Expected<Slot> normc::interpreter::getConstant(Operation *op) {
  auto constant = dyn_cast<arith::ConstantOp>(op);
  if (!constant)
    return unsupported("operation '" + op->getName().getStringRef() + "'");
  std::optional<ScalarType> type = getScalarType(constant.getType());
  if (!type)
    return unsupported("type " + printType(constant.getType()) +
                       " of 'arith.constant'");
  Slot slot;
  if (auto integer = dyn_cast<IntegerAttr>(constant.getValue())) {
    slot.i = integer.getValue().getSExtValue();
    return slot;
  }
  llvm::APFloat value = cast<FloatAttr>(constant.getValue()).getValue();
  bool losesInfo;
  value.convert(llvm::APFloat::IEEEdouble(), llvm::APFloat::rmNearestTiesToEven,
                &losesInfo);
  slot.f = value.convertToDouble();
  return slot;
}
