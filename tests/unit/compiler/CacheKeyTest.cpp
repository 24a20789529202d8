//===- CacheKeyTest.cpp - what tells kernels apart ------------------------===//

#include "normc/CacheKey.h"

#include "normc/Presets.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <string>

using namespace normc;

static std::string keyOf(const NormSpec &spec,
                         const TargetKey &target = TargetKey::native()) {
  return std::string(CacheKey(spec, target).bytes());
}

/// A spec with something in every field, so that each can be changed alone.
static NormSpec fullSpec() {
  NormSpec spec;
  spec.name = "norm";
  spec.shape = {4, 8};
  spec.inputStrides = {8, 1};
  spec.outputStrides = {8, 1};
  spec.outputDtype = DType::F16;
  spec.axes = {1};
  spec.partial = 0.5;
  spec.groups = 2;
  spec.given = {.dtype = DType::F32, .strides = {1}};
  for (auto *parameter : {&spec.alpha, &spec.scale, &spec.shift})
    *parameter = {.axes = {1}, .dtype = DType::F32, .strides = {1}};
  spec.bias = spec.scale;
  spec.residual = {.dtype = DType::F32,
                   .sumDtype = DType::F32,
                   .gate = spec.scale,
                   .strides = {8, 1},
                   .sumStrides = {8, 1}};
  spec.gate = {.dtype = DType::F32, .strides = {8, 1}};
  spec.modulation = {.axes = {1}, .dtype = DType::F32, .strides = {1}};
  spec.dropout = {.probability = 0.5};
  spec.second = {.scale = spec.scale,
                 .shift = spec.shift,
                 .dtype = DType::F32,
                 .strides = {8, 1}};
  spec.quantization = {
      .upperBound = 2, .smallestScale = 2, .scaleStrides = {1}};
  spec.inputScale = {.scaleStrides = {1}};
  return spec;
}

using Change = std::function<void(NormSpec &)>;

/// The same of what is computed along with the norm.
static std::vector<Change> listFusionChanges() {
  return {
      [](NormSpec &s) { s.residual.reset(); },
      [](NormSpec &s) { s.residual->dtype = std::nullopt; },
      [](NormSpec &s) { s.residual->rounded = true; },
      [](NormSpec &s) { s.residual->emitSum = true; },
      [](NormSpec &s) { s.residual->sumDtype = DType::F16; },
      [](NormSpec &s) { s.residual->gate.reset(); },
      [](NormSpec &s) { s.residual->gate->axes = {0}; },
      [](NormSpec &s) { s.residual->strides = {9, 1}; },
      [](NormSpec &s) { s.residual->sumStrides = {9, 1}; },
      [](NormSpec &s) { s.activationBefore = Activation::Relu; },
      [](NormSpec &s) { s.activationAfter = Activation::Relu; },
      [](NormSpec &s) { s.activationAfter = Activation(256); },
      [](NormSpec &s) { s.gate.reset(); },
      [](NormSpec &s) { s.gate->placement = Gate::Placement::Before; },
      [](NormSpec &s) { s.gate->activation = Activation::Tanh; },
      [](NormSpec &s) { s.gate->dtype = DType::F16; },
      [](NormSpec &s) { s.gate->strides = {}; },
      [](NormSpec &s) { s.modulation.reset(); },
      [](NormSpec &s) { s.modulation->axes = {0}; },
      [](NormSpec &s) { s.modulation->dtype = DType::F16; },
      [](NormSpec &s) { s.modulation->hasScale = false; },
      [](NormSpec &s) { s.modulation->hasShift = false; },
      [](NormSpec &s) { s.modulation->strides = {2}; },
      [](NormSpec &s) { s.dropout.reset(); },
      [](NormSpec &s) { s.dropout->probability = 0.25; },
      [](NormSpec &s) {
        s.dropout->placement = Dropout::Placement::BeforeResidual;
      },
      [](NormSpec &s) { s.second.reset(); },
      [](NormSpec &s) { s.second->scale->axes = {0}; },
      [](NormSpec &s) { s.second->shift->axes = {0}; },
      [](NormSpec &s) { s.second->scaleOffset = 1; },
      [](NormSpec &s) { s.second->dtype = DType::F16; },
      [](NormSpec &s) { s.second->strides = {9, 1}; },
  };
}

/// Those of what has 8 bits.
static void addScaleChanges(std::vector<Change> &changes) {
  const Change more[] = {
      [](NormSpec &s) { s.quantization = std::nullopt; },
      [](NormSpec &s) { s.quantization->dtype = DType::I8; },
      [](NormSpec &s) { s.quantization->scope = ScaleScope::Tensor; },
      [](NormSpec &s) { s.quantization->block = 32; },
      [](NormSpec &s) { s.quantization->scaleType = ScaleType::E8M0; },
      [](NormSpec &s) { s.quantization->inverse = true; },
      [](NormSpec &s) { s.quantization->upperBound = 3; },
      [](NormSpec &s) { s.quantization->upperBound = 0; },
      [](NormSpec &s) { s.quantization->upperBound = std::nullopt; },
      [](NormSpec &s) { s.quantization->smallestScale = 3; },
      [](NormSpec &s) { s.quantization->smallestScale = std::nullopt; },
      [](NormSpec &s) { s.quantization->matchUnfused = true; },
      [](NormSpec &s) { s.quantization->full = true; },
      [](NormSpec &s) { s.quantization->scaleStrides = {2}; },
      [](NormSpec &s) { s.inputScale = std::nullopt; },
      [](NormSpec &s) { s.inputScale->scope = ScaleScope::Row; },
      [](NormSpec &s) { s.inputScale->block = 32; },
      [](NormSpec &s) { s.inputScale->scaleType = ScaleType::E8M0; },
      [](NormSpec &s) { s.inputScale->inverse = true; },
      [](NormSpec &s) { s.inputScale->scaleStrides = {2}; }};
  changes.insert(changes.end(), std::begin(more), std::end(more));
}

/// Every way in which a field can differ from fullSpec's.
static std::vector<Change> listChanges() {
  std::vector<Change> changes = {
      [](NormSpec &s) { s.name = "norn"; }, [](NormSpec &s) { s.name = ""; },
      [](NormSpec &s) { s.shape = {4, kDynamic}; },
      [](NormSpec &s) { s.shape = {4, 8, 8}, s.inputStrides = {1}; },
      [](NormSpec &s) { s.inputStrides = {}; },
      [](NormSpec &s) { s.outputStrides = {9, 1}; },
      [](NormSpec &s) { s.dtype = DType::F64; },
      [](NormSpec &s) { s.outputDtype = DType::F32; },
      [](NormSpec &s) { s.outputDtype = std::nullopt; },
      [](NormSpec &s) { s.axes = {0}; },
      [](NormSpec &s) { s.statistic = Statistic::Rms; },
      // No statistic, and so refused: must not find what Rms compiles to.
      [](NormSpec &s) { s.statistic = Statistic(256 + int(Statistic::Rms)); },
      [](NormSpec &s) { s.epsilon = 1e-6; },
      [](NormSpec &s) { s.placement = EpsilonPlacement::Clamp; },
      [](NormSpec &s) { s.p = 3; }, [](NormSpec &s) { s.partial = 0.25; },
      [](NormSpec &s) { s.partial = 0; },
      [](NormSpec &s) { s.partial = std::nullopt; },
      [](NormSpec &s) { s.groups = 4; }, [](NormSpec &s) { s.groups = 0; },
      [](NormSpec &s) { s.groups = std::nullopt; },
      [](NormSpec &s) { s.groupAxis = 1; },
      [](NormSpec &s) { s.perGroup = true; },
      [](NormSpec &s) { s.given.hasMean = false; },
      [](NormSpec &s) { s.given.isRstd = true; },
      [](NormSpec &s) { s.given.dtype = std::nullopt; },
      [](NormSpec &s) { s.given.folded = false; },
      [](NormSpec &s) { s.given.strides = {2}; },
      [](NormSpec &s) { s.scaleOffset = 1; },
      [](NormSpec &s) { s.scaleOffset = -0.0; },
      [](NormSpec &s) { s.rounding = Rounding::Normalized; },
      [](NormSpec &s) { s.correction = 1; },
      [](NormSpec &s) { s.saveMean = true; },
      [](NormSpec &s) { s.saveVariance = true; },
      [](NormSpec &s) { s.saveRstd = true; }};
  addScaleChanges(changes);
  for (const Change &change : listFusionChanges())
    changes.push_back(change);
  for (auto member : {&NormSpec::alpha, &NormSpec::scale, &NormSpec::shift,
                      &NormSpec::bias}) {
    changes.push_back([=](NormSpec &s) { s.*member = std::nullopt; });
    changes.push_back([=](NormSpec &s) { (s.*member)->axes = {0}; });
    changes.push_back([=](NormSpec &s) { (s.*member)->axes = {}; });
    changes.push_back([=](NormSpec &s) { (s.*member)->dtype = DType::F16; });
    changes.push_back([=](NormSpec &s) { (s.*member)->dtype = std::nullopt; });
    changes.push_back([=](NormSpec &s) { (s.*member)->strides = {kDynamic}; });
  }
  return changes;
}

TEST(CacheKeyTest, EveryFieldOfASpecCounts) {
  std::map<std::string, size_t> seen = {{keyOf(fullSpec()), 0}};
  EXPECT_EQ(seen.count(keyOf(fullSpec())), 1u) << "equal specs, equal keys";
  size_t number = 0;
  for (const Change &change : listChanges()) {
    NormSpec spec = fullSpec();
    change(spec);
    auto [known, isNew] = seen.emplace(keyOf(spec), ++number);
    EXPECT_TRUE(isNew) << "change " << number << " gives the key of "
                       << known->second;
  }
}

TEST(CacheKeyTest, ListsDoNotRunIntoEachOther) {
  NormSpec a, b;
  a.shape = {1, 2}, a.inputStrides = {3};
  b.shape = {1}, b.inputStrides = {2, 3};
  EXPECT_NE(keyOf(a), keyOf(b));
}

TEST(CacheKeyTest, LargeSpecsHaveKeys) {
  NormSpec spec = fullSpec();
  spec.name = std::string(5000, 'n');
  std::string key = keyOf(spec);
  EXPECT_GT(key.size(), 5000u);
  spec.name.back() = 'm';
  EXPECT_NE(keyOf(spec), key);
  spec.name.back() = 'n';
  EXPECT_EQ(keyOf(spec), key);
}

TEST(CacheKeyTest, EveryFieldOfATargetCounts) {
  const Target base = *Target::named("x86-64-v3");
  const std::vector<std::function<void(Target &)>> changes = {
      [](Target &) {},
      [](Target &t) { t.kind = Target::Kind::Gpu; },
      [](Target &t) { t.name += "x"; },
      [](Target &t) { t.triple += "x"; },
      [](Target &t) { t.cpu += "x"; },
      [](Target &t) { t.features = {"+fma"}; },
      [](Target &t) { t.features = {"+fm", "a"}; },
      [](Target &t) { t.features = {"+a-feature-with-a-long-name"}; },
      [](Target &t) { t.vectorBits = 512; },
      [](Target &t) { ++t.l2Bytes; },
      [](Target &t) { ++t.llcBytes; },
      [](Target &t) { t.hasFma = !t.hasFma; },
      [](Target &t) { t.hasHalfConversion = !t.hasHalfConversion; }};
  NormSpec spec = fullSpec();
  std::map<std::string, size_t> seen;
  for (size_t i = 0; i < changes.size(); ++i) {
    Target target = base;
    changes[i](target);
    EXPECT_TRUE(seen.emplace(keyOf(spec, TargetKey(target)), i).second) << i;
    EXPECT_EQ(CacheKey(spec, target).bytes(), keyOf(spec, TargetKey(target)))
        << "by value and by key, after another target: " << i;
    EXPECT_EQ(CacheKey(spec, target).bytes(), keyOf(spec, TargetKey(target)))
        << "by value, after the same target: " << i;
  }
}

/// The thread's last target is recognised by the bytes of its strings' objects;
/// characters that lie elsewhere change without those.
TEST(CacheKeyTest, ATargetMayChangeInPlace) {
  NormSpec spec = fullSpec();
  Target target = *Target::named("x86-64-v3");
  target.features = {"+fma", "+a-feature-with-a-long-name"};
  std::string before(CacheKey(spec, target).bytes());
  EXPECT_EQ(CacheKey(spec, target).bytes(), before);
  target.features[1].back() = 'x';
  EXPECT_NE(CacheKey(spec, target).bytes(), before);
  target.features[1].back() = 'e';
  EXPECT_EQ(CacheKey(spec, target).bytes(), before);
  target.features[0].back() = 'x';
  EXPECT_NE(CacheKey(spec, target).bytes(), before);
  target.features[0].back() = 'a';
  Target copy = target;
  EXPECT_EQ(CacheKey(spec, copy).bytes(), before);
}

TEST(CacheKeyTest, TextIsKeyedByItsCharacters) {
  auto keyOfText = [](std::string_view text) {
    return std::string(CacheKey(text, TargetKey::native()).bytes());
  };
  EXPECT_EQ(keyOfText("module {}"), keyOfText("module {}"));
  EXPECT_NE(keyOfText("module {}"), keyOfText("module { }"));
  EXPECT_NE(keyOfText(""), keyOf(NormSpec()));
  EXPECT_NE(std::string(CacheKey("", Target::native()).bytes()),
            std::string(CacheKey("", *Target::named("sm_90")).bytes()));
  std::string large(100000, ' ');
  EXPECT_EQ(CacheKey(large, Target::native()).bytes(), keyOfText(large));
  // Text that spells a spec's key is not that spec.
  std::string spec = keyOf(fullSpec());
  EXPECT_NE(keyOfText(spec.substr(17)), spec);
}

TEST(CacheKeyTest, NativeIsTheNativeTarget) {
  EXPECT_EQ(TargetKey::native().digest(), TargetKey(Target::native()).digest());
  EXPECT_EQ(&TargetKey::native(), &TargetKey::native());
  EXPECT_EQ(TargetKey::native().target().name, "native");
}
