//===- PlainCbor.cpp - whether bytes are harmless CBOR --------------------===//

#include "runtime/PlainCbor.h"

#include <cstddef>
#include <cstdint>

using namespace normc;

namespace {

/// The first byte of an item, and the number that comes with it.
struct Head {
  int major = 0; ///< The item's type: the byte's upper three bits.
  int info = 0;  ///< The lower five.
  uint64_t number = 0;
};

class Scanner {
public:
  explicit Scanner(std::span<const char> bytes) : rest(bytes) {}

  bool isOneItem() {
    uint64_t open[kMaxCborDepth + 1] = {1}; // Items to come, by level.
    int depth = 0;
    while (depth >= 0) {
      if (open[depth] == 0) {
        --depth;
        continue;
      }
      --open[depth];
      uint64_t inside = 0;
      if (!skipItem(inside))
        return false;
      if (inside == 0)
        continue;
      if (depth == kMaxCborDepth)
        return false;
      open[++depth] = inside;
    }
    return rest.empty();
  }

private:
  /// Reads past an item, of an array or a map only the head; `inside` is then
  /// the number of items in it.
  bool skipItem(uint64_t &inside) {
    Head head;
    if (!readHead(head))
      return false;
    switch (head.major) {
    case 0: // Numbers.
    case 1:
      return true;
    case 2: // Bytes and text.
    case 3:
      return skip(head.number);
    case 4:
      inside = head.number;
      return head.number <= rest.size(); // Each takes at least a byte.
    case 5:
      inside = 2 * head.number;
      return head.number <= rest.size() / 2;
    case 7: // false, true, null and floating-point numbers.
      return (head.info >= 20 && head.info <= 22) || head.info >= 25;
    default: // Tags.
      return false;
    }
  }

  bool readHead(Head &head) {
    if (rest.empty())
      return false;
    auto first = static_cast<uint8_t>(rest.front());
    rest = rest.subspan(1);
    head.major = first >> 5;
    head.info = first & 31;
    if (head.info > 27) // Of unknown length, or reserved.
      return false;
    if (head.info < 24) {
      head.number = head.info;
      return true;
    }
    size_t length = size_t(1) << (head.info - 24);
    if (rest.size() < length)
      return false;
    for (size_t i = 0; i < length; ++i)
      head.number = head.number << 8 | static_cast<uint8_t>(rest[i]);
    rest = rest.subspan(length);
    return true;
  }

  bool skip(uint64_t count) {
    if (count > rest.size())
      return false;
    rest = rest.subspan(count);
    return true;
  }

  std::span<const char> rest;
};

} // namespace

bool normc::isPlainCbor(std::span<const char> bytes) {
  return Scanner(bytes).isOneItem();
}
