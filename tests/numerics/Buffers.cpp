//===- Buffers.cpp - strided test tensors that watch their edges ----------===//

#include "tests/numerics/Buffers.h"

#include "tests/numerics/Dtype.h"

#include <algorithm>
#include <cstring>
#include <new>

#include <sys/mman.h>
#include <unistd.h>

using namespace normc;
using namespace normc::numerics;

/// Bytes kept before and after a tensor: more than any vector is wide.
static constexpr int64_t kMargin = 256;

uint64_t Generator::next() {
  uint64_t z = state += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

double Generator::uniform() { return double(next() >> 11) * 0x1p-53; }

double Generator::normal() {
  double sum = -6; // twelve uniforms have mean 6 and variance 1
  for (int i = 0; i < 12; i += 4) {
    uint64_t word = next();
    for (int part = 0; part < 4; ++part)
      sum += double(word >> (16 * part) & 0xffff) * 0x1p-16 + 0x1p-17;
  }
  return sum;
}

std::vector<int64_t>
normc::numerics::rowMajor(const std::vector<int64_t> &shape) {
  std::vector<int64_t> strides(shape.size());
  int64_t stride = 1;
  for (size_t axis = shape.size(); axis-- > 0;) {
    strides[axis] = stride;
    stride *= std::max<int64_t>(shape[axis], 1);
  }
  return strides;
}

static std::shared_ptr<std::byte> allocatePlain(int64_t bytes) {
  constexpr std::align_val_t alignment{64};
  auto *memory = static_cast<std::byte *>(::operator new(bytes, alignment));
  return {memory, [](std::byte *p) { ::operator delete(p, alignment); }};
}

/// Whole pages, followed by one that can't be touched. `bytes` is rounded up.
static std::shared_ptr<std::byte> allocateGuarded(int64_t &bytes) {
  int64_t page = sysconf(_SC_PAGESIZE);
  bytes = (bytes + page - 1) / page * page;
  int64_t total = bytes + page;
  void *memory = mmap(nullptr, total, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    throw std::bad_alloc();
  auto *start = static_cast<std::byte *>(memory);
  mprotect(start + bytes, page, PROT_NONE);
  return {start, [total](std::byte *p) { munmap(p, total); }};
}

Buffer::Buffer(std::string name, DType dtype, std::vector<int64_t> shape,
               const Layout &layout)
    : label(std::move(name)), type(dtype), extents(std::move(shape)),
      steps(layout.strides.empty() ? rowMajor(extents) : layout.strides) {
  // Elements from the lowest address to the origin, and to the highest.
  int64_t below = 0, above = 0;
  for (size_t axis = 0; axis < extents.size(); ++axis) {
    int64_t reach = std::max<int64_t>(extents[axis] - 1, 0) * steps[axis];
    (reach < 0 ? below : above) += reach;
  }
  const int64_t size = byteSize(type);
  const int64_t tensorBytes =
      elementCount() == 0 ? 0 : (above - below + 1) * size;
  std::byte *lowest;
  if (layout.endsAtGuardPage) {
    byteCount = tensorBytes + kMargin;
    memory = allocateGuarded(byteCount);
    lowest = memory.get() + byteCount - tensorBytes;
  } else {
    byteCount = tensorBytes + layout.offset * size + 2 * kMargin;
    memory = allocatePlain(byteCount);
    lowest = memory.get() + kMargin + layout.offset * size;
  }
  origin = lowest - below * size;
  clear();
}

int64_t Buffer::elementCount() const {
  int64_t count = 1;
  for (int64_t extent : extents)
    count *= extent;
  return count;
}

TensorRef Buffer::ref() const {
  return TensorRef::strided(static_cast<void *>(origin), type, Dims(extents),
                            Dims(steps));
}

template <typename F> void Buffer::forEach(F f) const {
  const int64_t size = byteSize(type);
  std::vector<int64_t> index(extents.size(), 0);
  std::byte *address = origin;
  for (int64_t left = elementCount(); left > 0; --left) {
    f(address);
    for (size_t axis = extents.size(); axis-- > 0;) {
      address += steps[axis] * size;
      if (++index[axis] < extents[axis])
        break;
      address -= extents[axis] * steps[axis] * size;
      index[axis] = 0;
    }
  }
}

void Buffer::fill(const std::vector<uint64_t> &bits) {
  std::memset(memory.get(), 0xff, byteCount);
  auto next = bits.begin();
  forEach([&](std::byte *address) { storeBits(type, address, *next++); });
  snapshot.assign(memory.get(), memory.get() + byteCount);
}

void Buffer::clear() {
  std::memset(memory.get(), 0xff, byteCount);
  snapshot.assign(memory.get(), memory.get() + byteCount);
}

std::vector<uint64_t> Buffer::bits() const {
  std::vector<uint64_t> all;
  all.reserve(elementCount());
  forEach([&](std::byte *address) { all.push_back(loadBits(type, address)); });
  return all;
}

std::vector<long double> Buffer::read() const {
  std::vector<long double> all;
  all.reserve(elementCount());
  forEach([&](std::byte *address) {
    all.push_back(decode(type, loadBits(type, address)));
  });
  return all;
}

bool Buffer::isUnchanged() const {
  return std::equal(snapshot.begin(), snapshot.end(), memory.get());
}

bool Buffer::areGapsUnchanged() const {
  std::vector<std::byte> expected = snapshot;
  forEach([&](std::byte *address) {
    std::memcpy(&expected[address - memory.get()], address, byteSize(type));
  });
  return std::equal(expected.begin(), expected.end(), memory.get());
}
