//===- Evaluator.cpp - what a function on tensors means -------------------===//

#include "tests/graphs/Evaluator.h"

#include "tests/graphs/ScalarBounds.h"

#include "llvm/ADT/DenseMap.h"

using namespace mlir;
using namespace normc;
using namespace normc::graphs;

int64_t normc::graphs::countElements(const std::vector<int64_t> &shape) {
  int64_t count = 1;
  for (int64_t extent : shape)
    count *= extent;
  return count;
}

namespace {

class Evaluation {
public:
  Evaluation(func::FuncOp function,
             const std::vector<BoundedTensor> &arguments) {
    for (auto [argument, tensor] :
         llvm::zip_equal(function.getArguments(), arguments))
      values[argument] = tensor;
  }

  llvm::Error run(Operation &op);
  const BoundedTensor &of(Value value) { return values[value]; }

private:
  using Operands = std::vector<const BoundedTensor *>;
  llvm::Error runElementwise(Operation &op, const Operands &operands);
  void define(Operation &op, std::vector<BoundedTensor> results);

  llvm::DenseMap<Value, BoundedTensor> values;
};

} // namespace

/// Also notes which types the results went through.
void Evaluation::define(Operation &op, std::vector<BoundedTensor> results) {
  int precision = 64;
  for (Value operand : op.getOperands())
    precision = std::min(precision, values[operand].precision);
  for (auto [value, tensor] : llvm::zip_equal(op.getResults(), results)) {
    tensor.precision = std::min(tensor.precision, precision);
    if (auto type = floatTypeOf(value.getType()))
      tensor.precision =
          std::min(tensor.precision, numerics::precisionOf(*type));
    values[value] = std::move(tensor);
  }
}

llvm::Error Evaluation::runElementwise(Operation &op,
                                       const Operands &operands) {
  llvm::Expected<ScalarFunction> function = scalarFunction(op);
  if (!function)
    return function.takeError();
  BoundedTensor result;
  for (const BoundedTensor *operand : operands)
    if (!operand->shape.empty())
      result.shape = operand->shape;
  int64_t count = countElements(result.shape);
  SmallVector<Bounded> elements(operands.size());
  for (int64_t i = 0; i < count; ++i) {
    for (auto [element, operand] : llvm::zip_equal(elements, operands)) {
      bool isScalar = operand->shape.empty(); // The condition of a select.
      if (!isScalar && operand->shape != result.shape)
        return llvm::createStringError("expected operands of one shape of " +
                                       op.getName().getStringRef());
      element = operand->values[isScalar ? 0 : i];
    }
    result.values.push_back((*function)(elements));
  }
  define(op, {std::move(result)});
  return llvm::Error::success();
}

llvm::Error Evaluation::run(Operation &op) {
  Operands operands;
  for (Value operand : op.getOperands())
    operands.push_back(&values[operand]);
  if (std::optional<llvm::Expected<BoundedTensor>> tensor =
          evaluateTensorOp(op, operands)) {
    if (!*tensor)
      return tensor->takeError();
    define(op, {std::move(**tensor)});
    return llvm::Error::success();
  }
  if (auto normalize = dyn_cast<norm::NormalizeOp>(op)) {
    define(op, evaluateNormalize(normalize, operands));
    return llvm::Error::success();
  }
  if (auto kernel = dyn_cast<norm::KernelOp>(op)) {
    llvm::Expected<std::vector<BoundedTensor>> results =
        evaluateKernel(kernel, operands);
    if (!results)
      return results.takeError();
    define(op, std::move(*results));
    return llvm::Error::success();
  }
  return runElementwise(op, operands);
}

llvm::Expected<std::vector<BoundedTensor>>
normc::graphs::evaluate(func::FuncOp function,
                        const std::vector<BoundedTensor> &arguments) {
  Evaluation evaluation(function, arguments);
  for (Operation &op : function.getBody().front()) {
    if (op.hasTrait<OpTrait::IsTerminator>()) {
      std::vector<BoundedTensor> results;
      for (Value value : op.getOperands())
        results.push_back(evaluation.of(value));
      return results;
    }
    if (llvm::Error error = evaluation.run(op))
      return error;
  }
  return llvm::createStringError("expected a function that returns");
}
