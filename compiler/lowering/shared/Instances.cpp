//===- Instances.cpp - from an instance's number to coordinates -----------===//

#include "compiler/lowering/shared/Instances.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace normc;
using namespace normc::norm;

Instances::Instances(const StageContext &context, ImplicitLocOpBuilder &b)
    : context(context), total(makeI64(b, 1)) {
  StageOp stage = context.stage;
  for (StringAttr name : stage.getSchedule().getParallel().getNames()) {
    unsigned dim = context.space().indexOf(name);
    Value extent = context.extents[dim];
    if (int64_t(dim) == context.lane) {
      parallelLanes = true;
      extent = b.createOrFold<arith::DivUIOp>(
          addI64(b, extent, makeI64(b, context.width - 1)),
          makeI64(b, context.width));
    }
    dims.push_back(dim);
    extents.push_back(extent);
    total = mulI64(b, total, extent);
  }
}

Position Instances::locate(ImplicitLocOpBuilder &b, Value number) const {
  Position position;
  position.coordinates.resize(context.extents.size());
  for (size_t i = dims.size(); i-- > 0;) {
    Value coordinate = number;
    if (i > 0) {
      coordinate = b.createOrFold<arith::RemUIOp>(number, extents[i]);
      number = b.createOrFold<arith::DivUIOp>(number, extents[i]);
    }
    if (int64_t(dims[i]) == context.lane) {
      coordinate = mulI64(b, coordinate, makeI64(b, context.width));
      position.hasLanes = true;
    }
    position.coordinates[dims[i]] = coordinate;
  }
  return position;
}
