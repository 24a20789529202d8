//===- KernelStructureTest.cpp - what collectives force -------------------===//

#include "compiler/analysis/KernelStructure.h"
#include "compiler/Session.h"

#include <gtest/gtest.h>

using namespace normc;
using namespace normc::norm;

namespace {

/// A kernel over x [n, c, s] with this body and these outputs.
class Parsed {
public:
  Parsed(const std::string &body, const std::string &outputs) {
    std::string text =
        "func.func @f(%x: tensor<3x4x5xf32>) {\n"
        "  %r:" +
        std::to_string(llvm::StringRef(outputs).count("by")) +
        " = norm.kernel dims(n = 3, c = 4, s = 5)\n"
        "    ins(%e = %x by [[n], [c], [s]] : tensor<3x4x5xf32>)\n"
        "    outs(" +
        outputs + ") {\n" + body + "}\n  return\n}\n";
    module = session.parse(text, "test");
    EXPECT_TRUE(module) << session.takeError().message;
    module->walk([&](KernelOp op) { kernel = op; });
  }

  KernelStructure structure() { return KernelStructure(kernel); }

private:
  Session session;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  KernelOp kernel;
};

const DimSet N = DimSet::one(0), C = DimSet::one(1), S = DimSet::one(2);
const char *const full = "by [[n], [c], [s]] : tensor<3x4x5xf32>";

} // namespace

TEST(KernelStructureTest, BatchNormIsOneStagePerChannel) {
  Parsed parsed("%m = norm.reduce mean %e over [n, s] : f32\n"
                "%d = arith.subf %e, %m : f32\n norm.yield %d : f32\n",
                full);
  KernelStructure structure = parsed.structure();
  ASSERT_EQ(structure.stages().size(), 1u);
  EXPECT_EQ(structure.stages()[0].parallel, C);
  EXPECT_FALSE(structure.collectives()[0].terminal);
  EXPECT_EQ(structure.collectives()[0].space, C);
}

TEST(KernelStructureTest, DependentCollectivesShareAStage) {
  Parsed parsed("%m = norm.reduce max %e over [s] : f32\n"
                "%d = arith.subf %e, %m : f32\n"
                "%t = norm.reduce add %d over [s] : f32\n"
                "%o = arith.divf %d, %t : f32\n norm.yield %o : f32\n",
                full);
  KernelStructure structure = parsed.structure();
  ASSERT_EQ(structure.stages().size(), 1u);
  EXPECT_EQ(structure.stages()[0].parallel, N | C);
  EXPECT_EQ(structure.stages()[0].complete.size(), 2u);
  EXPECT_TRUE(structure.collectives()[1].needs.test(0));
}

TEST(KernelStructureTest, MomentsAreOneCollective) {
  // Never left as partials: distances to their mean wait for it.
  Parsed parsed("%k, %m, %t, %q = norm.moments %e over [n] : f32\n"
                "norm.yield %q : f32\n",
                "by [[c], [s]] : tensor<4x5xf32>");
  KernelStructure structure = parsed.structure();
  ASSERT_EQ(structure.collectives().size(), 1u);
  EXPECT_EQ(structure.collectives()[0].over, N);
  EXPECT_EQ(structure.collectives()[0].space, C | S);
  EXPECT_FALSE(structure.collectives()[0].terminal);
  ASSERT_EQ(structure.stages().size(), 1u);
  EXPECT_EQ(structure.stages()[0].complete.size(), 1u);
}

TEST(KernelStructureTest, TerminalSumsBecomePartials) {
  Parsed parsed("%m = norm.reduce mean %e over [c, s] : f32\n"
                "%d = arith.subf %e, %m : f32\n"
                "%t = norm.reduce add %d over [n] : f32\n"
                "norm.yield %d, %t : f32, f32\n",
                std::string(full) + ", by [[c], [s]] : tensor<4x5xf32>");
  KernelStructure structure = parsed.structure();
  ASSERT_EQ(structure.stages().size(), 2u);
  EXPECT_EQ(structure.stages()[0].parallel, N);
  EXPECT_EQ(structure.stages()[0].partial, llvm::SmallVector<unsigned>{1});
  EXPECT_EQ(structure.stages()[1].parallel, C | S);
  EXPECT_EQ(structure.stages()[1].combine, llvm::SmallVector<unsigned>{1});
  EXPECT_EQ(structure.stages()[1].outputs, llvm::SmallVector<unsigned>{1});
}

TEST(KernelStructureTest, DifferentResultsNeedDifferentStages) {
  Parsed parsed("%a = norm.reduce mean %e over [s] : f32\n"
                "%b = norm.reduce mean %e over [c, s] : f32\n"
                "%d = norm.reduce mean %e over [n, s] : f32\n"
                "%p = arith.addf %a, %b : f32\n"
                "%q = arith.addf %p, %d : f32\n"
                "%o = arith.subf %e, %q : f32\n norm.yield %o : f32\n",
                full);
  KernelStructure structure = parsed.structure();
  // Per (n, c), with what is per n recomputed or apart, then per c; the output
  // comes with the last.
  EXPECT_GE(structure.stages().size(), 2u);
  EXPECT_EQ(structure.stages().back().outputs.size(), 1u);
  DimSet complete;
  for (const StagePlan &stage : structure.stages())
    for (unsigned c : stage.complete) {
      // Whatever a stage completes, no instance of it sees only a part.
      EXPECT_FALSE(structure.collectives()[c].over.intersects(stage.parallel));
      complete |= DimSet::one(c);
    }
  EXPECT_EQ(complete.raw(), 7u);
}

TEST(KernelStructureTest, NoCollectivesMeansAllIsParallel) {
  Parsed parsed("%o = arith.addf %e, %e : f32\n norm.yield %o : f32\n", full);
  KernelStructure structure = parsed.structure();
  ASSERT_EQ(structure.stages().size(), 1u);
  EXPECT_EQ(structure.stages()[0].parallel, N | C | S);
}

TEST(KernelStructureTest, AFullReductionHasOneInstance) {
  Parsed parsed("%m = norm.reduce add %e over [n, c, s] : f32\n"
                "%o = arith.divf %e, %m : f32\n norm.yield %o : f32\n",
                full);
  KernelStructure structure = parsed.structure();
  ASSERT_EQ(structure.stages().size(), 1u);
  EXPECT_TRUE(structure.stages()[0].parallel.empty());
}

// The first name counts blocks where it is the outer part of an axis, and lies
// in memory inside of another dim.
TEST(KernelStructureTest, BlocksAreNamedFirst) {
  auto blockDim = [](const std::string &dims, const std::string &map,
                     const std::string &shape) {
    Session session;
    std::string text = "func.func @f(%x: tensor<" + shape +
                       "xf32>) {\n  %r = norm.kernel dims(" + dims +
                       ") ins(%e = %x by " + map + " : tensor<" + shape +
                       "xf32>) outs(by " + map + " : tensor<" + shape +
                       "xf32>) {\n norm.yield %e : f32\n}\n  return\n}\n";
    auto module = session.parse(text, "test");
    EXPECT_TRUE(module) << session.takeError().message;
    int found = -2;
    module->walk([&](KernelOp op) { found = KernelStructure(op).blockDim(); });
    return found;
  };
  const char *const joined = "[[n], [o, i], [s]]";
  EXPECT_EQ(blockDim("o = 2, n = 3, i = 2, s = 5", joined, "3x4x5"), 0);
  EXPECT_EQ(blockDim("n = 3, o = 2, i = 2, s = 5", joined, "3x4x5"), -1);
  EXPECT_EQ(blockDim("i = 2, n = 3, o = 2, s = 5", joined, "3x4x5"), -1);
  EXPECT_EQ(blockDim("o = 2, i = 2, s = 5", "[[o, i], [s]]", "4x5"), -1);
  EXPECT_EQ(blockDim("c = 4, n = 3, s = 5", "[[n], [c], [s]]", "3x4x5"), -1);
}
