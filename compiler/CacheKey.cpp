//===- CacheKey.cpp - what tells kernels apart ----------------------------===//

#include "normc/CacheKey.h"

#include "llvm/Support/SHA256.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

using namespace normc;

//===----------------------------------------------------------------------===//
// Targets
//===----------------------------------------------------------------------===//

/// A target's fields. A new one makes the bindings an error: what code depends
/// on must not be left out of a key.
static auto tieFields(const Target &target) {
  const auto &[kind, name, triple, cpu, features, vectorBits, sveBits, l2Bytes,
               llcBytes, hasFma, hasHalfConversion, hasBF16] = target;
  return std::tie(kind, name, triple, cpu, features, vectorBits, sveBits,
                  l2Bytes, llcBytes, hasFma, hasHalfConversion, hasBF16);
}

namespace {

/// Hashes values with their lengths, so that no two lists of them meet.
class DigestBuilder {
public:
  template <typename T>
    requires std::is_trivially_copyable_v<T>
  void operator()(const T &value) {
    static_assert(std::has_unique_object_representations_v<T>);
    hash.update(llvm::ArrayRef(reinterpret_cast<const uint8_t *>(&value),
                               sizeof(value)));
  }
  void operator()(const std::string &text) {
    (*this)(uint64_t(text.size()));
    hash.update(llvm::StringRef(text));
  }
  void operator()(const std::vector<std::string> &texts) {
    (*this)(uint64_t(texts.size()));
    for (const std::string &text : texts)
      (*this)(text);
  }
  TargetDigest finish() {
    TargetDigest digest;
    std::array<uint8_t, 32> bytes = hash.final();
    std::copy_n(bytes.begin(), digest.size(), digest.begin());
    return digest;
  }

private:
  llvm::SHA256 hash;
};

} // namespace

static TargetDigest computeDigest(const Target &target) {
  DigestBuilder builder;
  std::apply([&](const auto &...fields) { (builder(fields), ...); },
             tieFields(target));
  return builder.finish();
}

namespace {

/// The target that a thread used last. A hundred features are recognised by the
/// bytes of their string objects, in a fifth of the time that comparing the
/// strings takes: equal bytes are equal strings, but for those whose characters
/// lie elsewhere.
class RecentTarget {
public:
  const TargetDigest &digestOf(const Target &target) {
    if (!key || !isUnchanged(target))
      remember(target);
    return key->digest();
  }

private:
  bool isUnchanged(const Target &target) const {
    const std::vector<std::string> &features = target.features;
    if (features.size() * sizeof(std::string) != objects.size() ||
        (!objects.empty() &&
         std::memcmp(features.data(), objects.data(), objects.size()) != 0))
      return false;
    for (size_t i : distant)
      if (features[i] != key->target().features[i])
        return false;
    auto isSame = []<typename T>(const T &a, const T &b) {
      if constexpr (std::is_same_v<T, std::vector<std::string>>)
        return true; // As was seen above.
      else
        return a == b;
    };
    return std::apply(
        [&](const auto &...known) {
          return std::apply(
              [&](const auto &...asked) {
                return (isSame(known, asked) && ...);
              },
              tieFields(target));
        },
        tieFields(key->target()));
  }

  void remember(const Target &target) {
    if (!key || tieFields(key->target()) != tieFields(target))
      key.emplace(target);
    const std::vector<std::string> &features = target.features;
    objects.resize(features.size() * sizeof(std::string));
    distant.clear();
    if (features.empty())
      return;
    std::memcpy(objects.data(), features.data(), objects.size());
    for (size_t i = 0; i < features.size(); ++i)
      if (!liesWithin(features[i].data(), &features[i]))
        distant.push_back(i);
  }

  static bool liesWithin(const char *characters, const std::string *object) {
    auto at = reinterpret_cast<uintptr_t>(characters);
    auto begin = reinterpret_cast<uintptr_t>(object);
    return at >= begin && at < begin + sizeof(std::string);
  }

  std::optional<TargetKey> key;
  std::vector<char> objects;   ///< The bytes of the features' objects.
  std::vector<size_t> distant; ///< Features whose characters lie elsewhere.
};

} // namespace

const TargetDigest &normc::digestOf(const Target &target) {
  thread_local RecentTarget recent;
  return recent.digestOf(target);
}

TargetKey::TargetKey(Target target)
    : described(std::move(target)), identity(computeDigest(described)) {}

const TargetKey &TargetKey::native() {
  static const TargetKey *key = new TargetKey(Target::native());
  return *key;
}

//===----------------------------------------------------------------------===//
// Keys
//===----------------------------------------------------------------------===//

namespace {

/// What a spec holds in numbers, in one piece without padding; an absent number
/// is 0, and told from 0 by `present`.
struct Numbers {
  double epsilon, p, scaleOffset, partial;
  int64_t groups, groupAxis, correction;
  // Whole: a spec may hold any value.
  int32_t statistic, placement, rounding, activationBefore, activationAfter;
  uint16_t dtype, outputDtype;
  uint8_t present, perGroup, saved[6];
};
static_assert(sizeof(Numbers) == 7 * 8 + 5 * 4 + 2 * 2 + 8);

} // namespace

/// Writes lists after their lengths, so that equal bytes mean equal values.
/// Nearly all have a few elements: loops here, not calls of memcpy.
class CacheKey::Writer {
public:
  /// `bytes` is the most that will be written.
  Writer(CacheKey &key, size_t bytes) : key(key) {
    if (bytes > sizeof(key.inlineBytes)) {
      key.largeBytes = std::make_unique_for_overwrite<char[]>(bytes);
      key.begin = key.largeBytes.get();
    }
    end = const_cast<char *>(key.begin);
  }
  ~Writer() { key.size = size_t(end - key.begin); }

  /// A number or a struct of a size that is known.
  template <typename T> void add(const T &value) {
    static_assert(std::is_trivially_copyable_v<T>);
    std::memcpy(end, &value, sizeof(value));
    end += sizeof(value);
  }
  void add(const std::string &text) {
    add(uint32_t(text.size()));
    for (char c : text)
      *end++ = c;
  }
  void add(const std::vector<int64_t> &list) {
    add(uint32_t(list.size()));
    for (int64_t number : list)
      add(number);
  }
  void add(const Parameter &parameter) {
    const auto &[axes, dtype, strides] = parameter;
    add(codeOf(dtype));
    add(axes);
    add(strides);
  }
  void add(const std::optional<Parameter> &parameter) {
    parameter ? add(*parameter) : add('-');
  }
  void add(const GivenStatistics &given) {
    const auto &[hasMean, isRstd, dtype, folded, strides] = given;
    add(uint8_t(hasMean | isRstd << 1 | folded << 2));
    add(codeOf(dtype));
    add(strides);
  }

  void add(const Residual &residual) {
    const auto &[dtype, rounded, emitSum, sumDtype, gate, strides, sumStrides] =
        residual;
    add(uint8_t(rounded | emitSum << 1));
    add(codeOf(dtype));
    add(codeOf(sumDtype));
    add(gate);
    add(strides);
    add(sumStrides);
  }
  void add(const Gate &gate) {
    const auto &[placement, activation, dtype, strides] = gate;
    add(int32_t(placement));
    add(int32_t(activation));
    add(codeOf(dtype));
    add(strides);
  }
  void add(const Modulation &modulation) {
    const auto &[axes, dtype, hasScale, hasShift, strides] = modulation;
    add(uint8_t(hasScale | hasShift << 1));
    add(codeOf(dtype));
    add(axes);
    add(strides);
  }
  void add(const Dropout &dropout) {
    const auto &[probability, placement] = dropout;
    add(probability);
    add(int32_t(placement));
  }
  void add(const SecondOutput &second) {
    const auto &[scale, shift, scaleOffset, dtype, strides] = second;
    add(scale);
    add(shift);
    add(scaleOffset);
    add(codeOf(dtype));
    add(strides);
  }
  template <typename... Ts> void addPresent(const std::optional<Ts> &...parts) {
    uint8_t present = 0, bit = 1;
    ((present |= parts ? bit : 0, bit <<= 1), ...);
    add(present);
    (((void)(parts && (add(*parts), true))), ...);
  }
  void add(const std::optional<Quantization> &quantization) {
    if (!quantization)
      return add('-');
    const auto &[dtype, scope, block, scaleType, inverse, upperBound,
                 smallestScale, matchUnfused, full, strides] = *quantization;
    add(codeOf(dtype));
    addScale(scope, block, scaleType, strides);
    add(uint8_t(inverse | matchUnfused << 1 | full << 2 |
                upperBound.has_value() << 3 | smallestScale.has_value() << 4));
    add(upperBound.value_or(0));
    add(smallestScale.value_or(0));
  }
  void add(const std::optional<InputScale> &inputScale) {
    if (!inputScale)
      return add('-');
    const auto &[scope, block, scaleType, inverse, strides] = *inputScale;
    addScale(scope, block, scaleType, strides);
    add(uint8_t(inverse));
  }

  /// Characters without their number; last.
  void addRest(std::string_view text) {
    std::memcpy(end, text.data(), text.size());
    end += text.size();
  }

  /// An element type or its absence.
  static uint16_t codeOf(const std::optional<DType> &dtype) {
    return dtype ? uint16_t(*dtype) : uint16_t(0xFFFF);
  }

private:
  void addScale(ScaleScope scope, int64_t block, ScaleType type,
                const std::vector<int64_t> &strides) {
    add(int32_t(scope));
    add(block);
    add(int32_t(type));
    add(strides);
  }

  CacheKey &key;
  char *end;
};

/// The numbers in a spec's lists, and the characters of its name, in bytes.
static size_t listBytes(const NormSpec &spec) {
  size_t numbers = spec.shape.size() + spec.inputStrides.size() +
                   spec.outputStrides.size() + spec.axes.size() +
                   spec.given.strides.size();
  auto count = [&](const std::optional<Parameter> &parameter) {
    if (parameter)
      numbers += parameter->axes.size() + parameter->strides.size();
  };
  for (const auto *parameter :
       {&spec.alpha, &spec.scale, &spec.shift, &spec.bias})
    count(*parameter);
  if (const auto &residual = spec.residual) {
    count(residual->gate);
    numbers += residual->strides.size() + residual->sumStrides.size();
  }
  if (spec.gate)
    numbers += spec.gate->strides.size();
  if (spec.modulation)
    numbers += spec.modulation->axes.size() + spec.modulation->strides.size();
  if (const auto &second = spec.second) {
    count(second->scale);
    count(second->shift);
    numbers += second->strides.size();
  }
  if (spec.quantization)
    numbers += spec.quantization->scaleStrides.size();
  if (spec.inputScale)
    numbers += spec.inputScale->scaleStrides.size();
  return numbers * sizeof(int64_t) + spec.name.size();
}

CacheKey::CacheKey(const NormSpec &spec, const TargetDigest &target) {
  // As with a target, a new field is an error here.
  const auto &[name, shape, inputStrides, outputStrides, dtype, outputDtype,
               axes, statistic, epsilon, placement, p, partial, groups,
               groupAxis, perGroup, given, alpha, scale, scaleOffset, shift,
               rounding, correction, saveMean, saveVariance, saveRstd, bias,
               residual, activationBefore, gate, modulation, activationAfter,
               dropout, second, quantization, inputScale] = spec;
  // All that is not in lists takes less than in the spec itself.
  Writer writer(*this, 1 + sizeof(target) + sizeof(spec) + listBytes(spec));
  writer.add('s');
  writer.add(target);
  writer.add(
      Numbers{.epsilon = epsilon,
              .p = p,
              .scaleOffset = scaleOffset,
              .partial = partial.value_or(0),
              .groups = groups.value_or(0),
              .groupAxis = groupAxis,
              .correction = correction,
              .statistic = int32_t(statistic),
              .placement = int32_t(placement),
              .rounding = int32_t(rounding),
              .activationBefore = int32_t(activationBefore),
              .activationAfter = int32_t(activationAfter),
              .dtype = Writer::codeOf(dtype),
              .outputDtype = Writer::codeOf(outputDtype),
              .present = uint8_t(partial.has_value() | groups.has_value() << 1),
              .perGroup = uint8_t(perGroup),
              .saved = {saveMean, saveVariance, saveRstd}});
  writer.add(name);
  for (const std::vector<int64_t> *list :
       {&shape, &inputStrides, &outputStrides, &axes})
    writer.add(*list);
  writer.add(given);
  for (const std::optional<Parameter> *parameter : {&alpha, &scale, &shift})
    writer.add(*parameter);
  writer.addPresent(bias, residual, gate, modulation, dropout, second);
  writer.add(quantization);
  writer.add(inputScale);
}

CacheKey::CacheKey(std::string_view mlir, const TargetDigest &target) {
  Writer writer(*this, 1 + sizeof(target) + mlir.size());
  writer.add('t');
  writer.add(target);
  writer.addRest(mlir);
}

CacheKey::CacheKey(const NormSpec &spec, const TargetKey &target)
    : CacheKey(spec, target.digest()) {}

CacheKey::CacheKey(std::string_view mlir, const TargetKey &target)
    : CacheKey(mlir, target.digest()) {}

CacheKey::CacheKey(const NormSpec &spec, const Target &target)
    : CacheKey(spec, digestOf(target)) {}

CacheKey::CacheKey(std::string_view mlir, const Target &target)
    : CacheKey(mlir, digestOf(target)) {}
