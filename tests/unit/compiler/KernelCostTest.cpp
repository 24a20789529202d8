//===- KernelCostTest.cpp - what a kernel must move -----------------------===//

#include "compiler/analysis/KernelCost.h"
#include "compiler/Session.h"

#include <gtest/gtest.h>

using namespace normc;
using namespace normc::norm;

namespace {

/// The cost of a kernel over x [i, j] of `shape`, and g [j], with this body and
/// these outputs.
KernelCost costOf(const std::string &shape, const std::string &body,
                  const std::string &outputs) {
  size_t at = shape.find('x');
  std::string columns = shape.substr(at + 1);
  std::string text =
      "func.func @f(%x: tensor<" + shape + "xf32>, %g: tensor<" + columns +
      "xf32>) {\n"
      "  %r:" +
      std::to_string(llvm::StringRef(outputs).count("by")) +
      " = norm.kernel dims(i = " + shape.substr(0, at) + ", j = " + columns +
      ")\n    ins(%e = %x by [[i], [j]] : tensor<" + shape +
      "xf32>, %ge = %g by [[j]] : tensor<" + columns + "xf32>)\n    outs(" +
      outputs + ") {\n" + body + "}\n  return\n}\n";
  Session session;
  mlir::OwningOpRef<mlir::ModuleOp> module = session.parse(text, "test");
  EXPECT_TRUE(module) << session.takeError().message;
  KernelCost cost;
  module->walk([&](KernelOp op) { cost = estimateCost(KernelStructure(op)); });
  return cost;
}

} // namespace

TEST(KernelCostTest, EachOperandOnceAndEachOutput) {
  // Two phases over x: it is read again from a cache.
  KernelCost cost = costOf("100x64",
                           "%m = norm.reduce max %e over [j] : f32\n"
                           "%d = arith.subf %e, %m : f32\n"
                           "%o = arith.mulf %d, %ge : f32\n"
                           "norm.yield %o, %m : f32, f32\n",
                           "by [[i], [j]] : tensor<100x64xf32>, "
                           "by [[i]] : tensor<100xf32>");
  EXPECT_EQ(cost.stages, 1u);
  EXPECT_EQ(cost.bytes, 4 * (6400 + 64 + 6400 + 100));
  EXPECT_EQ(cost.streams, 2u);
}

TEST(KernelCostTest, WhatIsNotReadIsNotCounted) {
  KernelCost cost =
      costOf("100x64", "%d = arith.negf %e : f32\n norm.yield %d : f32\n",
             "by [[i], [j]] : tensor<100x64xf32>");
  EXPECT_EQ(cost.bytes, 4 * (6400 + 6400));
}

TEST(KernelCostTest, OpenExtentsHaveAnAssumedSize) {
  KernelCost cost =
      costOf("?x64", "%d = arith.negf %e : f32\n norm.yield %d : f32\n",
             "by [[i], [j]] : tensor<?x64xf32>");
  EXPECT_EQ(cost.bytes, 4.0 * kAssumedExtent * (64 + 64));
}

TEST(KernelCostTest, StagesReadAgain) {
  // The sum over rows is a stage of its own, and the next one computes from x.
  KernelCost cost = costOf("100x64",
                           "%m = norm.reduce max %e over [j] : f32\n"
                           "%d = arith.subf %e, %m : f32\n"
                           "%s = norm.reduce max %d over [i] : f32\n"
                           "%o = arith.subf %d, %s : f32\n"
                           "norm.yield %o : f32\n",
                           "by [[i], [j]] : tensor<100x64xf32>");
  EXPECT_EQ(cost.stages, 2u);
  EXPECT_EQ(cost.bytes, 4 * (6400 + kSlowFactor * (6400 + 6400)));
}

TEST(KernelCostTest, ColumnsAreSlowButForMoments) {
  const char *const out = "by [[i], [j]] : tensor<100x64xf32>";
  KernelCost sums = costOf("100x64",
                           "%m = norm.reduce max %e over [i] : f32\n"
                           "%d = arith.subf %e, %m : f32\n"
                           "norm.yield %d : f32\n",
                           out);
  EXPECT_EQ(sums.bytes, kSlowFactor * 4 * (6400 + 6400));
  KernelCost moments =
      costOf("100x64",
             "%n, %m, %t, %q = norm.moments %e over [i] : f32\n"
             "%d = arith.subf %e, %m : f32\n"
             "norm.yield %d : f32\n",
             out);
  EXPECT_EQ(moments.bytes, 4 * (6400 + 6400));
}

TEST(KernelCostTest, OneThreadIsSlowWithMuchWork) {
  const std::string body = "%m = norm.reduce max %e over [i, j] : f32\n"
                           "norm.yield %m : f32\n";
  EXPECT_EQ(costOf("100x64", body, "by [] : tensor<f32>").bytes, 4 * 6400 + 4);
  EXPECT_EQ(costOf("1024x1024", body, "by [] : tensor<f32>").bytes,
            kSlowFactor * (4 * 1024 * 1024 + 4));
}
