//===- SplitRowsTest.cpp - few long rows, by parts ------------------------===//
//
// Few rows that are long are cut into parts, which several threads share. The
// results keep to the contract's bounds, and their bits don't depend on the
// number of threads.
//
//===----------------------------------------------------------------------===//

#include "tests/numerics/Harness.h"

#include "normc/Executor.h"

using namespace normc;
using namespace normc::numerics;

namespace {

using Shape = std::vector<int64_t>;

class SplitRowsTest
    : public testing::TestWithParam<std::tuple<Extreme, DType>> {
protected:
  Extreme extreme = std::get<0>(GetParam());
  DType dtype = std::get<1>(GetParam());

  ExtremeProblem make(const Shape &shape) const {
    ExtremeProblem problem = makeProblem(extreme, dtype, shape, 1, 21);
    problem.saved = true;
    solve(problem);
    return problem;
  }

  /// Runs the kernel for just this shape, by numbers of threads.
  static Comparison check(const ExtremeProblem &problem) {
    const Kernel *kernel = kernelFor(textOf(problem, Flavour::Static));
    Call call(problem);
    if (!kernel || !call.run(*kernel))
      return {};
    EXPECT_GT(kernel->artifact().stages.size(), 1u) << "rows were not split";
    Comparison findings = call.expectWithinBounds();
    call.expectSameBitsByThreads(*kernel);
    return findings;
  }
};

/// RmsNorm_bf16
std::string
nameOf(const testing::TestParamInfo<std::tuple<Extreme, DType>> &i) {
  return std::string(toString(std::get<0>(i.param))) + "_" +
         std::string(toString(std::get<1>(i.param)));
}

} // namespace

TEST_P(SplitRowsTest, KeepToTheirBoundsOnAnyNumberOfThreads) {
  Comparison findings;
  for (const Shape &shape :
       {Shape{1, 65536}, Shape{1, 262144}, Shape{4, 98304}, Shape{3, 65600}}) {
    SCOPED_TRACE(testing::PrintToString(shape));
    findings.merge(check(make(shape)));
  }
  expectMostlyCorrectlyRounded(findings);
}

/// Sums of like terms show an error that grows with their number.
TEST_P(SplitRowsTest, ConstantRowsAndRowsFarFromZero) {
  for (double away : {0.0, 1e-2}) {
    ExtremeProblem problem = make({1, 262144});
    oracle::OracleTensor &x = problem.input("x").tensor;
    for (size_t i = 0; i < x.values.size(); ++i)
      x.values[i] = 1000.1L + (i % 3 == 0 ? away : -away);
    solve(problem);
    check(problem);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Numerics, SplitRowsTest,
    testing::Combine(testing::Values(Extreme::RmsNorm, Extreme::LayerNorm,
                                     Extreme::L2Norm),
                     testing::Values(DType::F32, DType::BF16, DType::F16)),
    nameOf);
