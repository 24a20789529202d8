//===- InputScaleTest.cpp - specs whose x has 8 bits ----------------------===//
//
// Every type, scope and scale type of an 8-bit x against a scalar model, bit
// for bit.
//
//===----------------------------------------------------------------------===//

#include "normc/Compiler.h"
#include "tests/numerics/Dtype.h"
#include "tests/numerics/EightBits.h"
#include "tests/numerics/Harness.h"

using namespace normc;
using namespace normc::numerics;

static void expectRead(DType type, const InputScale &scale) {
  constexpr int64_t rows = 5, columns = 256;
  SCOPED_TRACE(std::string(toString(type)) + " scope " +
               std::to_string(int(scale.scope)) + " scale type " +
               std::to_string(int(scale.scaleType)));
  NormSpec spec = makeSpec(type, {kDynamic, columns}, false);
  spec.inputScale = scale;
  Result<Artifact> artifact = compile(spec, Target::native());
  ASSERT_TRUE(artifact) << artifact.error().message;
  Result<Kernel> kernel = Kernel::load(*artifact);
  ASSERT_TRUE(kernel);
  bool isByte = scale.scaleType == ScaleType::E8M0;
  int64_t perRow = scalesOf(scale.scope, scale.block, columns);
  std::vector<int64_t> shape = {rows, perRow};
  if (scale.scope != ScaleScope::Block)
    shape.pop_back();
  if (scale.scope == ScaleScope::Tensor)
    shape.pop_back();
  std::string name = scale.inverse ? "x_inverse_scale" : "x_scale";
  Buffer x("x", type, {rows, columns}), g("scale", DType::F32, {columns}),
      y("y", DType::F32, {rows, columns}),
      s(name, isByte ? DType::I8 : DType::F32, shape);
  std::vector<uint64_t> codes, gamma, scales;
  Generator generator(4);
  for (int64_t i = 0; i < rows * columns; ++i)
    codes.push_back(uint64_t(i * 7) & 0xff);
  for (int64_t j = 0; j < columns; ++j)
    gamma.push_back(encode(DType::F32, generator.normal()));
  const uint64_t bytes[] = {0x80, 0, 0xff, 0x7d, 0xfe};
  for (int64_t i = 0; i < s.elementCount(); ++i)
    scales.push_back(isByte ? bytes[i % 5]
                            : encode(DType::F32, generator.normal()));
  x.fill(codes);
  g.fill(gamma);
  s.fill(scales);
  y.clear();
  Status status = kernel->run(
      {{"x", x.ref()}, {name, s.ref()}, {"scale", g.ref()}, {"y", y.ref()}});
  ASSERT_TRUE(status) << status.error().message;
  std::vector<uint64_t> results = y.bits();
  for (int64_t i = 0; i < rows * columns; ++i) {
    int64_t at = scale.scope == ScaleScope::Tensor ? 0
                 : scale.scope == ScaleScope::Row  ? i / columns
                                                   : i / scale.block;
    float factor = isByte ? valueOfE8M0(scales[at]) : toFloat(scales[at]);
    if (scale.inverse)
      factor = 1 / factor;
    float expected =
        float(valueOf(type, codes[i])) * factor * toFloat(gamma[i % columns]);
    if (std::isnan(expected))
      ASSERT_TRUE(std::isnan(toFloat(results[i]))) << i;
    else
      ASSERT_EQ(toFloat(results[i]), expected) << i;
  }
}

TEST(InputScaleTest, InputsOfEightBits) {
  for (DType type : {DType::F8E4M3FN, DType::F8E5M2, DType::I8})
    for (ScaleScope scope :
         {ScaleScope::Tensor, ScaleScope::Row, ScaleScope::Block})
      for (ScaleType scaleType : {ScaleType::F32, ScaleType::E8M0})
        for (bool inverse : {false, true})
          expectRead(type, {scope, 64, scaleType, inverse});
}
