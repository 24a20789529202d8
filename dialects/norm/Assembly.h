//===- Assembly.h - assembly that several norm ops share --------*- C++ -*-===//
//
// Private to the dialect: how a dim's bare name, an epsilon's placement and a
// phase's body are parsed and printed.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_DIALECTS_NORM_ASSEMBLY_H
#define NORMC_DIALECTS_NORM_ASSEMBLY_H

#include "dialects/norm/Norm.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>

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

/// A number with as few digits as read back to the same one: 1.0e-05. (The
/// generated printer writes 1.0e-06 as 9.9999999999999995E-7.)
inline mlir::ParseResult parseNumber(mlir::OpAsmParser &parser,
                                     mlir::FloatAttr &attr) {
  double value;
  if (parser.parseFloat(value))
    return mlir::failure();
  attr = parser.getBuilder().getF64FloatAttr(value);
  return mlir::success();
}

inline void printNumber(mlir::OpAsmPrinter &printer, mlir::Operation *,
                        mlir::FloatAttr attr) {
  double value = attr.getValueAsDouble();
  if (!std::isfinite(value)) { // Refused by the verifiers; shown as MLIR does.
    printer << attr.getValue();
    return;
  }
  char text[32];
  for (int digits = 1; digits <= 16; ++digits) {
    std::snprintf(text, sizeof(text), "%.*e", digits, value);
    if (std::strtod(text, nullptr) == value)
      break;
  }
  printer << text;
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
