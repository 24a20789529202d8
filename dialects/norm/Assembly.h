//===- Assembly.h - assembly that several norm ops share --------*- C++ -*-===//
//
// Private to the dialect: how a dim's bare name is parsed and printed.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_DIALECTS_NORM_ASSEMBLY_H
#define NORMC_DIALECTS_NORM_ASSEMBLY_H

#include "mlir/IR/OpImplementation.h"

namespace normc::norm {

inline mlir::ParseResult parseDimName(mlir::OpAsmParser &parser,
                                      mlir::StringAttr &dim) {
  llvm::StringRef keyword;
  if (parser.parseKeyword(&keyword))
    return mlir::failure();
  dim = parser.getBuilder().getStringAttr(keyword);
  return mlir::success();
}

inline void printDimName(mlir::OpAsmPrinter &printer, mlir::Operation *,
                         mlir::StringAttr dim) {
  printer.printKeywordOrString(dim.getValue());
}

} // namespace normc::norm

#endif // NORMC_DIALECTS_NORM_ASSEMBLY_H
