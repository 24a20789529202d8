//===- TestProgram.h - programs as text, buffers as vectors -----*- C++ -*-===//
//
// What the interpreter's tests share: they write a program in its assembly and
// run it on std::vectors.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_TESTS_INTERPRETER_TESTPROGRAM_H
#define NORMC_TESTS_INTERPRETER_TESTPROGRAM_H

#include "tests/interpreter/Interpreter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "gtest/gtest.h"

#include <string>
#include <vector>

namespace normc::interpreter {

template <class T>
BufferView viewOf(std::vector<T> &buffer, std::vector<int64_t> shape,
                  std::vector<int64_t> strides = {}, int64_t first = 0) {
  return {buffer.data() + first, std::move(shape), std::move(strides)};
}

/// first, first + 1, ...
inline std::vector<float> countFrom(size_t count, float first = 0) {
  std::vector<float> values(count);
  for (size_t i = 0; i < count; ++i)
    values[i] = first + float(i);
  return values;
}

class ProgramTest : public ::testing::Test {
protected:
  ProgramTest() {
    context.loadDialect<norm::NormDialect, mlir::arith::ArithDialect,
                        mlir::math::MathDialect>();
  }

  /// The only program of `text`, which lives until the next call.
  norm::ProgramOp parse(llvm::StringRef text) {
    module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
    if (!module)
      return {};
    auto programs = module->getOps<norm::ProgramOp>();
    return programs.empty() ? norm::ProgramOp() : *programs.begin();
  }

  /// The error's text; empty if the run succeeded.
  std::string run(llvm::StringRef text, std::vector<BufferView> arguments,
                  AccessSink *sink = nullptr) {
    norm::ProgramOp program = parse(text);
    if (!program)
      return "the test's program does not parse";
    return llvm::toString(interpret(program, arguments, sink));
  }

  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

/// `text` with every `from` replaced.
inline std::string replace(std::string text, llvm::StringRef from,
                           llvm::StringRef to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos;
       at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

/// y = scale * x / rms(x) on rows of f32, with a claim of `resident` bytes.
inline std::string rmsNormText(int64_t columns, int64_t resident) {
  std::string text = R"(
    norm.program @rms inputs(%x "x" : MATRIX, %g "scale" : VECTOR)
                      outputs(%y "y" : MATRIX) {
      %n = norm.size %x[0] : MATRIX
      norm.stage dims(i = %n, j = COLUMNS)
          schedule #norm.schedule<target = cpu, parallel = [i], lanes = [j],
                                  width = 16, chunk = 4, resident = RESIDENT> {
        norm.instance {
          %eps = arith.constant 1.0e-6 : f32
          %ms = norm.phase over [j] keeps(%x : MATRIX) {
            %e = norm.load %x by [[i], [j]] : MATRIX
            %sq = arith.mulf %e, %e : f32
            norm.contribute mean %sq : f32
          } : f32
          %me = arith.addf %ms, %eps : f32
          %r = math.rsqrt %me : f32
          norm.phase over [j] {
            %e = norm.load %x by [[i], [j]] : MATRIX
            %ge = norm.load %g by [[j]] : VECTOR
            %s = arith.mulf %e, %r : f32
            %o = arith.mulf %s, %ge : f32
            norm.store %o, %y by [[i], [j]] : MATRIX
          }
        }
      }
    })";
  text = replace(text, "MATRIX", "!norm.view<?xCOLUMNSxf32>");
  text = replace(text, "VECTOR", "!norm.view<COLUMNSxf32>");
  text = replace(text, "COLUMNS", std::to_string(columns));
  return replace(text, "RESIDENT", std::to_string(resident));
}

} // namespace normc::interpreter

#endif // NORMC_TESTS_INTERPRETER_TESTPROGRAM_H
