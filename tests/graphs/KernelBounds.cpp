//===- KernelBounds.cpp - what a norm.kernel means ------------------------===//
//
// Evaluates every value of a body at every point of its space, in order, and
// then writes the results.
//
//===----------------------------------------------------------------------===//

#include "tests/graphs/Evaluator.h"
#include "tests/graphs/ReduceBounds.h"
#include "tests/graphs/ScalarBounds.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/DenseMap.h"

using namespace mlir;
using namespace normc;
using namespace normc::graphs;
using namespace normc::norm;

namespace {

/// A value at the points of the dims that it varies over, the first outermost.
struct SpaceValue {
  std::vector<unsigned> dims;
  std::vector<Bounded> values;
};

class KernelEvaluation {
public:
  KernelEvaluation(KernelOp kernel,
                   const std::vector<const BoundedTensor *> &operands)
      : kernel(kernel), space(kernel.getDims()), operands(operands),
        extents(space.getExtents()) {}

  llvm::Expected<std::vector<BoundedTensor>> run();

private:
  llvm::Error findExtents();
  llvm::Error runOp(Operation &op);
  llvm::Error runScalar(Operation &op);
  void runCollective(Operation &op, Value value, Value predicate,
                     DimsAttr over);
  void read(unsigned operand);
  BoundedTensor write(Value value, MapAttr map);

  unsigned position(StringAttr name) const {
    return unsigned(space.indexOf(name));
  }
  int64_t sizeOf(ArrayRef<unsigned> dims) const {
    int64_t size = 1;
    for (unsigned dim : dims)
      size *= extents[dim];
    return size;
  }
  /// Calls f(number, coordinates by dim) for all points of `dims`, row-major.
  template <typename F> void forEachPoint(ArrayRef<unsigned> dims, F f) const;
  int64_t indexIn(ArrayRef<unsigned> dims, ArrayRef<int64_t> point) const {
    int64_t index = 0;
    for (unsigned dim : dims)
      index = index * extents[dim] + point[dim];
    return index;
  }
  const Bounded &at(Value value, ArrayRef<int64_t> point) const {
    const SpaceValue &found = values.find(value)->second;
    return found.values[indexIn(found.dims, point)];
  }
  /// The dims of any of these values, in the kernel's order.
  std::vector<unsigned> unionOf(ValueRange list) const;

  KernelOp kernel;
  SpaceAttr space;
  const std::vector<const BoundedTensor *> &operands;
  std::vector<int64_t> extents;
  llvm::DenseMap<Value, SpaceValue> values;
};

} // namespace

template <typename F>
void KernelEvaluation::forEachPoint(ArrayRef<unsigned> dims, F f) const {
  SmallVector<int64_t> point(extents.size(), 0);
  int64_t count = sizeOf(dims);
  for (int64_t number = 0; number < count; ++number) {
    f(number, point);
    for (size_t i = dims.size(); i-- > 0;) {
      if (++point[dims[i]] < extents[dims[i]])
        break;
      point[dims[i]] = 0;
    }
  }
}

std::vector<unsigned> KernelEvaluation::unionOf(ValueRange list) const {
  std::vector<unsigned> dims;
  for (Value value : list)
    for (unsigned dim : values.find(value)->second.dims)
      dims.push_back(dim);
  llvm::sort(dims);
  dims.erase(std::unique(dims.begin(), dims.end()), dims.end());
  return dims;
}

/// A `?` is what is left of an axis without its other dims.
llvm::Error KernelEvaluation::findExtents() {
  bool isChanged = true;
  while (isChanged) {
    isChanged = false;
    for (auto [number, operand] : llvm::enumerate(operands))
      for (auto [axis, dims] :
           llvm::enumerate(kernel.getInputMap(number).getAxes())) {
        int64_t known = 1, missing = -1, numMissing = 0;
        for (StringAttr name : dims.getNames()) {
          unsigned dim = position(name);
          bool isMissing = ShapedType::isDynamic(extents[dim]);
          numMissing += isMissing;
          if (isMissing)
            missing = dim;
          else
            known *= extents[dim];
        }
        if (numMissing == 1 && known > 0) {
          extents[missing] = operand->shape[axis] / known;
          known *= extents[missing];
          isChanged = true;
        }
        if (numMissing <= 1 && known != operand->shape[axis])
          return llvm::createStringError(
              "expected axis " + Twine(axis) + " of operand " + Twine(number) +
              " of a kernel to be " + Twine(known) + ", but got " +
              Twine(operand->shape[axis]));
      }
  }
  if (llvm::any_of(extents, ShapedType::isDynamic))
    return llvm::createStringError("expected an operand to tell every dim");
  return llvm::Error::success();
}

void KernelEvaluation::read(unsigned number) {
  const BoundedTensor &tensor = *operands[number];
  MapAttr map = kernel.getInputMap(number);
  SpaceValue value;
  for (DimsAttr axis : map.getAxes())
    for (StringAttr name : axis.getNames())
      value.dims.push_back(position(name));
  // The axes of the map one after the other are the tensor's elements in order.
  std::vector<unsigned> asStored = value.dims;
  llvm::sort(value.dims);
  value.values.resize(sizeOf(value.dims));
  forEachPoint(value.dims, [&](int64_t i, ArrayRef<int64_t> point) {
    value.values[i] = tensor.values[indexIn(asStored, point)];
  });
  values[kernel.getBlock()->getArgument(number)] = std::move(value);
}

BoundedTensor KernelEvaluation::write(Value value, MapAttr map) {
  BoundedTensor tensor;
  std::vector<unsigned> dims;
  for (DimsAttr axis : map.getAxes()) {
    std::vector<unsigned> joined;
    for (StringAttr name : axis.getNames())
      joined.push_back(position(name));
    tensor.shape.push_back(sizeOf(joined));
    llvm::append_range(dims, joined);
  }
  tensor.values.resize(countElements(tensor.shape));
  forEachPoint(dims, [&](int64_t i, ArrayRef<int64_t> point) {
    tensor.values[i] = at(value, point);
  });
  return tensor;
}

llvm::Error KernelEvaluation::runScalar(Operation &op) {
  llvm::Expected<ScalarFunction> function = scalarFunction(op);
  if (!function)
    return function.takeError();
  SpaceValue result;
  result.dims = unionOf(op.getOperands());
  result.values.resize(sizeOf(result.dims));
  SmallVector<Bounded> elements(op.getNumOperands());
  forEachPoint(result.dims, [&](int64_t i, ArrayRef<int64_t> point) {
    for (auto [element, operand] : llvm::zip_equal(elements, op.getOperands()))
      element = at(operand, point);
    result.values[i] = (*function)(elements);
  });
  values[op.getResult(0)] = std::move(result);
  return llvm::Error::success();
}

void KernelEvaluation::runCollective(Operation &op, Value value,
                                     Value predicate, DimsAttr over) {
  std::vector<unsigned> all =
      predicate ? unionOf({value, predicate}) : unionOf({value});
  int64_t multiplicity = 1;
  std::vector<unsigned> kept = all;
  for (StringAttr name : over.getNames()) {
    unsigned dim = position(name);
    if (!llvm::is_contained(all, dim))
      multiplicity *= extents[dim];
    llvm::erase(kept, dim);
  }
  DType type = *floatTypeOf(value.getType());
  std::vector<Group> groups(sizeOf(kept));
  forEachPoint(all, [&](int64_t, ArrayRef<int64_t> point) {
    Bounded chosen = predicate ? at(predicate, point) : Bounded::exactly(1);
    groups[indexIn(kept, point)].add(at(value, point), chosen);
  });
  std::vector<SpaceValue> results(op.getNumResults());
  for (SpaceValue &result : results)
    result.dims = kept;
  for (Group &group : groups) {
    group.repeat(multiplicity);
    if (auto reduce = dyn_cast<ReduceOp>(op)) {
      results[0].values.push_back(group.reduce(reduce.getKind(), type));
      continue;
    }
    for (auto [result, moment] : llvm::zip_equal(results, group.moments(type)))
      result.values.push_back(moment);
  }
  for (auto [value, result] : llvm::zip_equal(op.getResults(), results))
    values[value] = std::move(result);
}

llvm::Error KernelEvaluation::runOp(Operation &op) {
  if (auto reduce = dyn_cast<ReduceOp>(op)) {
    runCollective(op, reduce.getValue(), reduce.getPredicate(),
                  reduce.getOver());
  } else if (auto moments = dyn_cast<MomentsOp>(op)) {
    runCollective(op, moments.getValue(), moments.getPredicate(),
                  moments.getOver());
  } else if (auto index = dyn_cast<IndexOp>(op)) {
    unsigned dim = position(index.getDimAttr());
    SpaceValue value{{dim}, {}};
    for (int64_t i = 0; i < extents[dim]; ++i)
      value.values.push_back(Bounded::exactly(double(i)));
    values[index] = std::move(value);
  } else if (auto extent = dyn_cast<ExtentOp>(op)) {
    double count = double(extents[position(extent.getDimAttr())]);
    values[extent] = {{}, {Bounded::exactly(count)}};
  } else if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
    llvm::Expected<BoundedTensor> number = evaluateConstant(constant);
    if (!number)
      return number.takeError();
    values[constant] = {{}, number->values};
  } else {
    return runScalar(op);
  }
  return llvm::Error::success();
}

llvm::Expected<std::vector<BoundedTensor>> KernelEvaluation::run() {
  if (llvm::Error error = findExtents())
    return error;
  for (unsigned i = 0; i < operands.size(); ++i)
    read(i);
  std::vector<BoundedTensor> results;
  for (Operation &op : *kernel.getBlock()) {
    if (auto yield = dyn_cast<YieldOp>(op))
      for (auto [number, value] : llvm::enumerate(yield.getValues()))
        results.push_back(write(value, kernel.getOutputMap(number)));
    else if (llvm::Error error = runOp(op))
      return error;
  }
  // Types inside of the body count as well.
  for (BoundedTensor &result : results)
    for (Operation &op : *kernel.getBlock())
      for (Type type : op.getResultTypes())
        if (std::optional<DType> known = floatTypeOf(type))
          result.precision =
              std::min(result.precision, numerics::precisionOf(*known));
  return results;
}

llvm::Expected<std::vector<BoundedTensor>> normc::graphs::evaluateKernel(
    KernelOp kernel, const std::vector<const BoundedTensor *> &operands) {
  return KernelEvaluation(kernel, operands).run();
}
