//===- NormAttrs.cpp - dims, maps and spaces in readable assembly ---------===//

#include "dialects/norm/Norm.h"

#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/SmallSet.h"

using namespace mlir;
using namespace normc::norm;

//===----------------------------------------------------------------------===//
// Dims: [g, c]
//===----------------------------------------------------------------------===//

DimsAttr DimsAttr::get(MLIRContext *context, ArrayRef<StringRef> names) {
  SmallVector<StringAttr> attrs;
  for (StringRef name : names)
    attrs.push_back(StringAttr::get(context, name));
  return get(context, attrs);
}

static ParseResult parseName(AsmParser &parser, StringAttr &name) {
  StringRef keyword;
  if (parser.parseKeyword(&keyword))
    return failure();
  name = StringAttr::get(parser.getContext(), keyword);
  return success();
}

Attribute DimsAttr::parse(AsmParser &parser, Type) {
  SmallVector<StringAttr> names;
  auto parseOne = [&] { return parseName(parser, names.emplace_back()); };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, parseOne))
    return {};
  return get(parser.getContext(), names);
}

void DimsAttr::print(AsmPrinter &printer) const {
  printer << "[";
  llvm::interleaveComma(getNames(), printer, [&](StringAttr name) {
    printer.printKeywordOrString(name.getValue());
  });
  printer << "]";
}

//===----------------------------------------------------------------------===//
// Map: [[n], [g, c], []]
//===----------------------------------------------------------------------===//

bool MapAttr::uses(StringAttr dim) const {
  return llvm::any_of(getAxes(),
                      [&](DimsAttr axis) { return axis.contains(dim); });
}

Attribute MapAttr::parse(AsmParser &parser, Type type) {
  SmallVector<DimsAttr> axes;
  auto parseOne = [&]() -> ParseResult {
    Attribute axis = DimsAttr::parse(parser, type);
    if (!axis)
      return failure();
    axes.push_back(cast<DimsAttr>(axis));
    return success();
  };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, parseOne))
    return {};
  return get(parser.getContext(), axes);
}

void MapAttr::print(AsmPrinter &printer) const {
  printer << "[";
  llvm::interleaveComma(getAxes(), printer,
                        [&](DimsAttr axis) { axis.print(printer); });
  printer << "]";
}

//===----------------------------------------------------------------------===//
// Space: (i = ?, j = 4096)
//===----------------------------------------------------------------------===//

int64_t SpaceAttr::indexOf(StringAttr name) const {
  auto it = llvm::find(getNames(), name);
  return it == getNames().end() ? -1 : it - getNames().begin();
}

std::string SpaceAttr::listNames() const {
  std::string text;
  for (StringAttr name : getNames())
    text += (text.empty() ? "" : ", ") + name.getValue().str();
  return text;
}

LogicalResult SpaceAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                ArrayRef<StringAttr> names,
                                ArrayRef<int64_t> extents) {
  if (names.size() != extents.size())
    return emitError() << "expected one extent per dim, but got "
                       << extents.size() << " for " << names.size() << " dims";
  if (names.size() > 32)
    return emitError() << "expected at most 32 dims, but got " << names.size();
  for (auto [i, name] : llvm::enumerate(names)) {
    if (llvm::is_contained(names.take_front(i), name))
      return emitError() << "expected each dim once, but '" << name.getValue()
                         << "' occurs again";
    if (extents[i] < 0 && !ShapedType::isDynamic(extents[i]))
      return emitError() << "expected a non-negative extent of dim '"
                         << name.getValue() << "', but got " << extents[i];
  }
  return success();
}

Attribute SpaceAttr::parse(AsmParser &parser, Type) {
  SmallVector<StringAttr> names;
  SmallVector<int64_t> extents;
  auto parseOne = [&]() -> ParseResult {
    if (parseName(parser, names.emplace_back()) || parser.parseEqual())
      return failure();
    if (succeeded(parser.parseOptionalQuestion())) {
      extents.push_back(ShapedType::kDynamic);
      return success();
    }
    return parser.parseInteger(extents.emplace_back());
  };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Paren, parseOne))
    return {};
  return parser.getChecked<SpaceAttr>(parser.getContext(), ArrayRef(names),
                                      ArrayRef(extents));
}

void SpaceAttr::print(AsmPrinter &printer) const {
  printer << "(";
  llvm::interleaveComma(llvm::zip_equal(getNames(), getExtents()), printer,
                        [&](auto dim) {
                          auto [name, extent] = dim;
                          printer << name.getValue() << " = ";
                          if (ShapedType::isDynamic(extent))
                            printer << "?";
                          else
                            printer << extent;
                        });
  printer << ")";
}

//===----------------------------------------------------------------------===//
// Schedule
//===----------------------------------------------------------------------===//

static bool isPowerOfTwo(int64_t value) {
  return value > 0 && (value & (value - 1)) == 0;
}

LogicalResult ScheduleAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                   TargetKind target, DimsAttr parallel,
                                   DimsAttr lanes, int64_t width,
                                   int64_t unroll, int64_t chunk,
                                   int64_t threads, int64_t resident,
                                   int64_t stream, int64_t prefetch,
                                   int64_t rows, DictionaryAttr reasons) {
  if (lanes.size() > 1)
    return emitError() << "expected at most one lane dim, but got "
                       << lanes.size();
  ArrayRef<StringAttr> names = parallel.getNames();
  for (auto [i, name] : llvm::enumerate(names))
    if (llvm::is_contained(names.take_front(i), name))
      return emitError() << "expected each parallel dim once, but '"
                         << name.getValue() << "' occurs again";
  if (!isPowerOfTwo(width) || width > 64)
    return emitError()
           << "expected width to be a power of two up to 64, but got " << width;
  if (lanes.empty() && width != 1)
    return emitError() << "expected width 1 without a lane dim, but got "
                       << width;
  if (!isPowerOfTwo(unroll) || unroll > 16)
    return emitError()
           << "expected unroll to be a power of two up to 16, but got "
           << unroll;
  if (chunk < 1)
    return emitError() << "expected a chunk of at least 1, but got " << chunk;
  if (target == TargetKind::cpu && threads != 0)
    return emitError() << "expected no threads on a cpu, but got " << threads;
  if (target == TargetKind::gpu &&
      (!isPowerOfTwo(threads) || threads < 32 || threads > 1024))
    return emitError() << "expected threads to be a power of two from 32 to "
                          "1024 on a gpu, but got "
                       << threads;
  if (resident < 0)
    return emitError() << "expected resident bytes of at least 0, but got "
                       << resident;
  if (stream < 0)
    return emitError() << "expected stream bytes of at least 0, but got "
                       << stream;
  if (prefetch < 0)
    return emitError() << "expected to prefetch at least 0 instances ahead, "
                          "but got "
                       << prefetch;
  if (!isPowerOfTwo(rows) || rows > 64)
    return emitError()
           << "expected rows to be a power of two up to 64, but got " << rows;
  if (target == TargetKind::gpu && (stream != 0 || prefetch != 0 || rows != 1))
    return emitError()
           << "expected no stream, no prefetch and one row at a time on a gpu";
  return success();
}
