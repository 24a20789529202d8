//===- PhaseEmitter.cpp - phases as loops over widened bodies -------------===//

#include "compiler/lowering/shared/PhaseEmitter.h"

#include "compiler/lowering/shared/PhaseTraits.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace normc;
using namespace normc::norm;

/// One phase being emitted.
struct PhaseEmitter::Loops {
  PhaseOp phase;
  IRMapping &outer;           ///< Values of the instance.
  SmallVector<unsigned> dims; ///< Loop dims, outermost first.
  bool alongLanes;            ///< The innermost loop is the lane dim's.
  bool hasLanes;              ///< Contributions are vectors.
  SmallVector<Carry> carries; ///< One per contribution.
  /// Products that only a sum uses: they become part of it.
  SmallVector<arith::MulFOp> products;
  /// The one condition, the same for the whole instance, without which nothing
  /// is contributed; or null.
  Value guard;
  /// The store that may go past the caches, or null.
  StoreOp streamed;
  /// Loads whose operands are fetched for the instance ahead.
  SmallVector<LoadOp> prefetched;

  /// Bodies of one iteration: as many as make a tree of contributions; without
  /// any, a cache line of the narrowest result.
  int64_t unroll(const StageContext &context);
};

static constexpr int64_t kLineBytes = 64;

int64_t PhaseEmitter::Loops::unroll(const StageContext &context) {
  if (guard) // Seldom runs: as little code as will do.
    return 1;
  if (!carries.empty())
    return phase.getStage().getSchedule().getUnroll();
  int64_t line = 1;
  for (auto store : phase.getBlock()->getOps<StoreOp>())
    line = std::max(line, kLineBytes / (context.width *
                                        bytesOf(store.getValue().getType())));
  return alongLanes ? line : 1;
}

void PhaseEmitter::emitBlock(Block &block, const Position &position,
                             IRMapping &values) {
  for (Operation &op : block) {
    if (isa<InstanceOp>(op))
      continue;
    if (auto phase = dyn_cast<PhaseOp>(op))
      emitPhase(phase, position, values);
    else
      BodyEmitter(context, b, position, values).emit(op);
  }
}

void PhaseEmitter::emitPhase(PhaseOp phase, const Position &position,
                             IRMapping &values) {
  ContributeOp contribute = phase.getContribute();
  Loops loops{phase, values, {}, false, position.hasLanes, {}, {}, {}, {}, {}};
  loops.guard = findGuard(phase);
  for (StringAttr name : phase.getOver().getNames())
    loops.dims.push_back(context.space().indexOf(name));
  // What seldom runs is not worth vector code, where one worker can do it.
  bool isScalar = loops.guard && !lanes.shares();
  loops.alongLanes = int64_t(loops.dims.back()) == context.lane && !isScalar;
  loops.hasLanes |= loops.alongLanes;
  SmallVector<Value> carried;
  for (auto [i, value] : llvm::enumerate(contribute.getValues())) {
    Type type = value.getType();
    if (loops.hasLanes)
      type = VectorType::get(context.width, type);
    loops.carries.emplace_back(contribute.getKind(i), type);
    loops.carries.back().appendInitial(b, carried);
    loops.products.push_back(context.hasFma ? getProduct(contribute, i)
                                            : arith::MulFOp());
  }
  if (loops.alongLanes && !position.ahead.empty())
    loops.prefetched = findPrefetched(phase, context);
  if (loops.alongLanes && loops.carries.empty())
    loops.streamed = findStreamed(phase, context);
  carried = loops.guard ? emitGuarded(loops, position, carried)
                        : emitLoops(loops, position, carried);

  Value points = makeI64(b, 1);
  for (unsigned dim : loops.dims)
    points = mulI64(b, points, context.extents[dim]);
  Value count = b.createOrFold<arith::UIToFPOp>(b.getF64Type(), points);
  ValueRange rest(carried);
  for (auto [carry, result] :
       llvm::zip_equal(loops.carries, phase.getResults())) {
    ValueRange own = rest.take_front(carry.size());
    rest = rest.drop_front(carry.size());
    Value total = loops.alongLanes ? lanes.combineAll(b, carry, own)
                                   : carry.collapse(b, own);
    values.map(result, carry.finish(b, total, count));
  }
}

/// A loop that carries values; no loop at all where it runs never or once.
PhaseEmitter::Values PhaseEmitter::forLoop(Value begin, Value end, int64_t step,
                                           ValueRange carried, LoopBody body) {
  std::optional<int64_t> from = constantOf(begin), to = constantOf(end);
  if (from && to && *to <= *from)
    return Values(carried);
  if (from && to && *to - *from <= step)
    return body(begin, carried);
  auto loop = scf::ForOp::create(
      b, begin, end, makeI64(b, step), carried,
      [&](OpBuilder &nested, Location loc, Value at, ValueRange inside) {
        OpBuilder::InsertionGuard guard(b);
        b.setInsertionPoint(nested.getInsertionBlock(),
                            nested.getInsertionPoint());
        scf::YieldOp::create(b, body(at, inside));
      });
  return Values(loop.getResults());
}

PhaseEmitter::Values PhaseEmitter::emitNest(Loops &loops, unsigned depth,
                                            Position position,
                                            ValueRange carried) {
  if (depth + 1 == loops.dims.size())
    return emitInnermost(loops, position, carried);
  unsigned dim = loops.dims[depth];
  return forLoop(makeI64(b, 0), context.extents[dim], 1, carried,
                 [&](Value at, ValueRange inside) {
                   Position inner = position;
                   inner.coordinates[dim] = at;
                   return emitNest(loops, depth + 1, inner, inside);
                 });
}

/// Only where the phase's condition holds: else the contributions are what they
/// start from.
PhaseEmitter::Values PhaseEmitter::emitGuarded(Loops &loops,
                                               const Position &position,
                                               ValueRange carried) {
  Value condition = loops.outer.lookup(loops.guard);
  if (isVector(condition)) { // Lanes are instances, and may differ.
    loops.guard = {};
    return emitLoops(loops, position, carried);
  }
  auto branch = scf::IfOp::create(b, carried.getTypes(), condition,
                                  /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(branch.elseBlock());
  scf::YieldOp::create(b, carried);
  b.setInsertionPointToStart(branch.thenBlock());
  scf::YieldOp::create(b, emitLoops(loops, position, carried));
  return Values(branch.getResults());
}

PhaseEmitter::Values PhaseEmitter::emitLoops(Loops &loops,
                                             const Position &position,
                                             ValueRange carried) {
  return loops.streamed ? emitStreamed(loops, position)
                        : emitNest(loops, 0, position, carried);
}

/// Past the caches where the whole result is large, else as usual.
PhaseEmitter::Values PhaseEmitter::emitStreamed(Loops &loops,
                                                const Position &position) {
  const LoweredView &view = context.views.view(loops.streamed.getView());
  Value bytes = makeI64(b, bytesOf(view.elementType));
  for (Value extent : view.extents)
    bytes = mulI64(b, bytes, extent);
  Value threshold =
      makeI64(b, loops.phase.getStage().getSchedule().getStream());
  Position past = position;
  past.streamed = loops.streamed.getView();
  if (std::optional<int64_t> known = constantOf(bytes))
    return emitNest(loops, 0,
                    *known >= *constantOf(threshold) ? past : position, {});
  past.streamsWhen =
      arith::CmpIOp::create(b, arith::CmpIPredicate::uge, bytes, threshold);
  return emitNest(loops, 0, past, {});
}

/// The elements before the first whole vector at an address that is a multiple
/// of its size, which is what it takes to stream; masked. Returns their number.
Value PhaseEmitter::emitHead(Loops &loops, const Position &position) {
  Position start = position;
  start.coordinates[context.lane] = makeI64(b, 0);
  Value address =
      BodyEmitter(context, b, start, loops.outer).addressOf(loops.streamed);
  int64_t element = bytesOf(loops.streamed.getValue().getType());
  Value bytes = makeI64(b, element * context.width);
  Value past = arith::SubIOp::create(b, makeI64(b, 0), address);
  past = b.createOrFold<arith::RemUIOp>(past, bytes);
  Value count = b.createOrFold<arith::DivUIOp>(past, makeI64(b, element));
  count = arith::MinSIOp::create(b, count, context.extents[context.lane]);
  if (position.streamsWhen)
    count =
        arith::SelectOp::create(b, position.streamsWhen, count, makeI64(b, 0));
  Value isNeeded =
      arith::CmpIOp::create(b, arith::CmpIPredicate::sgt, count, makeI64(b, 0));
  auto branch = scf::IfOp::create(b, isNeeded, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(branch.thenBlock());
  Value mask = makeMask(b, count, context.width);
  emitBodies(loops, position, makeI64(b, 0), 1, context.width, mask, {});
  return count;
}

/// Blocks of `unroll` bodies, then single bodies, then a masked tail.
PhaseEmitter::Values PhaseEmitter::emitInnermost(Loops &loops,
                                                 const Position &position,
                                                 ValueRange carried) {
  Value extent = context.extents[loops.dims.back()];
  int64_t unroll = loops.unroll(context);
  int64_t step = loops.alongLanes ? lanes.step() : 1;
  int64_t span = loops.alongLanes ? context.width : 1;
  Value first = position.streamed  ? emitHead(loops, position)
                : loops.alongLanes ? lanes.first(b)
                                   : makeI64(b, 0);

  // Number of whole bodies from `first` on; first < step, so nothing is
  // negative.
  Value room = addI64(b, b.createOrFold<arith::SubIOp>(extent, first),
                      makeI64(b, step - span));
  Value bodies = b.createOrFold<arith::DivUIOp>(room, makeI64(b, step));
  Value blocks = b.createOrFold<arith::DivUIOp>(bodies, makeI64(b, unroll));
  Value endBlocks =
      addI64(b, first, mulI64(b, blocks, makeI64(b, unroll * step)));
  Value endBodies = addI64(b, first, mulI64(b, bodies, makeI64(b, step)));

  Values values = forLoop(first, endBlocks, unroll * step, carried,
                          [&](Value at, ValueRange inside) {
                            return emitBodies(loops, position, at, unroll, step,
                                              Value(), inside);
                          });
  if (unroll > 1)
    values = forLoop(
        endBlocks, endBodies, step, values, [&](Value at, ValueRange inside) {
          return emitBodies(loops, position, at, 1, step, Value(), inside);
        });
  // Where whole vectors fit exactly, no worker is left with part of one.
  std::optional<int64_t> known = constantOf(extent);
  if (loops.alongLanes && (!known || *known % span != 0 || position.streamed))
    values = emitTail(loops, position, endBodies, values);
  return values;
}

PhaseEmitter::Values PhaseEmitter::emitTail(Loops &loops,
                                            const Position &position, Value at,
                                            ValueRange carried) {
  Value extent = context.extents[loops.dims.back()];
  Value left = b.createOrFold<arith::SubIOp>(extent, at);
  auto emitMasked = [&]() {
    Value mask = makeMask(b, left, context.width);
    return emitBodies(loops, position, at, 1, context.width, mask, carried);
  };
  if (std::optional<int64_t> known = constantOf(left))
    return *known > 0 ? emitMasked() : Values(carried);
  Value isLeft =
      arith::CmpIOp::create(b, arith::CmpIPredicate::sgt, left, makeI64(b, 0));
  auto branch = scf::IfOp::create(b, carried.getTypes(), isLeft,
                                  /*withElseRegion=*/!carried.empty());
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(branch.thenBlock());
  Values results = emitMasked();
  if (!carried.empty()) {
    scf::YieldOp::create(b, results);
    b.setInsertionPointToStart(branch.elseBlock());
    scf::YieldOp::create(b, carried);
  }
  return Values(branch.getResults());
}

/// `count` copies of the body, `step` apart, and one block total of each
/// contribution.
PhaseEmitter::Values PhaseEmitter::emitBodies(Loops &loops,
                                              const Position &position,
                                              Value at, int64_t count,
                                              int64_t step, Value tailMask,
                                              ValueRange carried) {
  Position here = position;
  here.hasLanes = loops.hasLanes;
  if (tailMask) {
    here.mask = tailMask;
    Value extent = context.extents[loops.dims.back()];
    here.onlyFirstLane =
        constantOf(b.createOrFold<arith::SubIOp>(extent, at)) == 1;
  }
  SmallVector<IRMapping> copies(count, loops.outer);
  bool fuse = count > 1 && !tailMask;
  for (int64_t i = 0; i < count; ++i) {
    here.coordinates[loops.dims.back()] = addI64(b, at, makeI64(b, i * step));
    BodyEmitter emitter(context, b, here, copies[i]);
    if (!tailMask)
      emitPrefetches(loops, emitter, i);
    for (Operation &op : loops.phase.getBlock()->without_terminator()) {
      if (fuse && llvm::is_contained(loops.products, &op))
        continue;
      auto select = dyn_cast<arith::SelectOp>(op);
      if (select && loops.guard && select.getCondition() == loops.guard) {
        copies[i].map(select.getResult(),
                      copies[i].lookup(select.getTrueValue()));
        continue;
      }
      emitter.emit(op);
    }
  }
  Values next;
  for (auto [i, carry] : llvm::enumerate(loops.carries)) {
    BodyEmitter emitter(context, b, here, copies[0]);
    Value total = totalOf(loops, i, copies, emitter, tailMask);
    llvm::append_range(next,
                       carry.add(b, carried.take_front(carry.size()), total));
    carried = carried.drop_front(carry.size());
  }
  return next;
}

/// One prefetch a cache line: body `body` of an iteration may share one with
/// the body before it.
void PhaseEmitter::emitPrefetches(Loops &loops, BodyEmitter &emitter,
                                  int64_t body) {
  for (LoadOp load : loops.prefetched) {
    int64_t bytes = context.width * bytesOf(load.getResult().getType());
    if (body * bytes % kLineBytes == 0)
      emitter.prefetch(load);
  }
}

/// One contribution of all copies, combined as a tree.
Value PhaseEmitter::totalOf(Loops &loops, unsigned contribution,
                            MutableArrayRef<IRMapping> copies,
                            BodyEmitter &emitter, Value tailMask) {
  ContributeOp contribute = loops.phase.getContribute();
  ReduceKind kind = contribute.getKind(contribution);
  Value source = contribute.getValues()[contribution];
  auto widened = [&](IRMapping &copy, Value value) {
    Value emitted = copy.lookup(value);
    return loops.hasLanes ? emitter.toVector(emitted) : emitted;
  };
  SmallVector<Value> leaves;
  if (arith::MulFOp product = loops.products[contribution];
      product && copies.size() > 1 && !tailMask) {
    for (size_t i = 0; i < copies.size(); i += 2) {
      auto factor = [&](size_t k, Value operand) {
        return widened(copies[k], operand);
      };
      Value even = arith::MulFOp::create(b, factor(i, product.getLhs()),
                                         factor(i, product.getRhs()));
      leaves.push_back(math::FmaOp::create(b, factor(i + 1, product.getLhs()),
                                           factor(i + 1, product.getRhs()),
                                           even));
    }
  } else {
    for (IRMapping &copy : copies)
      leaves.push_back(widened(copy, source));
  }
  if (tailMask) {
    Value identity = emitter.toVector(makeIdentity(b, kind, source.getType()));
    for (Value &leaf : leaves)
      leaf = arith::SelectOp::create(b, tailMask, leaf, identity);
  }
  for (; leaves.size() > 1; leaves.resize(leaves.size() / 2))
    for (size_t i = 0; i < leaves.size() / 2; ++i)
      leaves[i] = combine(b, kind, leaves[2 * i], leaves[2 * i + 1]);
  return leaves.front();
}
