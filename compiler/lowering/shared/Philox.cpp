//===- Philox.cpp - Philox4x32-10 as integer code -------------------------===//

#include "compiler/lowering/shared/Philox.h"

#include "compiler/passes/math/FloatBuilder.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

#include <array>

using namespace mlir;
using namespace normc;

using IPred = arith::CmpIPredicate;

// Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3",
// SC'11; the names are Random123's.
static constexpr unsigned kRounds = 10;
static constexpr uint64_t kM0 = 0xD2511F53, kM1 = 0xCD9E8D57;
static constexpr uint64_t kW0 = 0x9E3779B9, kW1 = 0xBB67AE85;
static constexpr uint64_t kLow = 0xFFFFFFFF;

PhiloxKeys normc::emitPhiloxKeys(ImplicitLocOpBuilder &b, Value seed,
                                 Type shape) {
  ElementwiseBuilder e(b, b.getLoc(), seed.getType());
  PhiloxKeys keys;
  auto add = [&](Value key) {
    keys.push_back(key.getType() == shape
                       ? key
                       : vector::BroadcastOp::create(b, shape, key));
  };
  Value upper = e.shr(seed, 32);
  for (unsigned round = 0; round < kRounds; ++round) {
    add(e.addi(seed, round * kW0));
    add(e.addi(upper, round * kW1));
  }
  return keys;
}

/// The four words of the block of each counter, in the lower halves of i64;
/// what is above them is undefined: a multiplication takes lower halves alone,
/// and the masks in front of it disappear.
static std::array<Value, 4> emitBlocks(ElementwiseBuilder &e,
                                       const PhiloxKeys &keys, Value counter) {
  Value zero = e.intConstant(64, 0);
  Value c0 = counter, c1 = e.shr(counter, 32), c2 = zero, c3 = zero;
  for (unsigned round = 0; round < kRounds; ++round) {
    Value p0 = e.muli(e.andi(c0, kLow), kM0);
    Value p1 = e.muli(e.andi(c2, kLow), kM1);
    c0 = e.xori(e.xori(e.shr(p1, 32), c1), keys[2 * round]);
    c2 = e.xori(e.xori(e.shr(p0, 32), c3), keys[2 * round + 1]);
    c1 = p1;
    c3 = p0;
  }
  return {c0, c1, c2, c3};
}

Value normc::emitPhiloxWords(ImplicitLocOpBuilder &b, Value seed, Value offset,
                             Value index) {
  ElementwiseBuilder e(b, b.getLoc(), index.getType());
  auto words = emitBlocks(e, emitPhiloxKeys(b, seed, index.getType()),
                          e.addi(offset, e.shr(index, 2)));
  Value isEven = e.cmpi(IPred::eq, e.andi(index, 1), 0);
  Value isFirst = e.cmpi(IPred::eq, e.andi(index, 2), 0);
  Value word = e.select(isFirst, e.select(isEven, words[0], words[1]),
                        e.select(isEven, words[2], words[3]));
  return e.trunci(word, 32);
}

/// Where a block is computed: of eight, or of what is left of them, the first
/// half in even lanes, so that halves of blocks come together without leaving
/// their 128 bits.
static int64_t laneOf(int64_t block, int64_t blocks) {
  int64_t begin = block / 8 * 8, place = block - begin;
  int64_t half = llvm::divideCeil(std::min<int64_t>(blocks - begin, 8), 2);
  return begin + (place < half ? 2 * place : 2 * (place - half) + 1);
}

Value normc::emitPhiloxRun(ImplicitLocOpBuilder &b, const PhiloxKeys &keys,
                           Value offset, Value first) {
  auto type = cast<VectorType>(keys.front().getType());
  int64_t blocks = type.getNumElements();
  ElementwiseBuilder e(b, b.getLoc(), type);
  SmallVector<int64_t> firsts(blocks), order;
  for (int64_t block = 0; block < blocks; ++block) {
    int64_t lane = laneOf(block, blocks);
    firsts[lane] = 4 * block;
    llvm::append_values(order, lane, blocks + lane);
  }
  // Each block from its own number: a masked vector may begin before the first
  // point, at a number that is negative, and end behind it.
  Value numbers =
      e.addi(vector::BroadcastOp::create(b, type, first),
             arith::ConstantOp::create(b, b.getI64VectorAttr(firsts)));
  Value counter =
      e.addi(vector::BroadcastOp::create(b, type, offset), e.shr(numbers, 2));
  auto words = emitBlocks(e, keys, counter);
  // Words 0 and 1 of a block side by side, and 2 and 3; then both in turn.
  auto pair = [&](Value low, Value high) {
    return e.ori(e.andi(low, kLow), e.shl(high, 32));
  };
  Value both = vector::ShuffleOp::create(b, pair(words[0], words[1]),
                                         pair(words[2], words[3]), order);
  return vector::BitCastOp::create(
      b, VectorType::get(4 * blocks, b.getI32Type()), both);
}
