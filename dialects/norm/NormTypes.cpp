//===- NormTypes.cpp - !norm.view -----------------------------------------===//

#include "dialects/norm/Norm.h"

#include "mlir/IR/DialectImplementation.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace normc::norm;

LogicalResult ViewType::verify(function_ref<InFlightDiagnostic()> emitError,
                               ArrayRef<int64_t> shape, Type elementType,
                               ArrayRef<int64_t> strides) {
  if (!elementType.isIntOrFloat())
    return emitError() << "expected a scalar element type, but got "
                       << elementType;
  if (!strides.empty() && strides.size() != shape.size())
    return emitError() << "expected one stride per axis, but got "
                       << strides.size() << " strides for rank "
                       << shape.size();
  // Strides and sizes are computed from the shape without further checks.
  int64_t elements = 1;
  for (int64_t extent : shape)
    if (!ShapedType::isDynamic(extent) && extent > 1 &&
        llvm::MulOverflow(elements, extent, elements))
      return emitError() << "expected fewer than 2^63 elements, but the static "
                            "extents have more";
  return success();
}

Type ViewType::parse(AsmParser &parser) {
  SmallVector<int64_t> shape, strides;
  Type elementType;
  auto parseStride = [&]() -> ParseResult {
    if (succeeded(parser.parseOptionalQuestion())) {
      strides.push_back(ShapedType::kDynamic);
      return success();
    }
    return parser.parseInteger(strides.emplace_back());
  };
  if (parser.parseLess() || parser.parseDimensionList(shape) ||
      parser.parseType(elementType))
    return {};
  if (succeeded(parser.parseOptionalComma()) &&
      (parser.parseKeyword("strides") ||
       parser.parseCommaSeparatedList(AsmParser::Delimiter::Square,
                                      parseStride)))
    return {};
  if (parser.parseGreater())
    return {};
  return parser.getChecked<ViewType>(parser.getContext(), ArrayRef(shape),
                                     elementType, ArrayRef(strides));
}

void ViewType::print(AsmPrinter &printer) const {
  printer << "<";
  for (int64_t extent : getShape()) {
    if (ShapedType::isDynamic(extent))
      printer << "?x";
    else
      printer << extent << "x";
  }
  printer << getElementType();
  if (!isContiguous()) {
    printer << ", strides [";
    llvm::interleaveComma(getStrides(), printer, [&](int64_t stride) {
      if (ShapedType::isDynamic(stride))
        printer << "?";
      else
        printer << stride;
    });
    printer << "]";
  }
  printer << ">";
}
