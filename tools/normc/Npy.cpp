//===- Npy.cpp - arrays in NumPy's .npy files -----------------------------===//

#include "Npy.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"

#include <cstring>
#include <optional>
#include <vector>

using namespace normc;
using namespace normc::tool;
using llvm::StringRef;

static Error invalid(const std::string &what, const llvm::Twine &message) {
  return {ErrorKind::InvalidArgument, (what + ": " + message).str()};
}

//===----------------------------------------------------------------------===//
// The header: a Python dictionary of three items
//===----------------------------------------------------------------------===//

namespace {
struct Header {
  StringRef descr;
  bool isFortran = false;
  std::vector<int64_t> shape;
};

/// Reads `{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }`, the
/// items in any order.
class HeaderParser {
public:
  explicit HeaderParser(StringRef text) : rest(text.trim()) {}

  /// Nothing where the text is no such dictionary.
  std::optional<Header> parse() {
    bool seen[3] = {};
    if (!accept("{"))
      return std::nullopt;
    while (!accept("}")) {
      StringRef key;
      if (!parseString(key) || !accept(":"))
        return std::nullopt;
      int item = key == "descr"           ? 0
                 : key == "fortran_order" ? 1
                 : key == "shape"         ? 2
                                          : -1;
      if (item < 0 || seen[item] || !parseItem(item))
        return std::nullopt;
      seen[item] = true;
      if (!accept(",") && !rest.starts_with("}"))
        return std::nullopt;
    }
    if (!rest.empty() || !seen[0] || !seen[1] || !seen[2])
      return std::nullopt;
    return header;
  }

private:
  bool accept(StringRef token) {
    if (!rest.consume_front(token))
      return false;
    rest = rest.ltrim();
    return true;
  }

  bool parseString(StringRef &value) {
    char quote = rest.empty() ? 0 : rest.front();
    size_t end = rest.find(quote, 1);
    if ((quote != '\'' && quote != '"') || end == StringRef::npos)
      return false;
    value = rest.slice(1, end);
    rest = rest.substr(end + 1).ltrim();
    return true;
  }

  bool parseItem(int item) {
    if (item == 0 && rest.starts_with("[")) { // A structure: named, not parsed.
      header.descr = rest.take_until([](char c) { return c == ']'; });
      rest = rest.substr(header.descr.size()).ltrim("] ");
      return true;
    }
    if (item == 0)
      return parseString(header.descr);
    if (item == 1) {
      header.isFortran = rest.starts_with("True");
      return accept("True") || accept("False");
    }
    return parseShape();
  }

  bool parseShape() {
    if (!accept("("))
      return false;
    while (!accept(")")) {
      int64_t extent = 0;
      if (rest.consumeInteger(10, extent) || extent < 0)
        return false;
      accept("L"); // Python 2 wrote long integers so.
      rest = rest.ltrim();
      header.shape.push_back(extent);
      if (!accept(",") && !rest.starts_with(")"))
        return false;
    }
    return true;
  }

  StringRef rest;
  Header header;
};
} // namespace

/// The header's text, and how many bytes come before the elements.
static Result<std::pair<StringRef, size_t>>
findHeader(StringRef file, const std::string &what) {
  if (!file.starts_with(kNpyMagic) || file.size() < 8)
    return invalid(what, "expected a .npy file");
  int version = static_cast<unsigned char>(file[6]);
  if (version < 1 || version > 3)
    return invalid(what, "expected .npy format version 1, 2 or 3, but got " +
                             llvm::Twine(version));
  size_t start = version == 1 ? 10 : 12;
  if (file.size() < start)
    return invalid(what, "the file ends within its header");
  using namespace llvm::support::endian;
  size_t length =
      version == 1 ? read16le(file.data() + 8) : read32le(file.data() + 8);
  if (length > file.size() - start)
    return invalid(what, "expected a header of " + llvm::Twine(length) +
                             " bytes, but the file has " +
                             llvm::Twine(file.size() - start));
  return std::pair(file.substr(start, length), start + length);
}

/// What NumPy calls the type. bf16 and the floats of 8 bits are raw bytes to
/// it, and so the package ml_dtypes writes them; but f8E5M2 as <f1, which NumPy
/// then refuses to read.
static StringRef descrOf(DType dtype) {
  switch (dtype) {
  case DType::F16:
    return "<f2";
  case DType::BF16:
    return "<V2";
  case DType::F32:
    return "<f4";
  case DType::F64:
    return "<f8";
  case DType::F8E4M3FN:
  case DType::F8E5M2:
    return "<V1";
  case DType::I8:
    return "|i1";
  case DType::I32:
    return "<i4";
  case DType::I64:
    return "<i8";
  }
  return "";
}

static Status checkDescr(StringRef descr, DType dtype,
                         const std::string &what) {
  // Raw bytes may be without an order, or called unsigned numbers.
  StringRef own = descrOf(dtype), size = own.drop_front(2);
  bool isRaw =
      own.starts_with("<V") && descr.size() > 2 &&
      descr.drop_front(2) == size &&
      llvm::is_contained({"<V", "|V", "<u", "|u"}, descr.take_front(2));
  bool isE5M2 = dtype == DType::F8E5M2 && descr == "<f1";
  if (descr == own || isRaw || isE5M2)
    return {};
  const char *note = descr.starts_with(">")   ? " (big-endian)"
                     : descr.starts_with("[") ? "] (a structure)"
                     : descr == "|O"          ? " (objects)"
                                              : "";
  return invalid(what, "expected elements of type '" + descrOf(dtype) + "' (" +
                           normc::toString(dtype) + "), but got '" + descr +
                           "'" + note);
}

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

Result<Array> normc::tool::parseNpy(StringRef file, DType dtype,
                                    const std::string &what) {
  auto found = findHeader(file, what);
  if (!found)
    return found.error();
  auto [text, start] = *found;
  std::optional<Header> header = HeaderParser(text).parse();
  if (!header)
    return invalid(what, "expected a header like {'descr': '<f4', "
                         "'fortran_order': False, 'shape': (2, 3)}, but got " +
                             text.trim().take_front(200));
  if (Status status = checkDescr(header->descr, dtype, what); !status)
    return status.error();
  if (header->shape.size() > kMaxRank)
    return invalid(what, "expected at most " + llvm::Twine(kMaxRank) +
                             " axes, but got " +
                             llvm::Twine(header->shape.size()));
  Dims shape{std::span<const int64_t>(header->shape)};
  std::optional<int64_t> count = countElements(dtype, shape);
  size_t given = file.size() - start;
  if (!count || size_t(*count * byteSize(dtype)) != given)
    return invalid(what, "expected " +
                             (count ? std::to_string(*count * byteSize(dtype))
                                    : std::string("fewer than 2^63")) +
                             " bytes of elements for shape " + toString(shape) +
                             ", but the file has " + llvm::Twine(given));
  Result<Array> array = allocateArray(dtype, shape, what);
  if (!array)
    return array;
  if (given != 0)
    std::memcpy(array->data.get(), file.data() + start, given);
  if (header->isFortran) {
    int64_t stride = 1;
    for (int axis = 0; axis < shape.size(); ++axis) {
      array->strides[axis] = stride;
      stride *= std::max<int64_t>(shape[axis], 1);
    }
  }
  return array;
}

std::string normc::tool::npyHeader(DType dtype, const Dims &shape) {
  std::string text = "{'descr': '" + descrOf(dtype).str() +
                     "', 'fortran_order': False, 'shape': " + toString(shape) +
                     ", }";
  // The elements start at a multiple of 64 bytes.
  size_t prefix = kNpyMagic.size() + 4;
  text.resize(llvm::alignTo(prefix + text.size() + 1, 64) - prefix - 1, ' ');
  text += '\n';
  std::string header = kNpyMagic.str() + std::string("\x01\x00", 2);
  header += static_cast<char>(text.size() & 0xff);
  header += static_cast<char>(text.size() >> 8);
  return header + text;
}
