//===- LaneOrderTest.cpp - even lanes before odd ones ---------------------===//
//
// Backward passes of bf16 whose rows are whole vectors keep even and odd
// elements apart, sums over rows included: results against the oracle, from
// rows that begin anywhere.
//
//===----------------------------------------------------------------------===//

#include "tests/numerics/Harness.h"

using namespace normc;
using namespace normc::numerics;

namespace {

void expectExact(int64_t rows, int64_t n, int64_t offset) {
  SCOPED_TRACE(testing::Message()
               << rows << " rows of " << n << " from element " << offset);
  ExtremeProblem problem = makeProblem(Extreme::LayerNormBackward, DType::BF16,
                                       {rows, n}, 1, uint64_t(rows * n));
  const Kernel *kernel = kernelFor(textOf(problem, Flavour::Inner));
  ASSERT_TRUE(kernel);
  Call call(problem,
            {.inputs = {.offset = offset}, .outputs = {.offset = offset}});
  if (call.run(*kernel, *makeThreadExecutor(2)))
    call.expectWithinBounds();
}

} // namespace

TEST(LaneOrderTest, GradientsOfWholeVectorsAreExact) {
  for (int64_t n : {32, 64, 160, 1024, 4096})
    for (int64_t rows : {1, 300})
      for (int64_t offset : {0, 1, 32})
        expectExact(rows, n, offset);
}
