//===- PhasePieces.cpp - pieces of memory walked as one loop --------------===//

#include "compiler/lowering/shared/PhaseEmitter.h"
#include "compiler/lowering/shared/PhaseTraits.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;
using namespace normc;
using namespace normc::norm;

/// What a phase computes once for each piece that `dim` counts: loads of what
/// has no lanes, and what follows from them alone.
static llvm::SetVector<Operation *>
findPieceOps(PhaseOp phase, const StageContext &context, int64_t dim) {
  ArrayRef<StringAttr> names = context.space().getNames();
  llvm::SetVector<Operation *> found;
  for (Operation &op : phase.getBlock()->without_terminator()) {
    auto load = dyn_cast<LoadOp>(op);
    if (load && load.getMap().uses(names[dim]) &&
        !load.getMap().uses(names[context.lane]))
      found.insert(&op);
    bool isConstant = op.hasTrait<OpTrait::ConstantLike>();
    if (load || isConstant || isa<IndexOp, ExtentOp>(op) || !isPure(&op))
      continue;
    auto isOfPiece = [&](Value operand) {
      return found.contains(operand.getDefiningOp());
    };
    auto isSame = [&](Value operand) { // In all of the phase.
      Operation *def = operand.getDefiningOp();
      return !def || def->getBlock() != op.getBlock() ||
             def->hasTrait<OpTrait::ConstantLike>();
    };
    if (llvm::any_of(op.getOperands(), isOfPiece) &&
        llvm::all_of(op.getOperands(), [&](Value operand) {
          return isOfPiece(operand) || isSame(operand);
        }))
      found.insert(&op);
  }
  return found;
}

Position PhaseLoops::enter(ImplicitLocOpBuilder &b, Position position) const {
  for (unsigned dim : merged)
    position.coordinates[dim] = makeI64(b, 0);
  return position;
}

/// Runs dims together with the innermost, and pieces with those.
void PhaseEmitter::mergeDims(PhaseLoops &loops) {
  auto merge = [&] {
    unsigned inner = loops.dims.pop_back_val();
    loops.merged.push_back(loops.dims.back());
    loops.extent = mulI64(b, loops.extent, context.extents[loops.dims.back()]);
    loops.dims.back() = inner;
  };
  for (unsigned i = countMergedDims(loops.phase, context); i > 0; --i)
    merge();
  if (!loops.alongLanes || lanes.shares() || !arePieces(loops.phase, context))
    return;
  int64_t length = *constantOf(loops.extent);
  merge();
  int64_t dim = loops.merged.back();
  loops.pieces = {dim, length, loops.extent,
                  findPieceOps(loops.phase, context, dim)};
}

/// Whether there are pieces, and the rows that are taken together have the same
/// values for them.
bool PhaseEmitter::arePiecesShared(const PhaseLoops &loops) {
  StringAttr row = context.space().getNames()[loops.rowDim];
  return !loops.pieces.ops.empty() &&
         llvm::none_of(loops.pieces.ops, [&](Operation *op) {
           auto load = dyn_cast<LoadOp>(op);
           return load && load.getMap().uses(row);
         });
}

/// value / divisor, for values below `limit`: a product and a shift (Granlund
/// and Montgomery), where LLVM takes six instructions for what may be any i64.
static Value divideBelow(ImplicitLocOpBuilder &b, Value value, int64_t divisor,
                         Value limit) {
  constexpr int64_t largest = int64_t(1) << 30; // Squared, and twice: 2^61.
  std::optional<int64_t> most = constantOf(limit);
  if (!most || *most > largest || divisor < 2)
    return b.createOrFold<arith::DivUIOp>(value, makeI64(b, divisor));
  // factor = (2^shift + e) / divisor, where value * e < 2^shift.
  unsigned shift = llvm::Log2_64_Ceil(uint64_t(*most)) +
                   llvm::Log2_64_Ceil(uint64_t(divisor));
  Value factor = makeI64(b, (int64_t(1) << shift) / divisor + 1);
  auto exact =
      arith::IntegerOverflowFlags::nsw | arith::IntegerOverflowFlags::nuw;
  return arith::ShRUIOp::create(
      b, arith::MulIOp::create(b, value, factor, exact), makeI64(b, shift));
}

/// The mask of the first `count` (i64, at least 1) of `width` lanes, made by
/// the integer units where they can.
static Value makeShortMask(ImplicitLocOpBuilder &b, Value count,
                           int64_t width) {
  if (width != 8 && width != 16 && width != 32)
    return makeMask(b, count, width);
  Value one = makeI64(b, 1);
  Value most = arith::MinUIOp::create(b, count, makeI64(b, width));
  Value bits =
      arith::SubIOp::create(b, arith::ShLIOp::create(b, one, most), one);
  return LLVM::BitcastOp::create(
      b, VectorType::get(width, b.getI1Type()),
      arith::TruncIOp::create(b, b.getIntegerType(width), bits));
}

/// What there is once for piece number `piece`.
void PhaseEmitter::emitPiece(PhaseBodies &bodies, IRMapping &values,
                             Value piece) {
  PhaseLoops &loops = bodies.loops;
  Position there = bodies.position;
  there.coordinates[loops.pieces.dim] = piece;
  BodyEmitter emitter(context, b, there, values);
  for (Operation &op : loops.phase.getBlock()->without_terminator())
    if (loops.pieces.ops.contains(&op) || op.hasTrait<OpTrait::ConstantLike>())
      emitter.emit(op);
}

/// For the vector at `at`, what there is once for each piece: blended where it
/// has lanes of two. Lanes before the first point, or behind the last, count as
/// the first or last piece's.
void PhaseEmitter::emitPieces(PhaseBodies &bodies, IRMapping &values,
                              Value at) {
  // Few vectors of a long piece have lanes of two: a branch that is foreseen.
  constexpr int64_t manyVectors = 4;
  const Pieces &pieces = bodies.loops.pieces;
  Value from = at, to = addI64(b, at, makeI64(b, context.width - 1));
  if (bodies.mask) {
    from = b.createOrFold<arith::MaxSIOp>(from, makeI64(b, 0));
    to = b.createOrFold<arith::MinSIOp>(
        to, addI64(b, pieces.total, makeI64(b, -1)));
  }
  Value first = divideBelow(b, from, pieces.length, pieces.total);
  Value next = divideBelow(b, to, pieces.length, pieces.total);
  Position here = bodies.position;
  // All of it: sums may take a factor, or a value before it is widened, that
  // nothing else does. LLVM drops the rest.
  SmallVector<Value> used;
  for (Operation *op : pieces.ops)
    llvm::append_range(used, op->getResults());
  emitPiece(bodies, values, first);
  BodyEmitter widener(context, b, here, values);
  Values plain;
  for (Value value : used)
    plain.push_back(widener.toVector(values.lookup(value)));
  auto blend = [&] {
    IRMapping other = bodies.loops.outer;
    emitPiece(bodies, other, next);
    Value end =
        mulI64(b, addI64(b, first, makeI64(b, 1)), makeI64(b, pieces.length));
    Value isFirst =
        makeShortMask(b, b.createOrFold<arith::SubIOp>(end, at), context.width);
    Values blended;
    for (auto [value, mine] : llvm::zip_equal(used, plain))
      blended.push_back(arith::SelectOp::create(
          b, context.order.maskFor(value.getType(), b, isFirst), mine,
          widener.toVector(other.lookup(value))));
    return blended;
  };
  if (pieces.length < manyVectors * context.width) {
    values.map(used, blend());
    return;
  }
  Value isOne = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, first, next);
  auto branch = scf::IfOp::create(b, ValueRange(plain).getTypes(), isOne,
                                  /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(branch.thenBlock());
  scf::YieldOp::create(b, plain);
  b.setInsertionPointToStart(branch.elseBlock());
  scf::YieldOp::create(b, blend());
  values.map(used, branch.getResults());
}
