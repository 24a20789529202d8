//===- ScalarBounds.cpp - arith and math on bounded values ----------------===//

#include "tests/graphs/ScalarBounds.h"

#include "dialects/norm/Norm.h"
#include "tests/interpreter/Philox.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;
using namespace normc;
using namespace normc::graphs;

std::optional<DType> normc::graphs::floatTypeOf(Type type) {
  type = getElementTypeOrSelf(type);
  if (type.isF32())
    return DType::F32;
  if (type.isF64())
    return DType::F64;
  if (type.isF16())
    return DType::F16;
  if (type.isBF16())
    return DType::BF16;
  if (isa<Float8E4M3FNType>(type))
    return DType::F8E4M3FN;
  if (isa<Float8E5M2Type>(type))
    return DType::F8E5M2;
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

/// f in the type's arithmetic: on doubles, or on floats.
template <size_t N, typename F>
static Bounded inType(DType type, const std::array<Bounded, N> &operands, F f) {
  if (type == DType::F64)
    return combine(operands, f);
  return combine(operands, [&](auto... x) {
    return roundResult(type, f(static_cast<float>(x)...));
  });
}

Bounded normc::graphs::multiply(DType type, const Bounded &a,
                                const Bounded &b) {
  return inType<2>(type, {a, b}, [](auto x, auto y) { return x * y; });
}

Bounded normc::graphs::add(DType type, const Bounded &a, const Bounded &b) {
  return inType<2>(type, {a, b}, [](auto x, auto y) { return x + y; });
}

/// arith.maximumf and minimumf: NaN if either is, and -0 < +0.
template <bool isMax> static double extreme(double x, double y) {
  if (std::isnan(x) || std::isnan(y))
    return std::numeric_limits<double>::quiet_NaN();
  if (x == y)
    return std::signbit(x) == isMax ? y : x;
  return (x > y) == isMax ? x : y;
}

/// arith.maxnumf and minnumf: the other one where one is NaN.
template <bool isMax> static double number(double x, double y) {
  return std::isnan(x) ? y : std::isnan(y) ? x : extreme<isMax>(x, y);
}

static Bounded divide(DType type, const Bounded &a, const Bounded &b) {
  // On either side of zero, the quotient jumps.
  if (!a.doubt && !b.doubt && !a.isNan() && b.low <= 0 && b.high >= 0)
    return Bounded::unknown();
  return inType<2>(type, {a, b}, [](auto x, auto y) { return x / y; });
}

static Bounded squareRoot(DType type, const Bounded &a) {
  return inType<1>(type, {a}, [](auto x) { return std::sqrt(x); });
}

static Bounded fusedMultiplyAdd(DType type, const Bounded &a, const Bounded &b,
                                const Bounded &c) {
  return inType<3>(type, {a, b, c},
                   [](auto x, auto y, auto z) { return std::fma(x, y, z); });
}

static Bounded absolute(const Bounded &a) {
  if (a.doubt || a.isNan() || a.low >= 0)
    return a;
  if (a.high <= 0)
    return {-a.value, -a.high, -a.low};
  return {std::fabs(a.value), 0, std::max(-a.low, a.high)};
}

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

namespace {

/// A function that rises (or falls) everywhere, and its largest error in ulp of
/// the result in f32 or f64.
struct Function {
  long double (*exact)(long double);
  long double ulps;
};

} // namespace

/// The ends of what an approximation of `exact` may give, in the compute type.
static double shifted(DType compute, long double exact, long double ulps) {
  if (!std::isfinite(exact))
    return double(exact);
  return double(numerics::roundTo(
      compute, exact + ulps * numerics::ulpAt(compute, exact)));
}

static Bounded applyFunction(const Function &function, DType type,
                             const Bounded &x) {
  if (x.doubt)
    return x;
  DType compute = numerics::computeType(type);
  long double first = function.exact(x.low), last = function.exact(x.high);
  long double low = std::min(first, last), high = std::max(first, last);
  return settle({roundResult(type, function.exact(x.value)),
                 roundResult(type, shifted(compute, low, -function.ulps)),
                 roundResult(type, shifted(compute, high, function.ulps))});
}

/// See norm-expand-math for the errors.
static const Function *findFunction(Operation &op) {
  static const llvm::StringMap<Function> functions = {
      {"math.exp", {[](long double x) { return std::exp(x); }, 1.25L}},
      {"math.exp2", {[](long double x) { return std::exp2(x); }, 1.25L}},
      {"math.expm1", {[](long double x) { return std::expm1(x); }, 1.25L}},
      {"math.log", {[](long double x) { return std::log(x); }, 1.0L}},
      {"math.log1p", {[](long double x) { return std::log1p(x); }, 1.0L}},
      {"math.tanh", {[](long double x) { return std::tanh(x); }, 2.75L}},
      {"math.erf", {[](long double x) { return std::erf(x); }, 1.75L}},
      {"math.rsqrt", {[](long double x) { return 1 / std::sqrt(x); }, 1.5L}},
  };
  auto found = functions.find(op.getName().getStringRef());
  return found == functions.end() ? nullptr : &found->second;
}

//===----------------------------------------------------------------------===//
// Comparisons and what depends on them
//===----------------------------------------------------------------------===//

static bool holds(arith::CmpFPredicate predicate, double x, double y) {
  using P = arith::CmpFPredicate;
  bool isUnordered = std::isnan(x) || std::isnan(y);
  switch (predicate) {
  case P::AlwaysFalse:
    return false;
  case P::AlwaysTrue:
    return true;
  case P::ORD:
    return !isUnordered;
  case P::UNO:
    return isUnordered;
  case P::OEQ:
    return x == y;
  case P::UEQ:
    return isUnordered || x == y;
  case P::ONE:
    return !isUnordered && x != y;
  case P::UNE:
    return x != y;
  case P::OGT:
    return x > y;
  case P::UGT:
    return !(x <= y);
  case P::OGE:
    return x >= y;
  case P::UGE:
    return !(x < y);
  case P::OLT:
    return x < y;
  case P::ULT:
    return !(x >= y);
  case P::OLE:
    return x <= y;
  case P::ULE:
    return !(x > y);
  }
  return false;
}

static Bounded compare(arith::CmpFPredicate predicate, const Bounded &x,
                       const Bounded &y) {
  if (x.doubt || y.doubt)
    return Bounded::unknown();
  double value = holds(predicate, x.value, y.value);
  bool overlaps = !(x.isPoint() && y.isPoint()) && x.low <= y.high &&
                  y.low <= x.high && !x.isNan() && !y.isNan();
  return overlaps ? Bounded{value, 0, 1} : Bounded::exactly(value);
}

static Bounded choose(const Bounded &condition, const Bounded &a,
                      const Bounded &b) {
  if (condition.doubt)
    return condition;
  if (condition.isPoint())
    return condition.value != 0 ? a : b;
  return hull(a, b, condition.value != 0);
}

/// cmpi on what is exact: indices.
static double holds(arith::CmpIPredicate predicate, int64_t x, int64_t y) {
  using P = arith::CmpIPredicate;
  switch (predicate) {
  case P::eq:
    return x == y;
  case P::ne:
    return x != y;
  case P::slt:
    return x < y;
  case P::sle:
    return x <= y;
  case P::sgt:
    return x > y;
  case P::sge:
    return x >= y;
  case P::ult:
    return uint64_t(x) < uint64_t(y);
  case P::ule:
    return uint64_t(x) <= uint64_t(y);
  case P::ugt:
    return uint64_t(x) > uint64_t(y);
  case P::uge:
    return uint64_t(x) >= uint64_t(y);
  }
  return 0;
}

//===----------------------------------------------------------------------===//
// By operation
//===----------------------------------------------------------------------===//

/// Arithmetic whose operands and result have one type.
static ScalarFunction findArithmetic(Operation &op, DType type) {
  using Operands = llvm::ArrayRef<Bounded>;
  StringRef name = op.getName().getStringRef();
  if (name == "arith.addf")
    return [=](Operands x) { return add(type, x[0], x[1]); };
  if (name == "arith.subf")
    return [=](Operands x) {
      return inType<2>(type, {x[0], x[1]},
                       [](auto a, auto b) { return a - b; });
    };
  if (name == "arith.mulf")
    return [=](Operands x) { return multiply(type, x[0], x[1]); };
  if (name == "arith.divf")
    return [=](Operands x) { return divide(type, x[0], x[1]); };
  if (name == "arith.maximumf")
    return [](Operands x) { return combine<2>({x[0], x[1]}, extreme<true>); };
  if (name == "arith.minimumf")
    return [](Operands x) { return combine<2>({x[0], x[1]}, extreme<false>); };
  if (name == "arith.maxnumf")
    return [](Operands x) { return combine<2>({x[0], x[1]}, number<true>); };
  if (name == "arith.minnumf")
    return [](Operands x) { return combine<2>({x[0], x[1]}, number<false>); };
  if (name == "arith.negf")
    return [](Operands x) {
      return combine<1>({x[0]}, [](double a) { return -a; });
    };
  if (name == "math.absf")
    return [](Operands x) { return absolute(x[0]); };
  if (name == "math.roundeven")
    return [](Operands x) {
      return combine<1>({x[0]}, [](double a) { return std::nearbyint(a); });
    };
  if (name == "math.sqrt")
    return [=](Operands x) { return squareRoot(type, x[0]); };
  if (name == "math.fma")
    return [=](Operands x) { return fusedMultiplyAdd(type, x[0], x[1], x[2]); };
  if (const Function *function = findFunction(op))
    return [=](Operands x) { return applyFunction(*function, type, x[0]); };
  return {};
}

/// Logic on truths, which lie at 0, at 1, or between them.
static ScalarFunction findLogic(Operation &op) {
  using Operands = llvm::ArrayRef<Bounded>;
  if (!getElementTypeOrSelf(op.getResult(0).getType()).isInteger(1))
    return {};
  if (isa<arith::AndIOp>(op))
    return [](Operands x) { return combine<2>({x[0], x[1]}, extreme<false>); };
  if (isa<arith::OrIOp>(op))
    return [](Operands x) { return combine<2>({x[0], x[1]}, extreme<true>); };
  if (isa<arith::XOrIOp>(op))
    return [](Operands x) {
      return combine<2>({x[0], x[1]},
                        [](double a, double b) { return std::fabs(a - b); });
    };
  return {};
}

/// Integers that stand for positions and counts, all below 2^53, and random
/// words of them.
static ScalarFunction findInteger(Operation &op) {
  using Operands = llvm::ArrayRef<Bounded>;
  if (isa<arith::IndexCastOp>(op))
    return [](Operands x) { return x[0]; };
  if (isa<arith::AddIOp>(op))
    return [](Operands x) {
      return combine<2>({x[0], x[1]}, [](double a, double b) { return a + b; });
    };
  if (isa<arith::DivUIOp>(op))
    return [](Operands x) {
      return combine<2>({x[0], x[1]},
                        [](double a, double b) { return std::floor(a / b); });
    };
  if (isa<arith::MulIOp>(op))
    return [](Operands x) {
      return combine<2>({x[0], x[1]}, [](double a, double b) { return a * b; });
    };
  if (isa<norm::PhiloxOp>(op))
    return [](Operands x) {
      auto number = [&](int i) { return uint64_t(int64_t(x[i].value)); };
      uint32_t word = interpreter::philoxWord(number(0), number(1), number(2));
      return Bounded::exactly(int32_t(word)); // As i32 is held everywhere.
    };
  if (auto compare = dyn_cast<arith::CmpIOp>(op))
    return [predicate = compare.getPredicate()](Operands x) {
      return Bounded::exactly(
          holds(predicate, int64_t(x[0].value), int64_t(x[1].value)));
    };
  return {};
}

static ScalarFunction findAny(Operation &op) {
  using Operands = llvm::ArrayRef<Bounded>;
  if (auto compareOp = dyn_cast<arith::CmpFOp>(op))
    return [predicate = compareOp.getPredicate()](Operands x) {
      return compare(predicate, x[0], x[1]);
    };
  if (isa<arith::SelectOp>(op))
    return [](Operands x) { return choose(x[0], x[1], x[2]); };
  std::optional<DType> type = floatTypeOf(op.getResult(0).getType());
  if (isa<arith::ExtFOp>(op))
    return [](Operands x) { return x[0]; };
  if (isa<arith::TruncFOp, arith::SIToFPOp>(op) && type)
    return [type](Operands x) {
      return combine<1>({x[0]}, [&](double a) {
        return double(numerics::roundTo(*type, a));
      });
    };
  if (type)
    return findArithmetic(op, *type);
  if (ScalarFunction logic = findLogic(op))
    return logic;
  return findInteger(op);
}

llvm::Expected<ScalarFunction> normc::graphs::scalarFunction(Operation &op) {
  ScalarFunction function;
  if (op.getNumResults() == 1)
    function = findAny(op);
  if (!function)
    return llvm::createStringError("expected an operation that the evaluator "
                                   "knows, but got " +
                                   op.getName().getStringRef());
  return function;
}
