//===- PhaseEmitter.cpp - phases as loops over widened bodies -------------===//

#include "compiler/lowering/shared/PhaseEmitter.h"

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
};

/// The product that contribution `i` is, if a fused multiply-add may take it.
static arith::MulFOp getProduct(ContributeOp contribute, unsigned i) {
  ReduceKind kind = contribute.getKind(i);
  if (kind != ReduceKind::add && kind != ReduceKind::mean)
    return {};
  auto product = contribute.getValues()[i].getDefiningOp<arith::MulFOp>();
  if (product && product->hasOneUse() &&
      product->getBlock() == contribute->getBlock())
    return product;
  return {};
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
  Loops loops{phase, values, {}, false, position.hasLanes, {}, {}};
  for (StringAttr name : phase.getOver().getNames())
    loops.dims.push_back(context.space().indexOf(name));
  loops.alongLanes = int64_t(loops.dims.back()) == context.lane;
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
  carried = emitNest(loops, 0, position, carried);

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

/// Blocks of `unroll` bodies, then single bodies, then a masked tail.
PhaseEmitter::Values PhaseEmitter::emitInnermost(Loops &loops,
                                                 const Position &position,
                                                 ValueRange carried) {
  Value extent = context.extents[loops.dims.back()];
  int64_t unroll = loops.carries.empty()
                       ? 1
                       : loops.phase.getStage().getSchedule().getUnroll();
  int64_t step = loops.alongLanes ? lanes.step() : 1;
  int64_t span = loops.alongLanes ? context.width : 1;
  Value first = loops.alongLanes ? lanes.first(b) : makeI64(b, 0);

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
  if (loops.alongLanes && (!known || *known % span != 0))
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
    for (Operation &op : loops.phase.getBlock()->without_terminator()) {
      if (fuse && llvm::is_contained(loops.products, &op))
        continue;
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
