//===- FactsTest.cpp - what an Artifact says of its arguments -------------===//

#include "tests/unit/compiler/Compiled.h"

using namespace normc;

TEST(FactsTest, RowsOfAnyNumber) {
  Artifact artifact = compiled(R"(
func.func @rms(%x: tensor<?x64xbf16> {norm.name = "x"}, %g: tensor<64xf32> {norm.name = "scale", norm.alignment = 32})
    -> (tensor<?x64xbf16> {norm.name = "y"}) {
  %y = norm.normalize rms %x over [1] epsilon 1.0e-6 scale %g on [1] : (tensor<?x64xbf16>, tensor<64xf32>) -> tensor<?x64xbf16>
  return %y : tensor<?x64xbf16>
})");
  ASSERT_EQ(artifact.arguments.size(), 3u);
  EXPECT_EQ(artifact.arguments[0].name, "x");
  EXPECT_EQ(artifact.arguments[0].dtype, DType::BF16);
  EXPECT_FALSE(artifact.arguments[0].isOutput);
  EXPECT_TRUE(artifact.arguments[2].isOutput);
  EXPECT_EQ(artifact.arguments[0].alignment, 2);
  EXPECT_EQ(artifact.arguments[1].alignment, 32);
  // The words are the extents of x and of y; y must have as many rows as x.
  ASSERT_EQ(artifact.words.size(), 2u);
  EXPECT_EQ(valueOf(artifact.arguments[2].axes[0].extent, {7, 9}), 7);
  EXPECT_EQ(valueOf(artifact.arguments[0].axes[0].stride, {7, 9}), 64);
  EXPECT_TRUE(artifact.arguments[0].axes[1].mustBeNonEmpty);
  EXPECT_FALSE(artifact.arguments[0].axes[0].mustBeNonEmpty);
  ASSERT_EQ(artifact.inPlace.size(), 1u);
  EXPECT_EQ(artifact.inPlace[0].input, 0);
  EXPECT_EQ(artifact.inPlace[0].output, 2);
  ASSERT_EQ(artifact.stages.size(), 1u);
  EXPECT_EQ(artifact.stages[0].entry, "rms_stage0");
  EXPECT_EQ(valueOf(artifact.stages[0].chunkCount, {0, 0}), 0);
  EXPECT_EQ(valueOf(artifact.stages[0].chunkCount, {1, 1}), 1);
  EXPECT_EQ(valueOf(artifact.scratchBytes, {1, 1}), 0);
}

TEST(FactsTest, GroupsMustDivide) {
  Artifact artifact = compiled(R"(
func.func @group(%x: tensor<?x49x?xf32> {norm.name = "x"}) -> (tensor<?x49x?xf32> {norm.name = "y"}) {
  %y = norm.normalize mean_variance %x over [1, 2] groups 8 on 2 epsilon 1.0e-5 : (tensor<?x49x?xf32>) -> tensor<?x49x?xf32>
  return %y : tensor<?x49x?xf32>
})");
  ASSERT_EQ(artifact.divisibility.size(), 1u);
  EXPECT_EQ(artifact.divisibility[0].divisor, 8);
  EXPECT_EQ(artifact.divisibility[0].description, "extent of 'x' along axis 2");
}

// The second kernel takes apart what the first has as one dim.
TEST(FactsTest, GroupsOfIntermediatesMustDivide) {
  Artifact artifact = compiled(R"(
func.func @f(%x: tensor<?x?xf32> {norm.name = "x"}) -> (tensor<?x?xf32> {norm.name = "y"}) {
  %a = math.exp %x : tensor<?x?xf32>
  %y = norm.normalize rms %a over [1] groups 3 on 1 epsilon 1.0e-5 : (tensor<?x?xf32>) -> tensor<?x?xf32>
  %z = math.exp %y : tensor<?x?xf32>
  return %z : tensor<?x?xf32>
})");
  ASSERT_EQ(artifact.divisibility.size(), 1u);
  EXPECT_EQ(artifact.divisibility[0].divisor, 3);
  EXPECT_EQ(artifact.divisibility[0].description, "extent of 'x' along axis 1");
}

TEST(FactsTest, GroupsOfJoinedDimsMustDivide) {
  Artifact artifact = compiled(R"(
func.func @f(%x: tensor<?x5xf32> {norm.name = "x"}) -> (tensor<?xf32> {norm.name = "y"}) {
  %a = norm.kernel dims(i = ?, j = 5) ins(%e = %x by [[i], [j]] : tensor<?x5xf32>)
      outs(by [[i, j]] : tensor<?xf32>) {
    norm.yield %e : f32
  }
  %y = norm.normalize rms %a over [0] groups 3 on 0 epsilon 1.0e-5 : (tensor<?xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
})");
  ASSERT_EQ(artifact.divisibility.size(), 1u);
  EXPECT_EQ(artifact.divisibility[0].divisor, 3);
  EXPECT_EQ(valueOf(artifact.divisibility[0].value, {7, 35}), 35);
  EXPECT_EQ(artifact.divisibility[0].description,
            "an extent of an intermediate value");
}

// Only the tensor between the two kernels tells that x has eight per element of
// s.
TEST(FactsTest, KernelsThatMeetInATensorMakeFacts) {
  Artifact artifact = compiled(R"(
func.func @f(%x: tensor<?x?xf32> {norm.name = "x"}, %s: tensor<?xf32> {norm.name = "s"}) -> (tensor<?x?xf32> {norm.name = "y"}) {
  %n = norm.normalize rms %s over [0] epsilon 1.0e-5 : (tensor<?xf32>) -> tensor<?xf32>
  %y = norm.kernel dims(i = ?, g = ?, k = 8)
      ins(%e = %x by [[i], [g, k]] : tensor<?x?xf32>, %ne = %n by [[g]] : tensor<?xf32>)
      outs(by [[i], [g, k]] : tensor<?x?xf32>) {
    %o = arith.mulf %e, %ne : f32
    norm.yield %o : f32
  }
  return %y : tensor<?x?xf32>
})");
  ASSERT_EQ(artifact.arguments.size(), 3u);
  // Words: both extents of x, that of s, both of y.
  ASSERT_EQ(artifact.words.size(), 5u);
  EXPECT_EQ(valueOf(artifact.arguments[1].axes[0].extent, {3, 40, 7, 3, 40}),
            5);
}

// The same of an axis that the other kernel has in parts: w / 5 * 5 is w.
TEST(FactsTest, KernelsThatMeetInAJoinedTensorMakeFacts) {
  Artifact artifact = compiled(R"(
func.func @f(%x: tensor<?x5xf32> {norm.name = "x"}, %s: tensor<?xf32> {norm.name = "s"}) -> (tensor<?xf32> {norm.name = "y"}) {
  %n = norm.normalize rms %x over [1] epsilon 1.0e-5 : (tensor<?x5xf32>) -> tensor<?x5xf32>
  %c = tensor.collapse_shape %n [[0, 1]] : tensor<?x5xf32> into tensor<?xf32>
  %a = norm.kernel dims(i = ?, j = 5) ins(%e = %s by [[i, j]] : tensor<?xf32>, %f = %c by [[i, j]] : tensor<?xf32>)
      outs(by [[i, j]] : tensor<?xf32>) {
    %m = norm.reduce max %f over [i] : f32
    %o = arith.mulf %e, %m : f32
    norm.yield %o : f32
  }
  return %a : tensor<?xf32>
})");
  ASSERT_EQ(artifact.arguments.size(), 3u);
  // Words: the rows of x, the extents of s and of y.
  ASSERT_EQ(artifact.words.size(), 3u);
  EXPECT_EQ(valueOf(artifact.arguments[1].axes[0].extent, {7, 40, 35}), 35);
}

// One kernel says of x and s what the other's scratch needs.
TEST(FactsTest, ScratchKeepsToTheFactsOfArguments) {
  Artifact artifact = compiled(R"(
func.func @f(%x: tensor<?x?xf32> {norm.name = "x"}, %s: tensor<?xf32> {norm.name = "s"})
    -> (tensor<?x?xf32> {norm.name = "y"}, tensor<?x?xf32> {norm.name = "z"}) {
  %a = norm.kernel dims(i = ?, g = ?, k = 8)
      ins(%e = %x by [[i], [g, k]] : tensor<?x?xf32>, %se = %s by [[g]] : tensor<?xf32>)
      outs(by [[i], [g, k]] : tensor<?x?xf32>) {
    %o = arith.mulf %e, %se : f32
    norm.yield %o : f32
  }
  %z = norm.normalize rms %a over [0] epsilon 1.0e-5 : (tensor<?x?xf32>) -> tensor<?x?xf32>
  %n = norm.normalize rms %s over [0] epsilon 1.0e-5 : (tensor<?xf32>) -> tensor<?xf32>
  %y = norm.kernel dims(i = ?, g = ?, k = 8)
      ins(%e = %x by [[i], [g, k]] : tensor<?x?xf32>, %ne = %n by [[g]] : tensor<?xf32>)
      outs(by [[i], [g, k]] : tensor<?x?xf32>) {
    %o = arith.mulf %e, %ne : f32
    norm.yield %o : f32
  }
  return %y, %z : tensor<?x?xf32>, tensor<?x?xf32>
})");
  ASSERT_EQ(artifact.arguments.size(), 4u);
  EXPECT_EQ(artifact.divisibility.size(), 1u);
}

TEST(FactsTest, StridesAreWordsWhereTheyAreFree) {
  Artifact artifact = compiled(R"(
func.func @rms(%x: tensor<4x64xf32> {norm.name = "x", norm.strides = array<i64: -9223372036854775808, 1>})
    -> (tensor<4x64xf32> {norm.name = "y"}) {
  %y = norm.normalize rms %x over [1] epsilon 1.0e-6 : (tensor<4x64xf32>) -> tensor<4x64xf32>
  return %y : tensor<4x64xf32>
})");
  ASSERT_EQ(artifact.words.size(), 1u);
  EXPECT_TRUE(artifact.words[0].isStride);
  EXPECT_TRUE(artifact.arguments[0].axes[0].stride.steps.empty());
  EXPECT_EQ(valueOf(artifact.arguments[0].axes[1].stride, {0}), 1);
  // x may be strided and y is not: they can't share a buffer.
  EXPECT_TRUE(artifact.inPlace.empty());
}

TEST(FactsTest, PartialSumsTakeScratch) {
  Artifact artifact = compiled(R"(
func.func @f(%x: tensor<?x10xf32> {norm.name = "x"}) -> (tensor<?x10xf32> {norm.name = "y"}, tensor<10xf32> {norm.name = "s"}) {
  %y, %s = norm.kernel dims(i = ?, j = 10) ins(%e = %x by [[i], [j]] : tensor<?x10xf32>)
      outs(by [[i], [j]] : tensor<?x10xf32>, by [[j]] : tensor<10xf32>) {
    %m = norm.reduce mean %e over [j] : f32
    %d = arith.subf %e, %m : f32
    %t = norm.reduce add %d over [i] : f32
    norm.yield %d, %t : f32, f32
  }
  return %y, %s : tensor<?x10xf32>, tensor<10xf32>
})");
  ASSERT_EQ(artifact.stages.size(), 2u);
  // 600 rows are three chunks of at most 256; each keeps 10 floats.
  EXPECT_EQ(valueOf(artifact.stages[0].chunkCount, {600, 600}), 3);
  EXPECT_EQ(valueOf(artifact.scratchBytes, {600, 600}), 128);
  EXPECT_EQ(valueOf(artifact.stages[1].chunkCount, {600, 600}), 1);
}

// A result may be read back where its own instance has written it before; what
// else a buffer held is gone.
TEST(FactsTest, BuffersThatAreReadTooLateAreNotShared) {
  auto compileWith = [](const std::string &first, const std::string &last) {
    std::string text = R"(
norm.program @f inputs(%x "x" : !norm.view<8x8xf32>) outputs(%y "y" : !norm.view<8x8xf32>)
    attributes {in_place = array<i64: 0, 1>} {
  norm.stage dims(i = 8, j = 8) schedule #norm.schedule<
      target = cpu, parallel = [i], lanes = [j], width = 8> {
    norm.instance {
      %s = norm.phase over [j] {
        %e = norm.load )" +
                       first +
                       R"( : !norm.view<8x8xf32>
        norm.contribute add %e : f32
      } : f32
      norm.phase over [j] {
        %e = norm.load %x by [[i], [j]] : !norm.view<8x8xf32>
        norm.store %e, %y by [[i], [j]] : !norm.view<8x8xf32>
      }
      norm.phase over [j] {
        %e = norm.load )" +
                       last +
                       R"( : !norm.view<8x8xf32>
      }
    }
  }
})";
    Result<Artifact> artifact = compile(text, *Target::named("x86-64-v4"));
    return artifact ? std::string() : artifact.error().message;
  };
  const char *refused = "expected in_place to name buffers that can be shared, "
                        "but 'x' may be read after 'y' is written, or "
                        "that before";
  const std::string x = "%x by [[i], [j]]", y = "%y by [[i], [j]]";
  EXPECT_EQ(compileWith(x, y), "");
  EXPECT_EQ(compileWith(y, y), refused);
  EXPECT_EQ(compileWith(x, "%y by [[j], [i]]"), refused);
  EXPECT_EQ(compileWith(x, x), refused);
}

// What a program's stages are told of sizes is compared: a chunk more than
// scratch has room for would be written behind it.
TEST(FactsTest, SizesOfAProgramMustAgree) {
  auto compileWith = [](const char *chunks, const char *columns, int chunk) {
    std::string text =
        "norm.program @sum inputs(%x \"x\" : !norm.view<?x8xf32>)"
        " outputs(%y \"y\" : !norm.view<8xf32>) {\n"
        "  %n = norm.size %x[0] : !norm.view<?x8xf32>\n"
        "  %c = arith.constant 4 : index\n"
        "  %k = arith.ceildivui %n, %c : index\n"
        "  %eight = arith.constant 8 : index\n"
        "  %part = norm.scratch(%k, " +
        std::string(columns) + R"() : !norm.view<?x?xf32>
  norm.stage dims(i = %n, j = 8, k = )" +
        chunks + R"() chunks k schedule #norm.schedule<
      target = cpu, parallel = [i], lanes = [j], width = 8, chunk = )" +
        std::to_string(chunk) + R"(> {
    norm.phase over [j] {
      %zero = arith.constant 0.0 : f32
      norm.store %zero, %part by [[k], [j]] : !norm.view<?x?xf32>
    }
    norm.instance {
      norm.phase over [j] {
        %e = norm.load %x by [[i], [j]] : !norm.view<?x8xf32>
        norm.accumulate add %e, %part by [[k], [j]] : !norm.view<?x?xf32>
      }
    }
  }
  norm.stage dims(j = 8, k = %k) schedule #norm.schedule<
      target = cpu, parallel = [j], lanes = [j], width = 8> {
    norm.instance {
      %s = norm.phase over [k] {
        %e = norm.load %part by [[k], [j]] : !norm.view<?x?xf32>
        norm.contribute add %e : f32
      } : f32
      norm.store %s, %y by [[j]] : !norm.view<8xf32>
    }
  }
})";
    Result<Artifact> artifact = compile(text, *Target::named("x86-64-v4"));
    return artifact ? std::string() : artifact.error().message;
  };
  EXPECT_EQ(compileWith("%k", "%eight", 4), "");
  EXPECT_EQ(compileWith("%k", "%eight", 2),
            "expected the chunk dim 'k' of stage 0 to have one point per chunk "
            "of its schedule, of 2 instances");
  EXPECT_EQ(compileWith("%n", "%eight", 1),
            "expected axis 0 of scratch to have the extent that the dims of "
            "its map make");
  EXPECT_EQ(compileWith("%k", "%c", 4),
            "expected axis 1 of scratch to have the extent that the dims of "
            "its map make");
}
