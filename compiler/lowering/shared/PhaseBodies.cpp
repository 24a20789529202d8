//===- PhaseBodies.cpp - copies of a phase's body, and their totals -------===//

#include "compiler/lowering/shared/PhaseEmitter.h"
#include "compiler/lowering/shared/PhaseTraits.h"

#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace normc;
using namespace normc::norm;

PhaseEmitter::Values PhaseEmitter::emitBodies(PhaseLoops &loops,
                                              const Position &position,
                                              Value at, int64_t count,
                                              int64_t step, Value tailMask,
                                              ValueRange carried) {
  PhaseBodies bodies{loops, position, count, tailMask};
  bodies.position.hasLanes = loops.hasLanes;
  bodies.copies.assign(count, loops.outer);
  if (loops.alongLanes && step == context.width)
    emitRandom(bodies, at);
  for (int64_t i = 0; i < count; ++i) {
    Value here = addI64(b, at, makeI64(b, i * step));
    if (bodies.isTail(i)) {
      bodies.position.mask = tailMask;
      Value extent = loops.extent;
      bodies.position.onlyFirstLane =
          constantOf(b.createOrFold<arith::SubIOp>(extent, here)) == 1;
    }
    if (loops.rows > 1)
      emitRows(bodies, here);
    else
      emitBody(bodies, i, here);
  }
  emitStores(bodies);
  return addTotals(bodies, carried);
}

/// One vector of each row; what they have in common is emitted once. All loads
/// come before the first store, which may lie a multiple of 4 KB behind one of
/// them: the processor would take it for the same place.
void PhaseEmitter::emitRows(PhaseBodies &bodies, Value at) {
  PhaseLoops &loops = bodies.loops;
  Value &row = bodies.position.coordinates[loops.rowDim];
  Value first = row, ahead;
  if (!bodies.position.ahead.empty())
    ahead = bodies.position.ahead[loops.rowDim];
  IRMapping shared = emitShared(loops, bodies.position, at, 1).front();
  bodies.hasShared = true;
  bodies.position.coordinates[context.lane] = at;
  IRMapping values = loops.outer;
  if (arePiecesShared(loops)) {
    emitPieces(bodies, values, at);
    bodies.hasPieces = true;
  }
  bodies.copies.assign(loops.rows, values);
  auto forEachRow = [&](llvm::function_ref<void(int64_t)> emit) {
    for (int64_t k = 0; k < loops.rows; ++k) {
      Value distance = mulI64(b, loops.rowDistance, makeI64(b, k));
      row = addI64(b, first, distance);
      if (ahead)
        bodies.position.ahead[loops.rowDim] = addI64(b, ahead, distance);
      emit(k);
    }
    row = first;
  };
  forEachRow([&](int64_t k) {
    bodies.share(k, shared);
    emitLoads(bodies, k, at);
  });
  forEachRow([&](int64_t k) { emitBody(bodies, k, at); });
}

/// Random words of all bodies, which lie side by side along the lanes, with
/// what they depend on, unless that has to be loaded.
void PhaseEmitter::emitRandom(PhaseBodies &bodies, Value at) {
  PhaseLoops &loops = bodies.loops;
  if (loops.rows > 1 || bodies.count == 1 || !loops.pieces.ops.empty())
    return;
  Block *block = loops.phase.getBlock();
  BackwardSliceOptions options;
  options.filter = [&](Operation *op) { return op->getBlock() == block; };
  for (auto philox : block->getOps<PhiloxOp>()) {
    SetVector<Operation *> needed;
    if (failed(getBackwardSlice(philox.getOperation(), &needed, options)) ||
        llvm::any_of(needed, llvm::IsaPred<LoadOp, PhiloxOp>))
      continue;
    for (int64_t i = bodies.count - 1; i >= 0; --i) {
      bodies.position.coordinates[loops.dims.back()] =
          addI64(b, at, makeI64(b, i * context.width));
      BodyEmitter emitter(context, b, bodies.position, bodies.copies[i]);
      for (Operation *op : needed)
        if (!bodies.copies[i].contains(op->getResult(0)))
          emitter.emit(*op);
      if (i == 0)
        emitter.emitPhilox(philox, bodies.copies);
    }
    bodies.hasShared = true;
  }
}

PhaseBodies PhaseEmitter::beginBodies(PhaseLoops &loops,
                                      const Position &position, int64_t count) {
  PhaseBodies bodies{loops, position, count, Value()};
  bodies.position.hasLanes = true;
  bodies.hasShared = true;
  bodies.copies.assign(count, loops.outer);
  return bodies;
}

/// True for the extension of a value that only dot products take.
static bool feedsDotsOnly(Operation &op, PhaseLoops &loops) {
  // What they take themselves may be an extension too, of 8 bits.
  if (!isa<arith::ExtFOp>(op) || llvm::any_of(loops.dots, [&](const Dot &dot) {
        return dot.value == op.getResult(0);
      }))
    return false;
  ContributeOp contribute = loops.phase.getContribute();
  return llvm::all_of(op.getUses(), [&](OpOperand &use) {
    Operation *user = use.getOwner();
    if (user == contribute)
      return bool(loops.dots[use.getOperandNumber()].value);
    auto takes = [&](auto pair) {
      return std::get<0>(pair) == user && std::get<1>(pair).value;
    };
    return llvm::any_of(llvm::zip_equal(loops.products, loops.dots), takes) ||
           feedsDotsOnly(*user, loops);
  });
}

/// True for the extension of a value that sums take as it was before.
static bool feedsSumsOnly(Operation &op) {
  return op.getNumResults() == 1 && getNarrow(op.getResult(0)) &&
         llvm::all_of(op.getUsers(), llvm::IsaPred<ContributeOp>);
}

/// The rounding to bf16 that an op makes, or stores, if only stores take it.
static arith::TruncFOp findStoredRounding(Operation &op) {
  auto store = dyn_cast<StoreOp>(op);
  auto rounding = store ? store.getValue().getDefiningOp<arith::TruncFOp>()
                        : dyn_cast<arith::TruncFOp>(op);
  bool isStored =
      rounding && rounding.getType().isBF16() &&
      rounding.getIn().getType().isF32() &&
      llvm::all_of(rounding->getUsers(), [&](Operation *user) {
        return isa<StoreOp>(user) && user->getBlock() == rounding->getBlock();
      });
  return isStored ? rounding : nullptr;
}

void PhaseEmitter::emitStores(PhaseBodies &bodies) {
  auto rounded =
      llvm::map_to_vector(bodies.stores, [&](const PhaseBodies::Store &store) {
        return context.order.round(b, store.wide);
      });
  for (auto [store, value] : llvm::zip_equal(bodies.stores, rounded)) {
    IRMapping values;
    values.map(store.op.getValue(), context.order.asInMemory(b, value));
    BodyEmitter(context, b, store.position, values).emit(*store.op);
  }
  bodies.stores.clear();
}

void PhaseEmitter::emitLoads(PhaseBodies &bodies, int64_t i, Value at) {
  PhaseLoops &loops = bodies.loops;
  IRMapping &values = bodies.copies[i];
  bodies.position.coordinates[loops.dims.back()] = at;
  BodyEmitter emitter(context, b, bodies.position, values);
  for (auto load : loops.phase.getBlock()->getOps<LoadOp>())
    if (!values.contains(load.getResult()) && !loops.pieces.ops.contains(load))
      emitter.emit(*load);
}

void PhaseEmitter::emitBody(PhaseBodies &bodies, int64_t i, Value at) {
  PhaseLoops &loops = bodies.loops;
  IRMapping &values = bodies.copies[i];
  bodies.position.coordinates[loops.dims.back()] = at;
  BodyEmitter emitter(context, b, bodies.position, values);
  if (!bodies.mask)
    emitPrefetches(bodies, i, at);
  if (!loops.pieces.ops.empty() && !bodies.hasPieces)
    emitPieces(bodies, values, at);
  for (Operation &op : loops.phase.getBlock()->without_terminator()) {
    if (loops.pieces.ops.contains(&op))
      continue;
    if (bodies.fuses() && llvm::is_contained(loops.products, &op))
      continue;
    if (bodies.hasShared && op.getNumResults() == 1 &&
        values.contains(op.getResult(0)))
      continue;
    if (bodies.fuses() && feedsDotsOnly(op, loops))
      continue;
    if (feedsSumsOnly(op))
      continue;
    if (bodies.columns && bodies.columns->contains(&op)) {
      Value &total = bodies.columns->find(&op)->second;
      total = emitter.addTo(cast<AccumulateOp>(op), total);
      continue;
    }
    if (arith::TruncFOp rounding = findStoredRounding(op);
        rounding && context.roundsTogether() && bodies.copies.size() > 1 &&
        !bodies.position.mask && !values.contains(rounding.getOut()) &&
        isVector(values.lookup(rounding.getIn()))) {
      if (auto store = dyn_cast<StoreOp>(op))
        bodies.stores.push_back(
            {store, bodies.position, values.lookup(rounding.getIn())});
      continue;
    }
    auto select = dyn_cast<arith::SelectOp>(op);
    if (select && loops.assumed && select.getCondition() == loops.assumed) {
      values.map(select.getResult(), values.lookup(select.getTrueValue()));
      continue;
    }
    emitter.emit(op);
  }
}

PhaseEmitter::Values PhaseEmitter::addTotals(PhaseBodies &bodies,
                                             ValueRange carried) {
  Values next;
  for (auto [i, carry] : llvm::enumerate(bodies.loops.carries)) {
    llvm::append_range(next, carry.add(b, carried.take_front(carry.size()),
                                       totalOf(bodies, i)));
    carried = carried.drop_front(carry.size());
  }
  return next;
}

SmallVector<IRMapping> PhaseEmitter::emitShared(PhaseLoops &loops,
                                                const Position &position,
                                                Value at, int64_t count) {
  Position here = position;
  here.hasLanes = true;
  SmallVector<IRMapping> copies(count);
  for (auto [i, copy] : llvm::enumerate(copies)) {
    here.coordinates[context.lane] =
        addI64(b, at, makeI64(b, int64_t(i) * context.width));
    BodyEmitter emitter(context, b, here, copy);
    for (Operation &op : loops.phase.getBlock()->without_terminator())
      if (isShared(op, loops.sharedAlong))
        emitter.emit(op);
  }
  return copies;
}

/// One prefetch a cache line: body `body` of an iteration may share one with
/// the body before it, unless that is another row's.
void PhaseEmitter::emitPrefetches(PhaseBodies &bodies, int64_t body, Value at) {
  PhaseLoops &loops = bodies.loops;
  if (loops.prefetched.empty())
    return;
  Position there = bodies.position;
  if (!loops.alongLanes)
    aimAhead(loops, there, at);
  BodyEmitter emitter(context, b, there, bodies.copies[body]);
  for (LoadOp load : loops.prefetched) {
    int64_t bytes = context.width * bytesOf(load.getResult().getType());
    if (!loops.alongLanes || loops.rows > 1 || body * bytes % kLineBytes == 0)
      emitter.prefetch(load);
  }
}

/// Columns are read a line of every row at a time, an order in which memory is
/// slow. What blocks of lanes side by side fetch ahead is therefore the rows
/// one after the other: the first block the first of them, and so on.
void PhaseEmitter::aimAhead(PhaseLoops &loops, Position &position, Value at) {
  for (unsigned dim : loops.dims)
    position.coordinates[dim] = makeI64(b, 0);
  Value &lane = position.ahead[context.lane];
  lane = addI64(b, mulI64(b, position.coordinates[context.lane], loops.extent),
                mulI64(b, at, makeI64(b, context.width)));
}

/// What body `i` has for a sum: in a tail, `identity` in lanes past the end.
Value PhaseEmitter::withoutTail(PhaseBodies &bodies, int64_t i, Value value,
                                Value identity) {
  if (!bodies.isTail(i))
    return value;
  Value mask =
      context.order.maskFor(getElementTypeOrSelf(value), b, bodies.mask);
  return arith::SelectOp::create(b, mask, value, identity);
}

/// The values of all copies or their squares, in two chains.
Value PhaseEmitter::sumOfDots(PhaseBodies &bodies, const Dot &dot) {
  bodies.goBehind(b, 0);
  auto type = VectorType::get(kBF16Lanes / 2, b.getF32Type());
  Value sums[2];
  for (Value &sum : sums)
    sum = arith::ConstantOp::create(b, b.getZeroAttr(type));
  auto terms = VectorType::get(kBF16Lanes, b.getBF16Type());
  Value ones = arith::ConstantOp::create(
      b, DenseElementsAttr::get(terms, b.getFloatAttr(b.getBF16Type(), 1.0)));
  for (auto [i, copy] : llvm::enumerate(bodies.copies)) {
    bodies.goBehind(b, i);
    Value value = BodyEmitter(context, b, bodies.position, copy)
                      .toVector(copy.lookup(dot.value));
    if (!dot.value.getDefiningOp<LoadOp>()) // Which leaves zeros there.
      value = withoutTail(
          bodies, i, value,
          arith::ConstantOp::create(b, b.getZeroAttr(terms)).getResult());
    Value &sum = sums[i % 2];
    sum = LLVM::CallIntrinsicOp::create(
              b, type, b.getStringAttr("llvm.x86.avx512bf16.dpbf16ps.512"),
              ValueRange{sum, value, dot.isSquare ? value : ones})
              .getResults();
    bodies.stay(b, i);
  }
  bodies.goBehind(b, bodies.copies.size() - 1);
  return arith::AddFOp::create(b, sums[0], sums[1]);
}

/// What copies `begin` to `end` have for a sum that is a product's: fused.
Value PhaseEmitter::sumOfProducts(PhaseBodies &bodies, arith::MulFOp product,
                                  size_t begin, size_t end) {
  auto factor = [&](size_t k, Value operand) {
    BodyEmitter emitter(context, b, bodies.position, bodies.copies[k]);
    Value value = emitter.lookup(operand);
    if (bodies.loops.hasLanes)
      value = emitter.toVector(value);
    return withoutTail(
        bodies, k, value,
        arith::ConstantOp::create(b, b.getZeroAttr(value.getType())));
  };
  Value sum;
  for (size_t k = begin; k < end; ++k) {
    bodies.goBehind(b, k);
    Value x = factor(k, product.getLhs()), y = factor(k, product.getRhs());
    sum = sum ? math::FmaOp::create(b, x, y, sum).getResult()
              : arith::MulFOp::create(b, x, y).getResult();
    bodies.stay(b, k);
  }
  return sum;
}

/// One contribution of all copies, combined as a tree.
Value PhaseEmitter::totalOf(PhaseBodies &bodies, unsigned contribution) {
  PhaseLoops &loops = bodies.loops;
  size_t count = bodies.copies.size();
  ContributeOp contribute = loops.phase.getContribute();
  ReduceKind kind = contribute.getKind(contribution);
  Value source = contribute.getValues()[contribution];
  if (Value narrow = getNarrow(source))
    source = narrow;
  OpBuilder::InsertionGuard guard(b);
  if (const Dot &dot = loops.dots[contribution]; dot.value && bodies.fuses())
    return sumOfDots(bodies, dot);
  struct Part {
    Value sum;
    size_t last; ///< Body.
  };
  SmallVector<Part> parts;
  if (arith::MulFOp product = loops.products[contribution];
      product && bodies.fuses()) {
    // Roundings of f64 count for nothing: chains of four leave adders free.
    size_t chain = source.getType().isF64() ? 4 : 2;
    for (size_t i = 0; i < count; i += chain) {
      size_t end = std::min(i + chain, count);
      parts.push_back({sumOfProducts(bodies, product, i, end), end - 1});
    }
  } else {
    for (auto [i, copy] : llvm::enumerate(bodies.copies)) {
      bodies.goBehind(b, i);
      BodyEmitter emitter(context, b, bodies.position, copy);
      Value term = emitter.lookup(source);
      if (loops.hasLanes)
        term = emitter.toVector(term);
      if (bodies.isTail(i))
        term = withoutTail(
            bodies, i, term,
            emitter.toVector(makeIdentity(b, kind, source.getType())));
      bodies.stay(b, i);
      parts.push_back({term, i});
    }
  }
  while (parts.size() > 1) {
    size_t pairs = parts.size() / 2, odd = parts.size() % 2;
    for (size_t i = 0; i < pairs; ++i) {
      Part &x = parts[2 * i], &y = parts[2 * i + 1];
      bodies.goBehind(b, y.last);
      parts[i] = {loops.carries[contribution].join(b, x.sum, y.sum), y.last};
      bodies.stay(b, parts[i].last);
    }
    if (odd)
      parts[pairs] = parts.back();
    parts.resize(pairs + odd);
  }
  return parts.front().sum;
}
