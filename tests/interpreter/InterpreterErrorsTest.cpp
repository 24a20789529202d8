//===- InterpreterErrorsTest.cpp - refusals, by their words ---------------===//

#include "tests/interpreter/TestProgram.h"

#include "mlir/IR/Builders.h"

using namespace normc::interpreter;

namespace {

/// A program of one stage with the given dims, schedule parameters after
/// `target`, and instance; %x is ?x?xf32, %y ?xf32, %n and %m the sizes of %x.
std::string stageText(std::string dims, std::string schedule,
                      std::string instance, std::string setup = "") {
  return R"(
    norm.program @f inputs(%x "x" : !norm.view<?x?xf32>)
                    outputs(%y "y" : !norm.view<?xf32>) {
      %n = norm.size %x[0] : !norm.view<?x?xf32>
      %m = norm.size %x[1] : !norm.view<?x?xf32>
      )" +
         setup + R"(
      norm.stage dims()" +
         dims + ")" + schedule + R"( {
        norm.instance {)" +
         instance + R"(}
      }
    })";
}

std::string parallel(std::string dims, std::string rest = "lanes = []") {
  return " schedule #norm.schedule<target = cpu, parallel = [" + dims + "], " +
         rest + ">";
}

class InterpreterErrorsTest : public ProgramTest {
protected:
  std::string runOn2x3(const std::string &text) {
    return run(text, {viewOf(x, {2, 3}), viewOf(y, {2})});
  }
  std::string runArguments(std::vector<BufferView> arguments,
                           std::string type = "?x3xf32") {
    return run(R"(
      norm.program @f inputs(%x "in" : !norm.view<)" +
                   type + R"(>)
                      outputs(%y "out" : !norm.view<?xf32>) {})",
               std::move(arguments));
  }

  std::vector<float> x = std::vector<float>(6, 1), y = std::vector<float>(2);
};

TEST_F(InterpreterErrorsTest, Arguments) {
  BufferView in = viewOf(x, {2, 3}), out = viewOf(y, {2});
  EXPECT_EQ(runArguments({in, out}), "");
  EXPECT_EQ(runArguments({in}), "expected 2 arguments, but got 1");
  EXPECT_EQ(runArguments({viewOf(x, {6}), out}),
            "expected argument 'in' to have rank 2, but got 1");
  EXPECT_EQ(runArguments({viewOf(x, {3, 2}), out}),
            "expected axis 1 of argument 'in' to have extent 3, but got 2");
  EXPECT_EQ(runArguments({in, viewOf(y, {-1})}),
            "expected axis 0 of argument 'out' to have a non-negative extent, "
            "but got -1");
  EXPECT_EQ(runArguments({viewOf(x, {2, 3}, {1}), out}),
            "expected argument 'in' to have 2 strides, but got 1");
  EXPECT_EQ(runArguments({viewOf(x, {2, 3}, {4, 1}), out}),
            "expected axis 0 of argument 'in' to have stride 3, but got 4");
  EXPECT_EQ(
      runArguments({viewOf(x, {2, 3}, {3, 2}), out}, "?x?xf32, strides [?, 1]"),
      "expected axis 1 of argument 'in' to have stride 1, but got 2");
  EXPECT_EQ(runArguments({{nullptr, {2, 3}, {}}, out}),
            "expected argument 'in' to have data, but got null");
  EXPECT_EQ(runArguments({{x.data(), {INT64_MAX, 3}, {}}, out}),
            "argument 'in' has more elements than 64 bits count");
  EXPECT_EQ(runArguments({in, out}, "?x3xf8E4M3FNUZ"),
            "unsupported element type f8E4M3FNUZ of argument 'in'");
  // The stride of an axis of one element is nobody's business.
  EXPECT_EQ(runArguments({viewOf(x, {1, 3}, {77, 1}), out}), "");
}

TEST_F(InterpreterErrorsTest, ProgramThatDoesNotVerify) {
  normc::norm::ProgramOp program = parse(R"(
    norm.program @f inputs() outputs(%y "y" : !norm.view<?xf32>) {})");
  ASSERT_TRUE(program);
  program.setArgNamesAttr(mlir::Builder(&context).getStrArrayAttr({}));
  EXPECT_EQ(llvm::toString(interpret(program, {viewOf(y, {2})})),
            "expected a valid program: 'norm.program' op expected one name per "
            "argument, but got 0 for 1");
}

TEST_F(InterpreterErrorsTest, ProgramArithmetic) {
  EXPECT_EQ(runOn2x3(stageText("i = %q", parallel("i"), "", R"(
      %zero = arith.constant 0 : index
      %q = arith.divui %n, %zero : index)")),
            "division by zero");
  EXPECT_EQ(runOn2x3(stageText("i = %q", parallel("i"), "", R"(
      %q = arith.constant -1 : index)")),
            "expected a non-negative extent of dim 'i', but got -1");
}

TEST_F(InterpreterErrorsTest, Scratch) {
  EXPECT_EQ(runOn2x3(stageText("i = %n", parallel("i"), "", R"(
      %q = arith.constant -1 : index
      %p = norm.scratch(%q) : !norm.view<?xf32>)")),
            "expected non-negative sizes of scratch 0, but got -1");
  EXPECT_EQ(runOn2x3(stageText("i = %n", parallel("i"), "", R"(
      %q = arith.constant 68719476736 : index
      %p = norm.scratch(%q) : !norm.view<?xf32>)")),
            "expected scratch 0 to have at most 68719476736 bytes");
  EXPECT_EQ(runOn2x3(stageText("i = %n", parallel("i"), "", R"(
      %p = norm.scratch(%n) : !norm.view<?xf128>)")),
            "unsupported element type f128 of scratch 0");
}

TEST_F(InterpreterErrorsTest, OutOfBounds) {
  constexpr const char *load = R"(
      norm.phase over [j] {
        %e = norm.load %x by [[i], [j]] : !norm.view<?x?xf32>
      })";
  EXPECT_EQ(runOn2x3(stageText("i = %n, j = 4", parallel("i"), load)),
            "expected axis 1 of argument 'x' to have the 4 elements that the "
            "stage goes over, but got 3");
  EXPECT_EQ(runOn2x3(stageText("i = %n, j = 3", parallel("i"), load)), "");
  // Nothing is touched where there are no points.
  EXPECT_EQ(runOn2x3(stageText("i = 0, j = 4", parallel("i"), load)), "");
  EXPECT_EQ(runOn2x3(stageText("i = 2, j = 2", parallel("i"), R"(
      norm.phase over [j] {
        %e = norm.load %x by [[], [i, j]] : !norm.view<?x?xf32>
      })")),
            "expected axis 1 of argument 'x' to have the 4 elements that the "
            "stage goes over, but got 3");
  EXPECT_EQ(run(R"(
    norm.program @f inputs() outputs(%y "y" : !norm.view<?xf32>) {
      %n = norm.size %y[0] : !norm.view<?xf32>
      %p = norm.scratch(%n) : !norm.view<?xf32>
      norm.stage dims(i = 3))" +
                    parallel("i") + R"( {
        norm.instance {
          %e = norm.load %p by [[i]] : !norm.view<?xf32>
        }
      }
    })",
                {viewOf(y, {2})}),
            "expected axis 0 of scratch 0 to have the 3 elements that the "
            "stage goes over, but got 2");
  EXPECT_EQ(runOn2x3(stageText("i = %big, j = %big", parallel(""),
                               R"(
      norm.phase over [i, j] {
        %e = norm.load %x by [[], [i, j]] : !norm.view<?x?xf32>
      })",
                               "%big = arith.constant 4294967296 : index")),
            "the dims of axis 1 of argument 'x' have more points than 64 bits "
            "count");
}

TEST_F(InterpreterErrorsTest, Schedules) {
  EXPECT_EQ(runOn2x3(stageText("i = %n, j = %m",
                               parallel("j, i", "lanes = [j], width = 2"), "")),
            "expected the lane dim 'j' to be the last parallel dim");
  EXPECT_EQ(runOn2x3(stageText("i = 4294967296, j = 4294967296",
                               parallel("i, j"), "")),
            "the stage has more instances than 64 bits count");
  EXPECT_EQ(
      runOn2x3(stageText("i = %n, k = 1", " chunks k" + parallel("i"), "")),
      "expected dim 'k' to have a point for each of the stage's 2 "
      "chunks, but its extent is 1");
}

TEST_F(InterpreterErrorsTest, Bodies) {
  EXPECT_EQ(runOn2x3(stageText("i = %n, j = %m", parallel("i"), R"(
      %j = norm.index j)")),
            "expected norm.index of a dim that is fixed there, but got 'j'");
  EXPECT_EQ(runOn2x3(stageText("i = %n", parallel("i"), R"(
      %c = arith.constant 1.0 : f32
      %a = math.atan %c : f32)")),
            "unsupported operation 'math.atan'");
  EXPECT_EQ(runOn2x3(stageText("i = %n", parallel("i"), R"(
      %c = arith.constant 1.0 : f128)")),
            "unsupported type f128 of 'arith.constant'");
}

} // namespace
