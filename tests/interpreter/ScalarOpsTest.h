//===- ScalarOpsTest.h - one op at a time -----------------------*- C++ -*-===//
//
// The fixture of the scalar ops' tests: parses one op and evaluates it.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_TESTS_INTERPRETER_SCALAROPSTEST_H
#define NORMC_TESTS_INTERPRETER_SCALAROPSTEST_H

#include "tests/interpreter/ScalarOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "gtest/gtest.h"

#include <cmath>
#include <limits>

namespace normc::interpreter {

inline constexpr double kInfinity = std::numeric_limits<double>::infinity();

inline Slot number(double value) {
  Slot slot;
  slot.f = value;
  return slot;
}
inline Slot integer(int64_t value) {
  Slot slot;
  slot.i = value;
  return slot;
}

class ScalarOpsTest : public ::testing::Test {
protected:
  ScalarOpsTest() {
    context.loadDialect<mlir::arith::ArithDialect, mlir::math::MathDialect,
                        mlir::func::FuncDialect>();
  }

  /// Parses `op`, whose operands are %0, %1, ... of the given types, and leaves
  /// it in `module`.
  mlir::Operation *parse(llvm::StringRef op,
                         llvm::ArrayRef<llvm::StringRef> types) {
    std::string text = "func.func @f(";
    for (auto [i, type] : llvm::enumerate(types))
      text += (i ? ", %" : "%") + std::to_string(i) + ": " + type.str();
    text += ") {\n %r = " + op.str() + "\n return\n}";
    module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
    if (!module)
      return nullptr;
    auto function = *module->getOps<mlir::func::FuncOp>().begin();
    return &function.getBody().front().front();
  }

  /// The result in lane 1 of 2, so that lanes are told apart; `fault` as it was
  /// left.
  Slot evaluate(llvm::StringRef op, llvm::ArrayRef<llvm::StringRef> types,
                llvm::ArrayRef<Slot> operands) {
    mlir::Operation *parsed = parse(op, types);
    if (!parsed) {
      ADD_FAILURE() << "does not parse: " << op.str();
      return integer(0);
    }
    llvm::Expected<ScalarOp> compiled = compileScalarOp(parsed);
    if (!compiled) {
      ADD_FAILURE() << llvm::toString(compiled.takeError());
      return integer(0);
    }
    Slot values[3][2] = {}, out[2] = {integer(0), integer(0)};
    LaneArgs args;
    for (size_t i = 0; i < operands.size(); ++i) {
      values[i][0] = integer(1);
      values[i][1] = operands[i];
      args.operands[i] = values[i];
    }
    args.out = out;
    args.lanes = 2;
    args.from = compiled->from;
    args.to = compiled->to;
    args.predicate = compiled->predicate;
    args.fault = &fault;
    compiled->kernel(args);
    return out[1];
  }

  double unary(std::string op, std::string type, double x) {
    return evaluate(op + " %0 : " + type, {type}, {number(x)}).f;
  }
  double binary(std::string op, std::string type, double a, double b) {
    return evaluate(op + " %0, %1 : " + type, {type, type},
                    {number(a), number(b)})
        .f;
  }
  int64_t ints(std::string op, std::string type, int64_t a, int64_t b) {
    return evaluate(op + " %0, %1 : " + type, {type, type},
                    {integer(a), integer(b)})
        .i;
  }
  Slot cast(std::string op, std::string from, std::string to, Slot value) {
    return evaluate(op + " %0 : " + from + " to " + to, {from}, {value});
  }
  std::string refusal(llvm::StringRef op,
                      llvm::ArrayRef<llvm::StringRef> types) {
    mlir::Operation *parsed = parse(op, types);
    if (!parsed)
      return "does not parse";
    llvm::Expected<ScalarOp> compiled = compileScalarOp(parsed);
    return compiled ? "" : llvm::toString(compiled.takeError());
  }

  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  const char *fault = nullptr;
};

} // namespace normc::interpreter

#endif // NORMC_TESTS_INTERPRETER_SCALAROPSTEST_H
