//===- RandomFill.cpp - arrays of random numbers --------------------------===//

#include "RandomFill.h"

#include <algorithm>
#include <cmath>
#include <numbers>

using namespace normc;
using namespace normc::tool;

namespace {

/// SplitMix64 (Steele et al., 2014).
class Generator {
public:
  explicit Generator(uint64_t seed) : state(seed) {}

  uint64_t next() {
    state += 0x9e3779b97f4a7c15;
    uint64_t z = state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  /// In (0, 1].
  double uniform() { return double((next() >> 11) + 1) * 0x1p-53; }
  /// Two independent normal numbers (Box and Muller, 1958).
  std::pair<double, double> normals() {
    double radius = std::sqrt(-2 * std::log(uniform()));
    double angle = 2 * std::numbers::pi * uniform();
    return {radius * std::cos(angle), radius * std::sin(angle)};
  }

private:
  uint64_t state;
};

/// Of integers: 4 of them fit into i8.
constexpr double kIntegerScale = 32;

/// What a thread takes at a time, from a generator of its own.
constexpr int64_t kBlock = 1 << 15;

struct Fill {
  DType dtype;
  std::byte *data;
  int64_t count;
  uint64_t seed;
  bool isPositive;
  double scale;

  void store(int64_t index, double value) const {
    if (isPositive)
      value = 0.5 + std::fabs(value);
    if (index < count)
      storeElement(dtype, data + index * byteSize(dtype), value * scale);
  }
  void block(int64_t number) const {
    Generator generator(seed + uint64_t(number) * 0xd1342543de82ef95);
    int64_t end = std::min((number + 1) * kBlock, count);
    for (int64_t i = number * kBlock; i < end; i += 2) {
      auto [a, b] = generator.normals();
      store(i, a);
      store(i + 1, b);
    }
  }
};

} // namespace

void normc::tool::fillRandom(Array &array, uint64_t seed, std::string_view name,
                             bool isPositive, Executor &executor) {
  // FNV-1a of the name.
  uint64_t hash = 0xcbf29ce484222325;
  for (char c : name)
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  bool isInteger = array.dtype >= DType::I8;
  Fill fill{array.dtype,
            array.data.get(),
            array.bytes / byteSize(array.dtype),
            Generator(seed ^ hash).next(),
            isPositive,
            isInteger ? kIntegerScale : 1};
  int64_t blocks = (fill.count + kBlock - 1) / kBlock;
  if (blocks > 0)
    executor.parallelFor(
        blocks,
        [](void *context, int64_t begin, int64_t end) {
          for (int64_t number = begin; number < end; ++number)
            static_cast<const Fill *>(context)->block(number);
        },
        &fill);
}
