//===- Norm.cpp - dialect registration, spaces of values ------------------===//

#include "dialects/norm/Norm.h"
#include "dialects/norm/Assembly.h"
#include "dialects/norm/Spaces.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace normc::norm;

#include "dialects/norm/NormDialect.cpp.inc"
#include "dialects/norm/NormEnums.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/norm/NormAttrs.cpp.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/norm/NormTypes.cpp.inc"
#define GET_OP_CLASSES
#include "dialects/norm/NormOps.cpp.inc"

void NormDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/norm/NormAttrs.cpp.inc"
      >();
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialects/norm/NormTypes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/norm/NormOps.cpp.inc"
      >();
}

/// norm.name, norm.strides and norm.alignment, of the right kinds, and no
/// other: a misspelt name would be ignored in silence.
static LogicalResult verifyConvention(Operation *op, NamedAttribute attribute) {
  StringRef name = attribute.getName();
  Attribute value = attribute.getValue();
  if (name != kNameAttr && name != kStridesAttr && name != kAlignmentAttr)
    return op->emitError() << "expected " << kNameAttr << ", " << kStridesAttr
                           << " or " << kAlignmentAttr << ", but got " << name;
  bool fits = name == kNameAttr      ? isa<StringAttr>(value)
              : name == kStridesAttr ? isa<DenseI64ArrayAttr>(value)
                                     : isa<IntegerAttr>(value);
  if (!fits)
    return op->emitError() << "expected " << name << " to be "
                           << (name == kNameAttr      ? "a string"
                               : name == kStridesAttr ? "an array of i64"
                                                      : "an integer")
                           << ", but got " << value;
  return success();
}

LogicalResult NormDialect::verifyRegionArgAttribute(Operation *op, unsigned,
                                                    unsigned,
                                                    NamedAttribute attribute) {
  return verifyConvention(op, attribute);
}

LogicalResult
NormDialect::verifyRegionResultAttribute(Operation *op, unsigned, unsigned,
                                         NamedAttribute attribute) {
  return verifyConvention(op, attribute);
}

DimSet normc::norm::toDimSet(SpaceAttr space, DimsAttr names) {
  DimSet set;
  for (StringAttr name : names.getNames())
    if (int64_t dim = space.indexOf(name); dim >= 0)
      set |= DimSet::one(dim);
  return set;
}

DimSet normc::norm::toDimSet(SpaceAttr space, MapAttr map) {
  DimSet set;
  for (DimsAttr axis : map.getAxes())
    set |= toDimSet(space, axis);
  return set;
}

DimsAttr normc::norm::toDims(SpaceAttr space, DimSet set) {
  SmallVector<StringAttr> names;
  for (auto [dim, name] : llvm::enumerate(space.getNames()))
    if (set.contains(unsigned(dim)))
      names.push_back(name);
  return DimsAttr::get(space.getContext(), names);
}

std::string normc::norm::toString(SpaceAttr space, DimSet set) {
  std::string text = "[";
  for (StringAttr name : toDims(space, set).getNames())
    text += (text.size() > 1 ? ", " : "") + name.getValue().str();
  return text + "]";
}

llvm::APFloat normc::norm::getIdentity(ReduceKind kind, Type type) {
  const llvm::fltSemantics &semantics =
      cast<FloatType>(type).getFloatSemantics();
  switch (kind) {
  case ReduceKind::add:
  case ReduceKind::mean:
    return APFloat::getZero(semantics);
  case ReduceKind::mul:
    return APFloat::getOne(semantics);
  case ReduceKind::max:
    return APFloat::getInf(semantics, /*Negative=*/true);
  case ReduceKind::min:
    return APFloat::getInf(semantics);
  }
  llvm_unreachable("all kinds are handled");
}

bool normc::norm::isIntegerDivision(Operation *op) {
  return isa<arith::DivSIOp, arith::DivUIOp, arith::RemSIOp, arith::RemUIOp,
             arith::CeilDivSIOp, arith::CeilDivUIOp, arith::FloorDivSIOp>(op);
}

bool normc::norm::isCollective(Operation *op) {
  return isa<ReduceOp, MomentsOp>(op);
}

DimsAttr normc::norm::getOver(Operation *collective) {
  if (auto reduce = dyn_cast<ReduceOp>(collective))
    return reduce.getOver();
  return cast<MomentsOp>(collective).getOver();
}

KernelSpaces::KernelSpaces(KernelOp kernel) {
  SpaceAttr space = kernel.getDims();
  for (auto [i, argument] : llvm::enumerate(kernel.getBlock()->getArguments()))
    spaces[argument] = toDimSet(space, kernel.getInputMap(i));
  for (Operation &op : *kernel.getBlock()) {
    DimSet set;
    for (Value operand : op.getOperands())
      set |= of(operand);
    if (isCollective(&op))
      set = set - toDimSet(space, getOver(&op));
    if (auto index = dyn_cast<IndexOp>(op))
      if (int64_t dim = space.indexOf(index.getDimAttr()); dim >= 0)
        set = DimSet::one(dim);
    for (Value result : op.getResults())
      spaces[result] = set;
  }
}
