//===- PhaseTraits.cpp - what can be made of a phase ----------------------===//

#include "compiler/lowering/shared/PhaseTraits.h"

#include "compiler/schedule/Schedule.h"
#include "dialects/norm/Spaces.h"

#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;
using namespace normc;
using namespace normc::norm;

static bool isSum(ContributeOp contribute, unsigned i) {
  ReduceKind kind = contribute.getKind(i);
  return kind == ReduceKind::add || kind == ReduceKind::mean;
}

arith::MulFOp normc::getProduct(ContributeOp contribute, unsigned i) {
  if (!isSum(contribute, i))
    return {};
  auto product = contribute.getValues()[i].getDefiningOp<arith::MulFOp>();
  if (product && product->hasOneUse() &&
      product->getBlock() == contribute->getBlock())
    return product;
  return {};
}

Value normc::getBF16Square(arith::MulFOp product) {
  if (!product || product.getLhs() != product.getRhs() ||
      !product.getType().isF32())
    return {};
  auto wide = product.getLhs().getDefiningOp<arith::ExtFOp>();
  return wide && wide.getIn().getType().isBF16() ? wide.getIn() : Value();
}

Value normc::getBF16Term(ContributeOp contribute, unsigned i) {
  Value single = getNarrow(contribute.getValues()[i]);
  if (!single || !isSum(contribute, i))
    return {};
  Value narrow = single.getDefiningOp<arith::ExtFOp>().getIn();
  return narrow.getType().isBF16() ? narrow : Value();
}

bool normc::isWidened(Value value) {
  if (auto select = value.getDefiningOp<arith::SelectOp>();
      select && matchPattern(select.getFalseValue(), m_AnyZeroFloat()))
    value = select.getTrueValue();
  // Their part by a constant, too, has bits to spare.
  if (auto product = value.getDefiningOp<arith::MulFOp>();
      product && matchPattern(product.getRhs(), m_Constant()))
    value = product.getLhs();
  return value.getType().isF64() && value.getDefiningOp<arith::ExtFOp>();
}

Value normc::getNarrow(Value value) {
  auto wide = value.getDefiningOp<arith::ExtFOp>();
  if (!wide || !value.getType().isF64() || !wide.getIn().getType().isF32() ||
      !isa<PhaseOp>(wide->getParentOp()))
    return {};
  auto single = wide.getIn().getDefiningOp<arith::ExtFOp>();
  return single && single.getIn().getType().getIntOrFloatBitWidth() == 16
             ? wide.getIn()
             : Value();
}

/// True if nothing that the stage of `op` does can change what `view` holds.
static bool isReadOnly(Value view, Operation &op) {
  auto stage = op.getParentOfType<StageOp>();
  if (auto argument = dyn_cast<BlockArgument>(view))
    return !stage->getParentOfType<ProgramOp>().isOutput(
        argument.getArgNumber());
  return view.getDefiningOp<ScratchOp>() &&
         llvm::none_of(view.getUsers(), [&](Operation *user) {
           return isa<StoreOp, AccumulateOp>(user) && stage->isAncestor(user);
         });
}

bool normc::isShared(Operation &op, ArrayRef<StringAttr> dims) {
  if (auto load = dyn_cast<LoadOp>(op)) {
    auto uses = [&](StringAttr dim) { return load.getMap().uses(dim); };
    // Not what each of a row's pieces has for itself.
    auto phase = dyn_cast<PhaseOp>(load->getParentOp());
    if (phase && llvm::any_of(phase.getOver().getNames(), uses) &&
        llvm::none_of(phase.getStage().getSchedule().getLanes().getNames(),
                      uses))
      return false;
    return isReadOnly(load.getView(), op) && llvm::none_of(dims, uses);
  }
  if (isa<IndexOp, ExtentOp>(op) || !isPure(&op))
    return false;
  return llvm::all_of(op.getOperands(), [&](Value operand) {
    Operation *def = operand.getDefiningOp();
    return def && def->getBlock() == op.getBlock() && isShared(*def, dims);
  });
}

bool normc::runsAlongLanes(PhaseOp phase, const StageContext &context) {
  DimsAttr over = phase.getOver();
  return over.size() == 1 &&
         context.space().indexOf(over.getNames()[0]) == context.lane;
}

bool normc::rowsAreAligned(StoreOp store, ArrayRef<StringAttr> row,
                           const StageContext &context) {
  const LoweredView &view = context.views.view(store.getView());
  SpaceAttr space = context.space();
  int64_t vector = context.width * bytesOf(view.elementType);
  for (auto [axis, dims] : llvm::enumerate(store.getMap().getAxes())) {
    std::optional<int64_t> stride = constantOf(view.strides[axis]);
    for (StringAttr dim : llvm::reverse(dims.getNames())) {
      if (!llvm::is_contained(row, dim) &&
          (!stride || *stride * bytesOf(view.elementType) % vector != 0))
        return false;
      std::optional<int64_t> extent =
          constantOf(context.extents[space.indexOf(dim)]);
      if (stride)
        stride = extent ? std::optional(*stride * *extent) : std::nullopt;
    }
  }
  return true;
}

int64_t normc::findRowDim(PhaseOp phase, ArrayRef<unsigned> dims,
                          const StageContext &context) {
  if (phase.getStage().getSchedule().getRows() <= 1 || dims.size() < 2 ||
      int64_t(dims.back()) != context.lane ||
      !phase.getContribute().getValues().empty())
    return -1;
  unsigned row = dims.front();
  StringAttr name = context.space().getNames()[row];
  StringAttr lane = context.space().getNames()[context.lane];
  if (llvm::any_of(findStreamed(phase, context), [&](StoreOp store) {
        return !rowsAreAligned(store, lane, context);
      }))
    return -1;
  bool isElementwise = llvm::none_of(
      *phase.getBlock(), [](Operation &op) { return isa<AccumulateOp>(op); });
  bool hasShared =
      llvm::any_of(phase.getBlock()->getOps<LoadOp>(), [&](LoadOp load) {
        return load.getMap().uses(lane) && isShared(*load, name);
      });
  return isElementwise && hasShared ? int64_t(row) : -1;
}

SmallVector<StoreOp> normc::findStreamed(PhaseOp phase,
                                         const StageContext &context) {
  SmallVector<StoreOp> found;
  if (phase.getStage().getSchedule().getStream() == 0)
    return found;
  StringAttr lane = context.space().getNames()[context.lane];
  for (auto store : phase.getBlock()->getOps<StoreOp>()) {
    auto argument = dyn_cast<BlockArgument>(store.getView());
    ArrayRef<DimsAttr> axes = store.getMap().getAxes();
    if (!argument || axes.empty() || axes.back().empty() ||
        axes.back().getNames().back() != lane)
      continue;
    const LoweredView &view = context.views.view(argument);
    if (constantOf(view.strides.back()) == 1 &&
        view.alignment % bytesOf(view.elementType) == 0)
      found.push_back(store);
  }
  llvm::stable_sort(found, [](StoreOp x, StoreOp y) {
    return bytesOf(x.getValue().getType()) > bytesOf(y.getValue().getType());
  });
  return found;
}

/// True for the constant that a contribution of this kind starts from.
static bool isIdentity(Value value, ReduceKind kind) {
  auto constant = value.getDefiningOp<arith::ConstantOp>();
  auto number =
      constant ? dyn_cast<FloatAttr>(constant.getValue()) : FloatAttr();
  return number &&
         number.getValue().bitwiseIsEqual(getIdentity(kind, value.getType()));
}

/// The one condition without which every contribution of a phase is its
/// identity, and nothing else is done; or null.
static Value findCondition(PhaseOp phase) {
  Value condition;
  ContributeOp contribute = phase.getContribute();
  for (auto [i, value] : llvm::enumerate(contribute.getValues())) {
    auto select = value.getDefiningOp<arith::SelectOp>();
    if (!select || select->getBlock() != phase.getBlock() ||
        (condition && select.getCondition() != condition) ||
        !isIdentity(select.getFalseValue(), contribute.getKind(i)))
      return {};
    condition = select.getCondition();
  }
  bool hasEffects = llvm::any_of(*phase.getBlock(), [](Operation &op) {
    return isa<StoreOp, AccumulateOp>(op);
  });
  return hasEffects ? Value() : condition;
}

Value normc::findGuard(PhaseOp phase) {
  Value guard = findCondition(phase);
  bool isKnownBefore = guard && guard.getParentBlock() != phase.getBlock();
  return isKnownBefore ? guard : Value();
}

/// Adds what `condition` says of single dims; false if it says anything else.
static bool addCounts(Value condition, const StageContext &context,
                      Prefix &prefix) {
  if (auto both = condition.getDefiningOp<arith::AndIOp>())
    return addCounts(both.getLhs(), context, prefix) &&
           addCounts(both.getRhs(), context, prefix);
  auto compare = condition.getDefiningOp<arith::CmpIOp>();
  if (!compare || compare.getPredicate() != arith::CmpIPredicate::ult)
    return false;
  auto index = compare.getLhs().getDefiningOp<IndexOp>();
  IntegerAttr count;
  if (!index || !matchPattern(compare.getRhs(), m_Constant(&count)))
    return false;
  prefix.counts.emplace_back(context.space().indexOf(index.getDimAttr()),
                             count.getInt());
  return true;
}

std::optional<Prefix> normc::findPrefix(PhaseOp phase,
                                        const StageContext &context) {
  Prefix prefix{findCondition(phase), {}};
  if (!prefix.condition || !addCounts(prefix.condition, context, prefix))
    return {};
  return prefix;
}

bool normc::isLast(PhaseOp phase) {
  auto isOften = [](Operation &op) {
    auto other = dyn_cast<PhaseOp>(op);
    return other && !findGuard(other);
  };
  return isa<InstanceOp>(phase->getParentOp()) && isOften(*phase) &&
         llvm::none_of(llvm::make_range(std::next(phase->getIterator()),
                                        phase->getBlock()->end()),
                       isOften);
}

/// True if `value` is known to be x · y.
static bool isProduct(Value value, Value x, Value y) {
  std::optional<int64_t> whole = constantOf(value);
  if (whole && constantOf(x) && constantOf(y))
    return *whole == *constantOf(x) * *constantOf(y);
  if (constantOf(x) == 1 || constantOf(y) == 1)
    return value == (constantOf(x) == 1 ? y : x);
  auto product = value.getDefiningOp<arith::MulIOp>();
  return product && ((product.getLhs() == x && product.getRhs() == y) ||
                     (product.getLhs() == y && product.getRhs() == x));
}

/// True if an access has neither dim, or has the points of `inner` for one
/// point of `outer` right before those for the next.
static bool areNeighbours(const LoweredView &view, MapAttr map,
                          StringAttr outer, StringAttr inner) {
  if (!map.uses(outer) && !map.uses(inner))
    return true;
  ArrayRef<DimsAttr> axes = map.getAxes();
  for (auto [axis, dims] : llvm::enumerate(axes)) {
    ArrayRef<StringAttr> names = dims.getNames();
    const auto *at = llvm::find(names, outer);
    if (at == names.end())
      continue;
    if (std::next(at) != names.end())
      return *std::next(at) == inner;
    return axis + 1 < axes.size() && !axes[axis + 1].empty() &&
           axes[axis + 1].getNames().front() == inner &&
           isProduct(view.strides[axis], view.strides[axis + 1],
                     view.extents[axis + 1]);
  }
  return false;
}

/// True if `runs` holds for every access of a phase, and no number of a point
/// of `outer` or `inner` is asked for.
static bool
runTogether(PhaseOp phase, StringAttr outer, StringAttr inner,
            llvm::function_ref<bool(Operation &, Value, MapAttr)> runs) {
  return llvm::all_of(*phase.getBlock(), [&](Operation &op) {
    if (auto load = dyn_cast<LoadOp>(op))
      return runs(op, load.getView(), load.getMap());
    if (auto store = dyn_cast<StoreOp>(op))
      return runs(op, store.getView(), store.getMap());
    if (auto accumulate = dyn_cast<AccumulateOp>(op))
      return runs(op, accumulate.getView(), accumulate.getMap());
    auto index = dyn_cast<IndexOp>(op);
    return !index ||
           (index.getDimAttr() != outer && index.getDimAttr() != inner);
  });
}

bool normc::followEachOther(LoadOp load, ArrayRef<StringAttr> names,
                            const StageContext &context) {
  const LoweredView &view = context.views.view(load.getView());
  for (size_t i = 1; i < names.size(); ++i)
    if (!areNeighbours(view, load.getMap(), names[i - 1], names[i]))
      return false;
  return true;
}

unsigned normc::countMergedDims(PhaseOp phase, const StageContext &context) {
  ArrayRef<StringAttr> dims = phase.getOver().getNames();
  unsigned merged = 0;
  while (merged + 1 < dims.size()) {
    StringAttr outer = dims[dims.size() - merged - 2];
    StringAttr inner = dims[dims.size() - merged - 1];
    auto areMerged = [&](Operation &, Value view, MapAttr map) {
      return areNeighbours(context.views.view(view), map, outer, inner);
    };
    if (!runTogether(phase, outer, inner, areMerged))
      break;
    ++merged;
  }
  return merged;
}

bool normc::arePieces(PhaseOp phase, const StageContext &context) {
  ArrayRef<StringAttr> dims = phase.getOver().getNames();
  unsigned merged = countMergedDims(phase, context);
  if (merged + 1 >= dims.size())
    return false;
  int64_t points = 1;
  for (StringAttr dim : dims.take_back(merged + 1)) {
    auto known = constantOf(context.extents[context.space().indexOf(dim)]);
    if (!known)
      return false;
    points *= *known;
  }
  bool isLong = points > kLongPiece || points % context.width == 0;
  if (points < context.width ||
      (isLong && phase.getStage().getSchedule().getRows() <= 1))
    return false;
  StringAttr outer = dims[dims.size() - merged - 2];
  StringAttr inner = dims[dims.size() - merged - 1];
  StringAttr lane = context.space().getNames()[context.lane];
  return runTogether(
      phase, outer, inner, [&](Operation &op, Value view, MapAttr map) {
        bool isOfPiece = map.uses(outer) && !map.uses(lane) && isa<LoadOp>(op);
        return isOfPiece ||
               areNeighbours(context.views.view(view), map, outer, inner);
      });
}

bool normc::isRun(PhaseOp phase, const StageContext &context) {
  DimsAttr over = phase.getOver();
  return !over.empty() &&
         context.space().indexOf(over.getNames().back()) == context.lane &&
         over.size() == 1 + countMergedDims(phase, context) +
                            (arePieces(phase, context) ? 1 : 0);
}

bool normc::isLocal(Value view) {
  auto scratch = view.getDefiningOp<ScratchOp>();
  return scratch && scratch.isLocal();
}

int64_t normc::countLocalPlaces(StageOp stage) {
  int64_t places = std::numeric_limits<int64_t>::max();
  stage.walk([&](StoreOp store) {
    if (isLocal(store.getView()))
      places = std::min<int64_t>(
          places, *store.getView().getDefiningOp<ScratchOp>().getLocal());
  });
  return places;
}

bool normc::shareInstancesPieces(StageOp stage, const StageContext &context) {
  ScheduleAttr schedule = stage.getSchedule();
  ArrayRef<StringAttr> parallel = schedule.getParallel().getNames();
  Block &block = *stage.getInstance().getBlock();
  auto phases = block.getOps<PhaseOp>();
  if (schedule.getRows() <= 1 || parallel.empty() || context.lane < 0 ||
      !llvm::hasSingleElement(phases))
    return false;
  // Rows that are taken together differ in the last dim alone.
  StringAttr row = parallel.back();
  std::optional<int64_t> extent =
      constantOf(context.extents[context.space().indexOf(row)]);
  if (parallel.size() > 1 && (!extent || *extent % schedule.getRows() != 0 ||
                              schedule.getChunk() % schedule.getRows() != 0))
    return false;
  PhaseOp phase = *phases.begin();
  StringAttr lane = context.space().getNames()[context.lane];
  if (phase.getNumResults() > 0 || !isRun(phase, context) ||
      !arePieces(phase, context) ||
      !llvm::all_of(findStreamed(phase, context), [&](StoreOp store) {
        return rowsAreAligned(store, phase.getOver().getNames(), context);
      }))
    return false;
  auto isSame = [&](Operation &op) {
    return &op == phase || isShared(op, row);
  };
  return llvm::all_of(block, isSame) &&
         llvm::all_of(*phase.getBlock(), [&](Operation &op) {
           auto load = dyn_cast<LoadOp>(op);
           return !isa<AccumulateOp>(op) &&
                  (!load || load.getMap().uses(lane) ||
                   (isReadOnly(load.getView(), op) &&
                    !load.getMap().uses(row)));
         });
}
