//===- BodyEmitter.cpp - widens a scalar body to vectors ------------------===//

#include "compiler/lowering/shared/BodyEmitter.h"

#include "compiler/lowering/shared/Accumulators.h"
#include "compiler/lowering/shared/ElementTypes.h"
#include "compiler/lowering/shared/Philox.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

#include <numeric>

using namespace mlir;
using namespace normc;
using namespace normc::norm;

StageContext::StageContext(StageOp stage, const ViewTable &views,
                           ImplicitLocOpBuilder &b, Instructions instructions)
    : stage(stage), views(views), lane(stage.getLaneDim()),
      width(stage.getSchedule().getWidth()), instructions(instructions),
      order(stage, instructions), dims(stage.getDims()) {
  for (auto [dim, extent] : llvm::enumerate(dims.getExtents()))
    extents.push_back(ShapedType::isDynamic(extent)
                          ? views.size(stage.getSizeOf(dim))
                          : makeI64(b, extent));
}

//===----------------------------------------------------------------------===//
// Addresses
//===----------------------------------------------------------------------===//

/// A coordinate's term of an address: what is computed, and what is known.
static std::pair<Value, int64_t> makeTerm(ImplicitLocOpBuilder &b,
                                          Value coordinate, Value stride) {
  constexpr int64_t most = 1 << 14; // So that all of them make 32 bits.
  auto sum = coordinate.getDefiningOp<arith::AddIOp>();
  std::optional<int64_t> added = sum ? constantOf(sum.getRhs()) : std::nullopt;
  std::optional<int64_t> step = constantOf(stride);
  if (!added || !step || std::abs(*added) > most || std::abs(*step) > most)
    return {mulI64(b, coordinate, stride), 0};
  return {mulI64(b, sum.getLhs(), stride), *added * *step};
}

BodyEmitter::Access BodyEmitter::address(Value viewValue, MapAttr map,
                                         bool inbounds) {
  const LoweredView &view = context.views.view(viewValue);
  SpaceAttr space = context.space();
  // One term per dim: its coordinate by the elements that it strides over. The
  // terms are added from the outermost dim to the innermost, so that what a
  // loop does not change can leave it; constants last, since they are part of
  // an instruction: what lies side by side has one address in registers.
  Value offset = makeI64(b, 0), laneStride, laneTerm;
  int64_t known = 0;
  if (view.localElements != 0 && position.place)
    offset = mulI64(b, position.place, makeI64(b, view.localElements));
  unsigned bytes = view.elementType.getIntOrFloatBitWidth() / 8;
  uint64_t alignment = view.alignment;
  for (auto [axis, names] : llvm::enumerate(map.getAxes())) {
    SmallVector<Value> terms;
    Value stride = view.strides[axis];
    for (StringAttr name : llvm::reverse(names.getNames())) {
      int64_t dim = space.indexOf(name);
      bool isLane = position.hasLanes && dim == context.lane;
      auto [term, added] = makeTerm(b, position.coordinates[dim], stride);
      known += added;
      // A lane coordinate is a multiple of the width, but behind a head.
      bool isMultiple = isLane && position.streamed.empty();
      int64_t multiple = (isMultiple ? context.width : 1) * int64_t(bytes);
      if (constantOf(term) != 0)
        alignment = std::gcd(
            alignment,
            uint64_t(std::abs(constantOf(stride).value_or(1) * multiple)));
      if (isLane) {
        laneStride = stride;
        laneTerm = term;
      } else {
        terms.push_back(term);
      }
      if (name != names.getNames().front())
        stride = mulI64(b, stride, context.extents[dim]);
    }
    for (Value term : llvm::reverse(terms))
      offset = addI64(b, offset, term);
  }
  if (laneTerm)
    offset = addI64(b, offset, laneTerm);
  auto flags =
      inbounds ? LLVM::GEPNoWrapFlags::inbounds : LLVM::GEPNoWrapFlags::none;
  auto behind = [&](Value pointer, LLVM::GEPArg distance) -> Value {
    return LLVM::GEPOp::create(b, pointer.getType(),
                               b.getIntegerType(8 * bytes), pointer,
                               ArrayRef(distance), flags);
  };
  Value pointer = behind(view.pointer, offset);
  if (known != 0)
    pointer = behind(pointer, int32_t(known));
  return {pointer, laneStride, unsigned(alignment)};
}

Value BodyEmitter::laneNumbers() {
  SmallVector<int64_t> numbers(
      llvm::to_vector(llvm::seq<int64_t>(0, context.width)));
  return arith::ConstantOp::create(b, b.getI64VectorAttr(numbers));
}

/// One pointer per lane, for lanes that are not neighbours.
Value BodyEmitter::lanePointers(const Access &access, Type element) {
  Value strides = toVector(access.laneStride);
  Value offsets = arith::MulIOp::create(b, laneNumbers(), strides,
                                        arith::IntegerOverflowFlags::nsw);
  auto type = VectorType::get(context.width, access.pointer.getType());
  return LLVM::GEPOp::create(b, type, element, access.pointer,
                             ArrayRef<LLVM::GEPArg>{offsets},
                             LLVM::GEPNoWrapFlags::inbounds);
}

Value normc::makeMask(ImplicitLocOpBuilder &b, Value count, int64_t width) {
  auto numbers = llvm::to_vector(llvm::seq<int32_t>(0, int32_t(width)));
  Value lanes = arith::ConstantOp::create(b, b.getI32VectorAttr(numbers));
  Value narrow = arith::TruncIOp::create(b, b.getI32Type(), count);
  Value limit = vector::BroadcastOp::create(b, lanes.getType(), narrow);
  return arith::CmpIOp::create(b, arith::CmpIPredicate::slt, lanes, limit);
}

Value normc::makeTrueMask(ImplicitLocOpBuilder &b, int64_t width) {
  auto type = VectorType::get(width, b.getI1Type());
  return arith::ConstantOp::create(b, DenseElementsAttr::get(type, true));
}

Value BodyEmitter::load(Value viewValue, MapAttr map) {
  // Masked lanes may lie outside of the tensor.
  Access access = address(viewValue, map, /*inbounds=*/!position.mask);
  Type type = context.views.view(viewValue).elementType;
  Type storage = getStorageType(type);
  unsigned align = access.alignment;
  if (!access.laneStride)
    return bitcastTo(b, LLVM::LoadOp::create(b, storage, access.pointer, align),
                     type);
  auto vector = VectorType::get(context.width, storage);
  Value loaded;
  bool contiguous = constantOf(access.laneStride) == 1;
  if (contiguous && !position.mask) {
    loaded = LLVM::LoadOp::create(b, vector, access.pointer, align);
  } else {
    Value zero = arith::ConstantOp::create(b, b.getZeroAttr(vector));
    Value mask = position.mask ? position.mask : makeTrueMask(b, context.width);
    if (contiguous)
      loaded = LLVM::MaskedLoadOp::create(b, vector, access.pointer, mask, zero,
                                          align);
    else
      loaded =
          LLVM::masked_gather::create(b, vector, lanePointers(access, storage),
                                      mask, ValueRange{zero}, align);
  }
  loaded = bitcastTo(b, loaded, VectorType::get(context.width, type));
  return context.order.reorders(viewValue) ? context.order.split(b, loaded)
                                           : loaded;
}

/// `value` behind a fence that costs no instruction. LLVM 22 would merge a
/// truncation to 8 bits with the store of its result, and then forget that the
/// store was to go past the caches.
static Value keepFromStore(ImplicitLocOpBuilder &b, Value value) {
  auto type = cast<VectorType>(value.getType());
  int64_t bits = type.getNumElements() * type.getElementTypeBitWidth();
  if (type.getElementTypeBitWidth() != 8 || bits < 128)
    return value;
  auto floats = VectorType::get(bits / 32, b.getF32Type());
  return LLVM::CallIntrinsicOp::create(
             b, floats, b.getStringAttr("llvm.arithmetic.fence"),
             ValueRange{vector::BitCastOp::create(b, floats, value)})
      .getResults();
}

void BodyEmitter::store(Value value, Value viewValue, MapAttr map) {
  // Masked lanes may lie outside of the tensor.
  Access access = address(viewValue, map, /*inbounds=*/!position.mask);
  Type type = context.views.view(viewValue).elementType;
  Type storage = getStorageType(type);
  unsigned align = access.alignment;
  if (!access.laneStride) {
    LLVM::StoreOp::create(b, bitcastTo(b, value, storage), access.pointer,
                          align);
    return;
  }
  value = toVector(value);
  if (context.order.reorders(viewValue))
    value = context.order.join(b, value);
  value = bitcastTo(b, value, VectorType::get(context.width, storage));
  bool contiguous = constantOf(access.laneStride) == 1;
  if (contiguous && !position.mask) {
    // Below a vector's size LLVM would drop the hint.
    unsigned whole = context.width * storage.getIntOrFloatBitWidth() / 8;
    auto storeAs = [&](bool streams) {
      Value stored = streams ? keepFromStore(b, value) : value;
      LLVM::StoreOp::create(b, stored, access.pointer, streams ? whole : align,
                            /*isVolatile=*/false, /*isNonTemporal=*/streams);
    };
    const auto *streamed =
        llvm::find_if(position.streamed, [&](const Streamed &candidate) {
          return candidate.view == viewValue;
        });
    bool mayStream = streamed != position.streamed.end();
    if (!mayStream || !streamed->when)
      return storeAs(mayStream);
    // A branch that always goes the same way costs less than a second loop.
    auto branch = scf::IfOp::create(b, streamed->when, /*withElseRegion=*/true);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(branch.thenBlock());
    storeAs(true);
    b.setInsertionPointToStart(branch.elseBlock());
    storeAs(false);
    return;
  }
  // LLVM 22 turns a masked store of one known lane of i16 into a scalar store
  // of 32 bits, past the end of the row; this is the scalar store that it
  // means.
  if (contiguous && position.onlyFirstLane) {
    Value lane = vector::ExtractOp::create(b, value, ArrayRef<int64_t>{0});
    LLVM::StoreOp::create(b, lane, access.pointer, align);
    return;
  }
  Value mask = position.mask ? position.mask : makeTrueMask(b, context.width);
  if (contiguous)
    LLVM::MaskedStoreOp::create(b, value, access.pointer, mask, align);
  else
    LLVM::masked_scatter::create(b, value, lanePointers(access, storage), mask,
                                 align);
}

void BodyEmitter::prefetch(LoadOp op) {
  Position there = position;
  for (auto [coordinate, ahead] :
       llvm::zip_equal(there.coordinates, position.ahead))
    if (ahead)
      coordinate = ahead;
  BodyEmitter emitter(context, b, there, values);
  Access access =
      emitter.address(op.getView(), op.getMap(), /*inbounds=*/false);
  // For reading, into the second level, as data. Past a tensor's end it asks
  // for nothing that faults.
  constexpr int32_t read = 0, secondLevel = 2, data = 1;
  int64_t bytes = context.width * bytesOf(op.getResult().getType());
  for (int32_t at = 0; at == 0 || at < bytes; at += kLineBytes) {
    Value line = access.pointer;
    if (at > 0)
      line = LLVM::GEPOp::create(b, line.getType(), b.getI8Type(), line,
                                 LLVM::GEPArg(at));
    LLVM::Prefetch::create(b, line, read, secondLevel, data);
  }
}

Value BodyEmitter::addressOf(StoreOp op) {
  return LLVM::PtrToIntOp::create(b, b.getI64Type(),
                                  address(op.getView(), op.getMap()).pointer);
}

Value BodyEmitter::addTo(AccumulateOp op, Value total) {
  auto product = op.getValue().getDefiningOp<arith::MulFOp>();
  if (product && context.instructions.hasFma &&
      op.getKind() == ReduceKind::add && product->getBlock() == op->getBlock())
    return math::FmaOp::create(b, toVector(lookup(product.getLhs())),
                               toVector(lookup(product.getRhs())), total);
  return combine(b, op.getKind(), total, toVector(lookup(op.getValue())));
}

/// view[...] = view[...] ⊕ value. Where the address is the same for all lanes,
/// they are combined first.
void BodyEmitter::accumulate(AccumulateOp op) {
  Value value = lookup(op.getValue());
  bool varies = position.hasLanes &&
                op.getMap().uses(context.space().getNames()[context.lane]);
  if (!varies && position.hasLanes) {
    value = toVector(value);
    if (position.mask)
      value = arith::SelectOp::create(
          b, context.order.maskFor(op.getValue().getType(), b, position.mask),
          value,
          toVector(makeIdentity(b, op.getKind(), op.getValue().getType())));
    value = combineLanes(b, op.getKind(), value);
  }
  Value old = loadTotal(op);
  storeTotal(op, isVector(old) ? addTo(op, old)
                               : combine(b, op.getKind(), old, value));
}

//===----------------------------------------------------------------------===//
// Ops
//===----------------------------------------------------------------------===//

Value BodyEmitter::toVector(Value value) {
  if (isVector(value))
    return value;
  // As integers where floats are narrow: LLVM 22 would widen a bf16 for its
  // broadcast, and call a function to round it again.
  auto vectorOf = [&](Type type) {
    return VectorType::get(context.width, type);
  };
  Type type = value.getType();
  Type storage = isa<FloatType>(type) ? getStorageType(type) : type;
  Value lanes = vector::BroadcastOp::create(b, vectorOf(storage),
                                            bitcastTo(b, value, storage));
  return bitcastTo(b, lanes, vectorOf(type));
}

void BodyEmitter::emitIndex(IndexOp op) {
  int64_t dim = context.space().indexOf(op.getDimAttr());
  Value index = arith::IndexCastOp::create(b, b.getIndexType(),
                                           position.coordinates[dim]);
  if (position.hasLanes && dim == context.lane) {
    auto type = VectorType::get(context.width, b.getIndexType());
    Value numbers = arith::IndexCastOp::create(b, type, laneNumbers());
    index = arith::AddIOp::create(b, toVector(index), numbers);
  }
  values.map(op.getResult(), index);
}

/// What an i64 or index of the phase form is in the first lane, as i64, if it
/// grows by one from lane to lane; else null. (Narrower integers may wrap.)
Value BodyEmitter::firstOfRun(Value value) {
  if (!value.getType().isIndex() && !value.getType().isInteger(64))
    return {};
  Operation *def = value.getDefiningOp();
  if (auto index = dyn_cast_or_null<IndexOp>(def)) {
    int64_t dim = context.space().indexOf(index.getDimAttr());
    bool isLane = position.hasLanes && dim == context.lane;
    return isLane ? position.coordinates[dim] : Value();
  }
  if (isa_and_nonnull<arith::IndexCastOp>(def))
    return firstOfRun(def->getOperand(0));
  auto sum = dyn_cast_or_null<arith::AddIOp>(def);
  if (!sum)
    return {};
  for (auto [run, base] : {std::pair(sum.getLhs(), sum.getRhs()),
                           std::pair(sum.getRhs(), sum.getLhs())})
    if (!isVector(lookup(base)))
      if (Value first = firstOfRun(run))
        return addI64(b, toI64(lookup(base)), first);
  return {};
}

/// An index value as i64.
Value BodyEmitter::toI64(Value value) {
  if (!getElementTypeOrSelf(value.getType()).isIndex())
    return value;
  Type type = b.getI64Type();
  if (isVector(value))
    type = VectorType::get(context.width, type);
  return arith::IndexCastOp::create(b, type, value);
}

/// Of lanes side by side in the order of the indexes, each four share a block,
/// where the first of them is a multiple of four.
void BodyEmitter::emitPhilox(PhiloxOp op, MutableArrayRef<IRMapping> copies) {
  Value seed = lookup(op.getSeed()), offset = lookup(op.getOffset());
  bool isUniform = !isVector(seed) && !isVector(offset);
  SmallVector<Value> indexes;
  for (IRMapping &copy : copies)
    indexes.push_back(toI64(copy.lookup(op.getIndex())));
  auto emitWords = [&](Value index) -> Value {
    if (isUniform && !isVector(index))
      return emitPhiloxWords(b, seed, offset, index);
    return emitPhiloxWords(b, isUniform ? seed : toVector(seed),
                           toVector(offset), toVector(index));
  };
  Value first;
  if (isUniform && isVector(indexes.front()) && context.width % 4 == 0)
    first = firstOfRun(op.getIndex());
  if (!first) {
    for (auto [copy, index] : llvm::zip_equal(copies, indexes))
      copy.map(op.getResult(), emitWords(index));
    return;
  }
  Value part = b.createOrFold<arith::AndIOp>(first, makeI64(b, 3));
  Value isWhole = b.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::eq, part,
                                                makeI64(b, 0));
  int64_t blocks = context.width / 4 * int64_t(copies.size());
  auto words = VectorType::get(context.width, b.getI32Type());
  PhiloxKeys keys;
  { // No pass would take them out of every loop.
    OpBuilder::InsertionGuard outside(b);
    b.setInsertionPointAfterValue(seed);
    keys = emitPhiloxKeys(b, seed, VectorType::get(blocks, b.getI64Type()));
  }
  auto branch = scf::IfOp::create(b, SmallVector<Type>(copies.size(), words),
                                  isWhole, /*withElseRegion=*/true);
  for (auto [copy, result] : llvm::zip_equal(copies, branch.getResults()))
    copy.map(op.getResult(), result);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(branch.thenBlock());
  Value run = emitPhiloxRun(b, keys, offset, first);
  SmallVector<Value> parts;
  for (int64_t lane = 0; lane < 4 * blocks; lane += context.width)
    parts.push_back(vector::ShuffleOp::create(
        b, run, run,
        llvm::to_vector(llvm::seq<int64_t>(lane, lane + context.width))));
  scf::YieldOp::create(b, parts);
  b.setInsertionPointToStart(branch.elseBlock());
  scf::YieldOp::create(b, llvm::map_to_vector(indexes, emitWords));
}

/// The same op on vectors, if any operand is one.
void BodyEmitter::widen(Operation &op) {
  SmallVector<Value> operands;
  for (Value operand : op.getOperands())
    operands.push_back(lookup(operand));
  bool wide = llvm::any_of(operands, isVector);
  if (wide && context.order.isSplit()) {
    if (auto cast = dyn_cast<arith::ExtFOp>(op);
        cast && cast.getIn().getType().isBF16())
      return values.map(cast.getOut(), context.order.widen(b, operands[0]));
    if (auto cast = dyn_cast<arith::TruncFOp>(op);
        cast && cast.getType().isBF16())
      return values.map(cast.getOut(), context.order.narrow(b, operands[0]));
  }
  SmallVector<Type> types(op.getResultTypes());
  if (wide) {
    for (Value &operand : operands)
      operand = toVector(operand);
    for (Type &type : types)
      type = VectorType::get(context.width, type);
  }
  OperationState state(op.getLoc(), op.getName());
  state.addOperands(operands);
  state.addTypes(types);
  state.addAttributes(op.getAttrs());
  state.propertiesAttr = op.getPropertiesAsAttribute();
  Operation *copy = b.create(state);
  values.map(op.getResults(), copy->getResults());
}

void BodyEmitter::emit(Operation &op) {
  if (auto loadOp = dyn_cast<LoadOp>(op)) {
    values.map(loadOp.getResult(), load(loadOp.getView(), loadOp.getMap()));
  } else if (auto storeOp = dyn_cast<StoreOp>(op)) {
    store(lookup(storeOp.getValue()), storeOp.getView(), storeOp.getMap());
  } else if (auto accumulateOp = dyn_cast<AccumulateOp>(op)) {
    accumulate(accumulateOp);
  } else if (auto philox = dyn_cast<PhiloxOp>(op)) {
    emitPhilox(philox, values);
  } else if (auto index = dyn_cast<IndexOp>(op)) {
    emitIndex(index);
  } else if (auto extent = dyn_cast<ExtentOp>(op)) {
    int64_t dim = context.space().indexOf(extent.getDimAttr());
    values.map(
        extent.getResult(),
        arith::IndexCastOp::create(b, b.getIndexType(), context.extents[dim])
            .getResult());
  } else {
    widen(op);
  }
}
