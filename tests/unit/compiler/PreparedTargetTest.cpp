//===- PreparedTargetTest.cpp - a target that LLVM was asked about --------===//

#include "compiler/codegen/PreparedTarget.h"

#include "llvm/Target/TargetMachine.h"

#include <gtest/gtest.h>

using namespace normc;

static std::shared_ptr<PreparedTarget> prepare(const Target &target) {
  Result<std::shared_ptr<PreparedTarget>> prepared = PreparedTarget::of(target);
  EXPECT_TRUE(prepared);
  return prepared ? *prepared : nullptr;
}

TEST(PreparedTargetTest, EqualTargetsArePreparedOnce) {
  Target v3 = *Target::named("x86-64-v3");
  std::shared_ptr<PreparedTarget> first = prepare(v3);
  EXPECT_EQ(prepare(Target(v3)), first);
  EXPECT_EQ(first->requiredFeatures(), getRequiredFeatures(v3));
  v3.vectorBits = 128;
  EXPECT_NE(prepare(v3), first);
  EXPECT_EQ(prepare(v3)->target().vectorBits, 128);
}

TEST(PreparedTargetTest, ForgetsWhatWasAskedForLongAgo) {
  Target target = *Target::named("x86-64-v2");
  std::weak_ptr<PreparedTarget> first = prepare(target);
  for (int i = 0; i < 8; ++i) {
    ++target.l2Bytes;
    prepare(target);
  }
  EXPECT_TRUE(first.expired());
}

TEST(PreparedTargetTest, RefusesWhatLlvmDoesNotTake) {
  Target target = *Target::named("x86-64-v3");
  target.cpu = "no-such-cpu";
  for (int i = 0; i < 2; ++i) {
    Result<std::shared_ptr<PreparedTarget>> prepared =
        PreparedTarget::of(target);
    ASSERT_FALSE(prepared);
    EXPECT_EQ(prepared.error().kind, ErrorKind::InvalidSpec);
    EXPECT_NE(prepared.error().message.find("but got 'no-such-cpu'"),
              std::string::npos);
  }
}

TEST(PreparedTargetTest, AMachineHasOneOwner) {
  std::shared_ptr<PreparedTarget> v3 = prepare(*Target::named("x86-64-v3"));
  std::shared_ptr<llvm::TargetMachine> one = v3->borrowMachine();
  std::shared_ptr<llvm::TargetMachine> other = v3->borrowMachine();
  ASSERT_TRUE(one && other);
  EXPECT_NE(one, other);
  const llvm::TargetMachine *known = one.get();
  one.reset();
  EXPECT_EQ(v3->borrowMachine().get(), known) << "it was given back";
  // A machine outlives its target's place among the last ones.
  Target odd = v3->target();
  odd.l2Bytes = 12345;
  std::shared_ptr<llvm::TargetMachine> kept = prepare(odd)->borrowMachine();
  for (int i = 0; i < 8; ++i) {
    ++odd.l2Bytes;
    prepare(odd);
  }
  EXPECT_EQ(kept->getTargetCPU(), "x86-64-v3");
}
