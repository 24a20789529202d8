//===- KernelParts.cpp - kernels made of parts of others ------------------===//

#include "compiler/passes/norm/KernelParts.h"

#include "dialects/norm/DimSources.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace normc;
using namespace normc::norm;

llvm::SetVector<Operation *> normc::sliceOf(Block &body,
                                            ArrayRef<Value> values) {
  llvm::SmallPtrSet<Operation *, 16> needed;
  SmallVector<Value> worklist(values);
  while (!worklist.empty()) {
    Operation *def = worklist.pop_back_val().getDefiningOp();
    if (def && needed.insert(def).second)
      llvm::append_range(worklist, def->getOperands());
  }
  llvm::SetVector<Operation *> ordered;
  for (Operation &op : body)
    if (needed.contains(&op))
      ordered.insert(&op);
  return ordered;
}

Value normc::buildPointCount(ImplicitLocOpBuilder &b, SpaceAttr space,
                             DimsAttr over, Type type) {
  int64_t known = 1;
  Value count;
  for (StringAttr dim : over.getNames()) {
    int64_t extent = space.getExtents()[space.indexOf(dim)];
    if (!ShapedType::isDynamic(extent)) {
      known *= extent;
      continue;
    }
    Value size = ExtentOp::create(b, dim);
    count = count ? arith::MulIOp::create(b, count, size).getResult() : size;
  }
  if (!count)
    return arith::ConstantOp::create(b, b.getFloatAttr(type, double(known)));
  if (known != 1)
    count = arith::MulIOp::create(b, count,
                                  arith::ConstantIndexOp::create(b, known));
  Value bits = arith::IndexCastOp::create(b, b.getI64Type(), count);
  return arith::SIToFPOp::create(b, type, bits);
}

Value normc::buildVariance(ImplicitLocOpBuilder &b, Value meanSquare,
                           Value delta) {
  Value squared = arith::MulFOp::create(b, delta, delta);
  Value variance = arith::SubFOp::create(b, meanSquare, squared);
  Value zero = arith::ConstantOp::create(b, b.getFloatAttr(delta.getType(), 0));
  return arith::MaximumFOp::create(b, variance, zero);
}

bool normc::showsMean(KernelOp kernel, DimsAttr over, unsigned bits) {
  for (auto [number, value] :
       llvm::enumerate(kernel.getBlock()->getTerminator()->getOperands())) {
    MapAttr map = kernel.getOutputMap(number);
    bool isOfPoints = llvm::any_of(
        over.getNames(), [&](StringAttr dim) { return map.uses(dim); });
    if (isOfPoints && isa<FloatType>(value.getType()) &&
        value.getType().getIntOrFloatBitWidth() > bits)
      return true;
  }
  return false;
}

Value normc::widenForMean(ImplicitLocOpBuilder &b, Value value, bool exact) {
  if (auto narrow = value.getDefiningOp<arith::ExtFOp>(); narrow && exact)
    value = narrow.getIn();
  return arith::ExtFOp::create(b, b.getF64Type(), value);
}

Value normc::buildIsBelow(ImplicitLocOpBuilder &b,
                          ArrayRef<std::pair<StringAttr, int64_t>> counts) {
  Value all;
  for (auto [dim, count] : counts) {
    Value isBelow = arith::CmpIOp::create(
        b, arith::CmpIPredicate::ult, IndexOp::create(b, dim),
        arith::ConstantIndexOp::create(b, count));
    all = all ? arith::AndIOp::create(b, all, isBelow).getResult() : isBelow;
  }
  return all;
}

void normc::setOver(Operation *collective, DimsAttr over) {
  if (auto reduce = dyn_cast<ReduceOp>(collective))
    reduce.setOverAttr(over);
  else
    cast<MomentsOp>(collective).setOverAttr(over);
}

/// The tensor that a map with these dims fills.
static RankedTensorType tensorOf(MapAttr map, const DimExtents &extents,
                                 Type element) {
  SmallVector<int64_t> shape;
  for (DimsAttr axis : map.getAxes()) {
    int64_t size = 1;
    for (StringAttr name : axis.getNames()) {
      int64_t extent = extents.lookup(name);
      bool isKnown =
          !ShapedType::isDynamic(size) && !ShapedType::isDynamic(extent);
      size = isKnown ? size * extent : ShapedType::kDynamic;
    }
    shape.push_back(size);
  }
  return RankedTensorType::get(shape, element);
}

KernelOp
normc::makeKernel(ImplicitLocOpBuilder &b, const DimExtents &extents,
                  const KernelInputs &inputs, ArrayRef<MapAttr> outputMaps,
                  ArrayRef<Type> elements,
                  llvm::function_ref<SmallVector<Value>(ValueRange)> fill,
                  const llvm::SetVector<StringAttr> &alsoUsed) {
  MLIRContext *context = b.getContext();
  auto isUsed = [&](StringAttr name) {
    auto uses = [&](Attribute map) { return cast<MapAttr>(map).uses(name); };
    return alsoUsed.contains(name) || llvm::any_of(inputs.maps, uses) ||
           llvm::any_of(outputMaps, uses);
  };
  SmallVector<StringAttr> names;
  SmallVector<int64_t> sizes;
  for (auto [name, extent] : extents) {
    if (!isUsed(name))
      continue;
    names.push_back(name);
    sizes.push_back(extent);
  }
  SmallVector<Type> types;
  for (auto [map, element] : llvm::zip_equal(outputMaps, elements))
    types.push_back(tensorOf(map, extents, element));
  SmallVector<Attribute> outputs(outputMaps.begin(), outputMaps.end());
  auto made = KernelOp::create(
      b, types, inputs.operands, SpaceAttr::get(context, names, sizes),
      b.getArrayAttr(inputs.maps), b.getArrayAttr(outputs), ArrayAttr());
  OpBuilder::InsertionGuard guard(b);
  Block *body = b.createBlock(&made.getBody());
  for (Value operand : inputs.operands)
    body->addArgument(getElementTypeOrSelf(operand.getType()), b.getLoc());
  SmallVector<Value> yielded = fill(body->getArguments());
  YieldOp::create(b, yielded);
  return made;
}

llvm::SetVector<StringAttr> normc::namedDims(ArrayRef<Operation *> ops) {
  llvm::SetVector<StringAttr> names;
  for (Operation *op : ops) {
    if (isCollective(op))
      names.insert_range(getOver(op).getNames());
    if (auto index = dyn_cast<IndexOp>(op))
      names.insert(index.getDimAttr());
    if (auto extent = dyn_cast<ExtentOp>(op))
      names.insert(extent.getDimAttr());
  }
  return names;
}

/// Makes operands of `whole` that nothing reads operands of `part`, where they
/// tell how large a dim is that it only writes.
static void addExtents(KernelOp part, KernelOp whole) {
  SpaceAttr space = part.getDims();
  DimSet untold = findUntoldDims(part);
  for (unsigned i = 0; i < whole.getNumOperands() && !untold.empty(); ++i) {
    MapAttr map = whole.getInputMap(i);
    bool isInside = llvm::all_of(map.getAxes(), [&](DimsAttr axis) {
      return llvm::all_of(axis.getNames(), [&](StringAttr name) {
        return space.contains(name);
      });
    });
    if (!isInside || !toDimSet(space, map).intersects(untold))
      continue;
    SmallVector<Attribute> maps(part.getInputMaps().getValue());
    maps.push_back(map);
    Value operand = whole.getOperand(i);
    part->insertOperands(part.getNumOperands(), operand);
    part.setInputMapsAttr(ArrayAttr::get(part.getContext(), maps));
    part.getBlock()->addArgument(getElementTypeOrSelf(operand.getType()),
                                 part.getLoc());
    untold = findUntoldDims(part);
  }
}

KernelOp normc::cloneParts(ImplicitLocOpBuilder &b, KernelOp kernel,
                           ArrayRef<KernelResult> results) {
  Block &body = kernel.getBody().front();
  SmallVector<Value> values;
  SmallVector<MapAttr> outputMaps;
  SmallVector<Type> elements;
  for (const KernelResult &result : results) {
    values.push_back(result.value);
    outputMaps.push_back(result.map);
    elements.push_back(result.value.getType());
  }
  llvm::SetVector<Operation *> slice = sliceOf(body, values);
  llvm::SetVector<StringAttr> named = namedDims(slice.getArrayRef());
  DimExtents extents;
  for (auto [name, extent] : llvm::zip_equal(kernel.getDims().getNames(),
                                             kernel.getDims().getExtents()))
    extents.insert({name, extent});
  KernelInputs inputs;
  SmallVector<unsigned> numbers;
  for (BlockArgument argument : body.getArguments()) {
    unsigned number = argument.getArgNumber();
    bool isRead = llvm::is_contained(values, argument) ||
                  llvm::any_of(argument.getUsers(), [&](Operation *user) {
                    return slice.contains(user);
                  });
    // Also what tells how large a dim is.
    MapAttr map = kernel.getInputMap(number);
    isRead |= llvm::any_of(named, [&](StringAttr dim) {
      return ShapedType::isDynamic(extents.lookup(dim)) && map.uses(dim);
    });
    if (!isRead)
      continue;
    inputs.add(kernel.getOperand(number), map);
    numbers.push_back(number);
  }
  KernelOp part = makeKernel(
      b, extents, inputs, outputMaps, elements,
      [&](ValueRange arguments) {
        IRMapping mapping;
        for (auto [number, argument] : llvm::zip_equal(numbers, arguments))
          mapping.map(body.getArgument(number), argument);
        for (Operation *op : slice)
          b.clone(*op, mapping);
        return SmallVector<Value>(llvm::map_range(
            values, [&](Value value) { return mapping.lookup(value); }));
      },
      named);
  addExtents(part, kernel);
  return part;
}

DimSet normc::findUntoldDims(KernelOp kernel) {
  DimSet untold;
  for (auto [dim, extent] : llvm::enumerate(kernel.getDims().getExtents()))
    if (ShapedType::isDynamic(extent))
      untold |= DimSet::one(dim);
  for (const DimSource &source : findDimSources(kernel))
    untold = untold - DimSet::one(source.dim);
  return untold;
}

/// Whether `first` and `second` occur together only, one after the other.
static bool areJoined(KernelOp kernel, StringAttr first, StringAttr second) {
  auto isTogether = [&](Attribute map) {
    for (DimsAttr axis : cast<MapAttr>(map).getAxes()) {
      ArrayRef<StringAttr> names = axis.getNames();
      const auto *at = llvm::find(names, first);
      const auto *other = llvm::find(names, second);
      if (at == names.end() && other == names.end())
        continue;
      if (at == names.end() || other == names.end() || other != std::next(at))
        return false;
    }
    return true;
  };
  return llvm::all_of(kernel.getInputMaps(), isTogether) &&
         llvm::all_of(kernel.getOutputMaps(), isTogether) &&
         llvm::all_of(*kernel.getBlock(), [&](Operation &op) {
           if (auto index = dyn_cast<IndexOp>(op))
             return index.getDimAttr() != first && index.getDimAttr() != second;
           if (auto extent = dyn_cast<ExtentOp>(op))
             return extent.getDimAttr() != first &&
                    extent.getDimAttr() != second;
           return !isCollective(&op) ||
                  getOver(&op).contains(first) == getOver(&op).contains(second);
         });
}

/// `first` stands for both from now on.
static void joinDims(KernelOp kernel, unsigned first, unsigned second) {
  MLIRContext *context = kernel.getContext();
  SmallVector<StringAttr> names(kernel.getDims().getNames());
  SmallVector<int64_t> extents(kernel.getDims().getExtents());
  StringAttr gone = names[second];
  auto without = [&](ArrayAttr maps) {
    SmallVector<Attribute> kept;
    for (Attribute map : maps) {
      SmallVector<DimsAttr> axes;
      for (DimsAttr axis : cast<MapAttr>(map).getAxes()) {
        SmallVector<StringAttr> left(axis.getNames());
        llvm::erase(left, gone);
        axes.push_back(DimsAttr::get(context, left));
      }
      kept.push_back(MapAttr::get(context, axes));
    }
    return ArrayAttr::get(context, kept);
  };
  kernel.setInputMapsAttr(without(kernel.getInputMaps()));
  kernel.setOutputMapsAttr(without(kernel.getOutputMaps()));
  for (Operation &op : *kernel.getBlock())
    if (isCollective(&op)) {
      SmallVector<StringAttr> over(getOver(&op).getNames());
      llvm::erase(over, gone);
      setOver(&op, DimsAttr::get(context, over));
    }
  extents[first] *= extents[second];
  extents.erase(extents.begin() + second);
  names.erase(names.begin() + second);
  kernel.setDimsAttr(SpaceAttr::get(context, names, extents));
}

MapAttr normc::replaceDim(MapAttr map, StringAttr dim,
                          ArrayRef<StringAttr> parts) {
  SmallVector<DimsAttr> axes;
  for (DimsAttr axis : map.getAxes()) {
    SmallVector<StringAttr> names;
    for (StringAttr name : axis.getNames()) {
      if (name == dim)
        llvm::append_range(names, parts);
      else
        names.push_back(name);
    }
    axes.push_back(DimsAttr::get(map.getContext(), names));
  }
  return MapAttr::get(map.getContext(), axes);
}

void normc::splitDim(KernelOp kernel, StringAttr dim, StringAttr outer,
                     StringAttr inner, const DimExtents &extents) {
  SmallVector<StringAttr> names;
  SmallVector<int64_t> sizes;
  for (auto [name, size] : llvm::zip_equal(kernel.getDims().getNames(),
                                           kernel.getDims().getExtents())) {
    if (name != dim) {
      names.push_back(name);
      sizes.push_back(size);
      continue;
    }
    llvm::append_values(names, outer, inner);
    llvm::append_values(sizes, extents.lookup(outer), extents.lookup(inner));
  }
  auto split = [&](ArrayAttr maps) {
    return ArrayAttr::get(
        kernel.getContext(),
        llvm::map_to_vector(maps, [&](Attribute map) -> Attribute {
          return replaceDim(cast<MapAttr>(map), dim, {outer, inner});
        }));
  };
  kernel.setDimsAttr(SpaceAttr::get(kernel.getContext(), names, sizes));
  kernel.setInputMapsAttr(split(kernel.getInputMaps()));
  kernel.setOutputMapsAttr(split(kernel.getOutputMaps()));
}

unsigned normc::mergeJoinedDims(KernelOp kernel) {
  unsigned merged = 0;
  for (unsigned i = 0; i < kernel.getDims().size(); ++i)
    for (unsigned j = 0; j < kernel.getDims().size(); ++j) {
      SpaceAttr dims = kernel.getDims();
      if (i == j || ShapedType::isDynamic(dims.getExtents()[i]) ||
          ShapedType::isDynamic(dims.getExtents()[j]) ||
          !areJoined(kernel, dims.getNames()[i], dims.getNames()[j]))
        continue;
      joinDims(kernel, i, j);
      return 1 + mergeJoinedDims(kernel);
    }
  return merged;
}
