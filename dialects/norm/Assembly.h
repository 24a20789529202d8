//===- Assembly.h - assembly that several norm ops share --------*- C++ -*-===//
//
// Private to the dialect: how a dim's bare name, an epsilon's placement and a
// phase's body are parsed and printed.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_DIALECTS_NORM_ASSEMBLY_H
#define NORMC_DIALECTS_NORM_ASSEMBLY_H

#include "dialects/norm/Norm.h"

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

/// A bare `add`, `after_root` or `clamp`, or nothing. (The generated parser of
/// an optional enum attribute looks for its `#norm...` form only.)
inline mlir::OptionalParseResult parsePlacement(mlir::OpAsmParser &parser,
                                                EpsilonPlacementAttr &attr) {
  llvm::StringRef keyword;
  if (parser.parseOptionalKeyword(&keyword, {"add", "after_root", "clamp"}))
    return std::nullopt;
  attr = EpsilonPlacementAttr::get(parser.getContext(),
                                   *symbolizeEpsilonPlacement(keyword));
  return mlir::success();
}

inline void printPlacement(mlir::OpAsmPrinter &printer, mlir::Operation *,
                           EpsilonPlacementAttr attr) {
  printer << stringifyEpsilonPlacement(attr.getValue());
}

/// A region whose terminator is left out where it contributes nothing. (The
/// generated printer leaves out only terminators without attributes.)
inline mlir::ParseResult parsePhaseBody(mlir::OpAsmParser &parser,
                                        mlir::Region &body) {
  mlir::Location loc = parser.getEncodedSourceLoc(parser.getCurrentLocation());
  if (parser.parseRegion(body))
    return mlir::failure();
  PhaseOp::ensureTerminator(body, parser.getBuilder(), loc);
  return mlir::success();
}

inline void printPhaseBody(mlir::OpAsmPrinter &printer, PhaseOp phase,
                           mlir::Region &body) {
  printer.printRegion(body, /*printEntryBlockArgs=*/false,
                      phase.getContribute().getNumOperands() != 0);
}

} // namespace normc::norm

#endif // NORMC_DIALECTS_NORM_ASSEMBLY_H
