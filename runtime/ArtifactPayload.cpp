//===- ArtifactPayload.cpp - an artifact's contents as CBOR ---------------===//
//
// Fields are named once, for both directions.
//
//===----------------------------------------------------------------------===//

#include "runtime/ArtifactPayload.h"

#include "runtime/PlainCbor.h"

#include <nlohmann/json.hpp>

#include <concepts>
#include <limits>

using namespace normc;
using nlohmann::json;

namespace {

//===----------------------------------------------------------------------===//
// Names of fields
//===----------------------------------------------------------------------===//

template <typename T> struct Fields;

template <> struct Fields<WordSource> {
  static void visit(auto &field, auto &source) {
    field("argument", source.argument);
    field("axis", source.axis);
    field("isStride", source.isStride);
  }
};

template <> struct Fields<AxisFacts> {
  static void visit(auto &field, auto &axis) {
    field("extent", axis.extent);
    field("stride", axis.stride);
    field("mustBeNonEmpty", axis.mustBeNonEmpty);
  }
};

template <> struct Fields<ArgumentFacts> {
  static void visit(auto &field, auto &argument) {
    field("name", argument.name);
    field("dtype", argument.dtype);
    field("isOutput", argument.isOutput);
    field("axes", argument.axes);
    field("alignment", argument.alignment);
  }
};

template <> struct Fields<InPlacePair> {
  static void visit(auto &field, auto &pair) {
    field("input", pair.input);
    field("output", pair.output);
  }
};

template <> struct Fields<DivisibilityFact> {
  static void visit(auto &field, auto &fact) {
    field("value", fact.value);
    field("divisor", fact.divisor);
    field("description", fact.description);
  }
};

template <> struct Fields<MinimumFact> {
  static void visit(auto &field, auto &fact) {
    field("value", fact.value);
    field("minimum", fact.minimum);
    field("description", fact.description);
  }
};

template <> struct Fields<StageFacts> {
  static void visit(auto &field, auto &stage) {
    field("entry", stage.entry);
    field("chunkCount", stage.chunkCount);
    field("offset", stage.offset);
    field("chunksPerBlock", stage.chunksPerBlock);
  }
};

template <> struct Fields<DeclaredNorm> {
  static void visit(auto &field, auto &norm) {
    field("statistic", norm.statistic);
    field("epsilon", norm.epsilon);
    field("placement", norm.placement);
    field("input", norm.input);
    field("axes", norm.axes);
    field("groups", norm.groups);
    field("groupAxis", norm.groupAxis);
    field("correction", norm.correction);
    field("partial", norm.partial);
    field("mean", norm.mean);
    field("variance", norm.variance);
  }
};

template <> struct Fields<Artifact> {
  static void visit(auto &field, auto &artifact) {
    field("name", artifact.name);
    field("triple", artifact.triple);
    field("cpu", artifact.cpu);
    field("requiredFeatures", artifact.requiredFeatures);
    field("arguments", artifact.arguments);
    field("words", artifact.words);
    field("divisibility", artifact.divisibility);
    field("minimums", artifact.minimums);
    field("inPlace", artifact.inPlace);
    field("stages", artifact.stages);
    field("scratchBytes", artifact.scratchBytes);
    field("norms", artifact.norms);
    field("image", artifact.image);
  }
};

//===----------------------------------------------------------------------===//
// To CBOR
//===----------------------------------------------------------------------===//

class Writer {
public:
  template <typename T> void operator()(const char *name, const T &value) {
    object[name] = encode(value);
  }

  static json encode(const std::string &value) { return value; }
  static json encode(double value) { return value; }
  template <std::integral T> static json encode(const T &value) {
    return value;
  }
  static json encode(DType value) { return toString(value); }
  static json encode(const std::vector<char> &value) {
    return json::binary({value.begin(), value.end()});
  }
  /// Op and operand of each step in turn.
  static json encode(const SizeExpr &value) {
    json steps = json::array();
    for (const SizeExpr::Step &step : value.steps) {
      steps.push_back(static_cast<int>(step.op));
      steps.push_back(step.operand);
    }
    return steps;
  }
  template <typename T> static json encode(const std::vector<T> &values) {
    json list = json::array();
    for (const T &value : values)
      list.push_back(encode(value));
    return list;
  }
  template <typename T> static json encode(const T &value) {
    Writer writer;
    Fields<T>::visit(writer, value);
    return std::move(writer.object);
  }

private:
  json object = json::object();
};

//===----------------------------------------------------------------------===//
// From CBOR
//===----------------------------------------------------------------------===//

/// Where in the artifact a value is; made into text for an error only.
struct Place {
  const Place *parent = nullptr;
  const char *field = nullptr; ///< Null for an element of a list.
  size_t index = 0;

  std::string text() const {
    std::string prefix = parent ? parent->text() : "";
    if (field)
      return prefix + (prefix.empty() ? "" : ".") + field;
    return parent ? prefix + "[" + std::to_string(index) + "]" : "";
  }
};

/// The fields of one object. Stops at the first error.
class Reader {
public:
  Reader(const json &object, const Place &place)
      : object(object), place(place) {}

  template <typename T> void operator()(const char *name, T &value) {
    ++count;
    if (!status)
      return;
    Place inner{&place, name};
    auto found = object.find(name);
    if (found == object.end())
      status = fault(inner, "expected this field, but it is missing");
    else
      status = decode(*found, value, inner);
  }

  template <typename T>
  static Status decode(const json &from, T &value, const Place &place) {
    if (!from.is_object())
      return wrongType(from, place, "an object");
    Reader reader(from, place);
    Fields<T>::visit(reader, value);
    if (reader.status && from.size() != reader.count)
      return fault(place, "expected " + std::to_string(reader.count) +
                              " fields, but got " +
                              std::to_string(from.size()));
    return reader.status;
  }

private:
  static Error fault(const Place &place, const std::string &message) {
    std::string where = place.text();
    return {ErrorKind::InvalidArgument,
            "artifact" + (where.empty() ? "" : ", " + where) + ": " + message};
  }

  static Error wrongType(const json &from, const Place &place,
                         const char *expected) {
    return fault(place, std::string("expected ") + expected + ", but got " +
                            from.type_name());
  }

  static Status decode(const json &from, std::string &value,
                       const Place &place) {
    const auto *text = from.get_ptr<const json::string_t *>();
    if (!text)
      return wrongType(from, place, "a string");
    value = *text;
    return {};
  }

  static Status decode(const json &from, bool &value, const Place &place) {
    if (!from.is_boolean())
      return wrongType(from, place, "a boolean");
    value = from.get<bool>();
    return {};
  }

  static Status decode(const json &from, double &value, const Place &place) {
    if (!from.is_number())
      return wrongType(from, place, "a number");
    value = from.get<double>();
    return {};
  }

  template <std::signed_integral T>
  static Status decode(const json &from, T &value, const Place &place) {
    if (!from.is_number_integer())
      return wrongType(from, place, "an integer");
    constexpr int64_t least = std::numeric_limits<T>::min();
    constexpr int64_t most = std::numeric_limits<T>::max();
    // Where it is too large for 64 bits with a sign, any of these will do.
    bool fits = !from.is_number_unsigned() ||
                from.get<uint64_t>() <= static_cast<uint64_t>(most);
    auto number = from.get<int64_t>();
    if (!fits || number < least || number > most)
      return fault(place, "expected an integer from " + std::to_string(least) +
                              " to " + std::to_string(most) + ", but got " +
                              from.dump());
    value = static_cast<T>(number);
    return {};
  }

  static Status decode(const json &from, DType &value, const Place &place) {
    std::string name;
    if (Status status = decode(from, name, place); !status)
      return status;
    for (DType candidate : kDTypes)
      if (name == toString(candidate)) {
        value = candidate;
        return {};
      }
    return fault(place, std::string("expected ") + kDTypeNames +
                            ", but got another type");
  }

  static Status decode(const json &from, std::vector<char> &value,
                       const Place &place) {
    const auto *bytes = from.get_ptr<const json::binary_t *>();
    if (!bytes)
      return wrongType(from, place, "bytes");
    value.assign(bytes->begin(), bytes->end());
    return {};
  }

  static Status decode(const json &from, SizeExpr &value, const Place &place) {
    std::vector<int64_t> numbers;
    if (Status status = decode(from, numbers, place); !status)
      return status;
    if (numbers.size() % 2 != 0)
      return fault(place, "expected pairs of numbers, but got " +
                              std::to_string(numbers.size()) + " numbers");
    for (size_t i = 0; i < numbers.size(); i += 2) {
      if (numbers[i] < 0 || numbers[i] > int64_t(SizeExpr::Op::AlignTo))
        return fault(place, "expected an operation of sizes, but got " +
                                std::to_string(numbers[i]));
      value.steps.push_back(
          {static_cast<SizeExpr::Op>(numbers[i]), numbers[i + 1]});
    }
    return {};
  }

  template <typename T>
  static Status decode(const json &from, std::vector<T> &values,
                       const Place &place) {
    if (!from.is_array())
      return wrongType(from, place, "a list");
    for (size_t i = 0; i < from.size(); ++i)
      if (Status status =
              decode(from[i], values.emplace_back(), {&place, nullptr, i});
          !status)
        return status;
    return {};
  }

  const json &object;
  const Place &place;
  Status status;
  size_t count = 0;
};

} // namespace

std::string normc::encodePayload(const Artifact &artifact) {
  std::string bytes;
  json::to_cbor(Writer::encode(artifact), bytes);
  return bytes;
}

Result<Artifact> normc::decodePayload(std::span<const char> bytes) {
  json object = isPlainCbor(bytes) ? json::from_cbor(bytes.begin(), bytes.end(),
                                                     /*strict=*/true,
                                                     /*allow_exceptions=*/false)
                                   : json(json::value_t::discarded);
  if (object.is_discarded())
    return Error{ErrorKind::InvalidArgument,
                 "artifact: expected an encoded map, but got other bytes"};
  Artifact artifact;
  artifact.scratchBytes = {};
  if (Status status = Reader::decode(object, artifact, Place()); !status)
    return status.error();
  return artifact;
}
