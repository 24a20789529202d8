//===- PresetReaders.cpp - the values of normc preset's options -----------===//

#include "PresetReaders.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace normc;
using namespace normc::tool;
using llvm::StringRef;

static Error expected(StringRef option, const llvm::Twine &what,
                      StringRef value) {
  return {ErrorKind::InvalidArgument, ("expected " + option + " to be " + what +
                                       ", but got '" + value + "'")
                                          .str()};
}

/// One of a few words.
template <typename T>
static Status readWord(StringRef option, StringRef value,
                       std::initializer_list<std::pair<StringRef, T>> words,
                       T &target) {
  std::vector<StringRef> names;
  for (auto [name, meaning] : words) {
    if (name == value) {
      target = meaning;
      return {};
    }
    names.push_back(name);
  }
  Error error = expected(option, "one of " + llvm::join(names, ", "), value);
  error.message += suggest(value, names);
  return error;
}

template <typename T>
static Status readWord(StringRef option, StringRef value,
                       std::initializer_list<std::pair<StringRef, T>> words,
                       std::optional<T> &target) {
  T word{};
  Status status = readWord(option, value, words, word);
  if (status)
    target = word;
  return status;
}

static Status readNumber(StringRef option, StringRef value,
                         std::optional<double> &target) {
  double number = 0;
  if (value.getAsDouble(number))
    return expected(option, "a number", value);
  target = number;
  return {};
}

static Status readInteger(StringRef option, StringRef value,
                          std::optional<int64_t> &target) {
  int64_t number = 0;
  if (value.getAsInteger(10, number))
    return expected(option, "an integer", value);
  target = number;
  return {};
}

static std::vector<StringRef> cut(StringRef value, char separator) {
  llvm::SmallVector<StringRef> parts;
  value.split(parts, separator);
  return {parts.begin(), parts.end()};
}

//===----------------------------------------------------------------------===//
// Names, shapes, types
//===----------------------------------------------------------------------===//

Status normc::tool::readPresetName(StringRef value, Options &options) {
  std::vector<StringRef> names;
  for (const PresetInfo &info : presets())
    names.push_back(info.name);
  if (!llvm::is_contained(names, value))
    return Error{
        ErrorKind::InvalidArgument,
        ("unknown preset '" + value + "'" + suggest(value, names)).str() +
            "; 'normc preset --list' lists them"};
  options.presetName = value.str();
  return {};
}

Status normc::tool::readPresetShape(StringRef value, Options &options) {
  std::vector<int64_t> shape;
  for (StringRef part : cut(value, 'x')) {
    int64_t extent = kDynamic;
    if (part != "?" && (part.getAsInteger(10, extent) || extent < 0))
      return expected("--shape", "extents like 8x?x4096, ? where dynamic",
                      value);
    shape.push_back(extent);
  }
  options.preset.shape = std::move(shape);
  return {};
}

std::vector<int64_t> normc::tool::exampleShape(const PresetInfo &info) {
  return std::vector<int64_t>(info.rank, kDynamic);
}

template <typename Target>
static Status readType(StringRef option, StringRef value, Target &target) {
  return readWord<DType>(option, value,
                         {{"f16", DType::F16},
                          {"bf16", DType::BF16},
                          {"f32", DType::F32},
                          {"f64", DType::F64}},
                         target);
}

Status normc::tool::readDtype(StringRef value, Options &options) {
  return readWord<DType>("--dtype", value,
                         {{"f16", DType::F16},
                          {"bf16", DType::BF16},
                          {"f32", DType::F32},
                          {"f64", DType::F64},
                          {"f8E4M3FN", DType::F8E4M3FN},
                          {"f8E5M2", DType::F8E5M2},
                          {"i8", DType::I8}},
                         options.preset.dtype);
}
Status normc::tool::readParameterDtype(StringRef value, Options &options) {
  return readType("--param-dtype", value, options.preset.parameterDtype);
}
Status normc::tool::readOutputDtype(StringRef value, Options &options) {
  return readType("--out-dtype", value, options.preset.outputDtype);
}

static Status readAxesOf(StringRef option, StringRef value,
                         std::optional<std::vector<int64_t>> &target) {
  std::vector<int64_t> axes;
  for (StringRef part : cut(value, ',')) {
    int64_t axis = 0;
    if (part.getAsInteger(10, axis))
      return expected(option, "numbers like 1,2 or -1", value);
    axes.push_back(axis);
  }
  target = std::move(axes);
  return {};
}

Status normc::tool::readAxes(StringRef value, Options &options) {
  return readAxesOf("--axes", value, options.preset.axes);
}

Status normc::tool::readLayout(StringRef value, Options &options) {
  return readWord<bool>("--layout", value,
                        {{"channels_first", false}, {"channels_last", true}},
                        options.preset.channelsLast);
}

Status normc::tool::readStrides(StringRef value, Options &options) {
  return readWord<bool>("--strides", value,
                        {{"contiguous", false}, {"any", true}},
                        options.preset.anyStrides);
}

//===----------------------------------------------------------------------===//
// The statistic
//===----------------------------------------------------------------------===//

Status normc::tool::readEpsilon(StringRef value, Options &options) {
  return readNumber("--epsilon", value, options.preset.epsilon);
}

Status normc::tool::readPlacement(StringRef value, Options &options) {
  return readWord<EpsilonPlacement>(
      "--placement", value,
      {{"add", EpsilonPlacement::Add},
       {"after_root", EpsilonPlacement::AfterRoot},
       {"clamp", EpsilonPlacement::Clamp}},
      options.preset.placement);
}

Status normc::tool::readGroups(StringRef value, Options &options) {
  return readInteger("--groups", value, options.preset.groups);
}
Status normc::tool::readPerGroup(StringRef, Options &options) {
  options.preset.perGroup = true;
  return {};
}
Status normc::tool::readP(StringRef value, Options &options) {
  return readNumber("--p", value, options.preset.p);
}
Status normc::tool::readPartial(StringRef value, Options &options) {
  return readNumber("--partial", value, options.preset.partial);
}
Status normc::tool::readUnfolded(StringRef, Options &options) {
  options.preset.folded = false;
  return {};
}
Status normc::tool::readCorrection(StringRef value, Options &options) {
  return readInteger("--correction", value, options.preset.correction);
}

/// Some of the words, each once.
static bool areAmong(llvm::ArrayRef<StringRef> parts,
                     llvm::ArrayRef<StringRef> words) {
  return llvm::all_of(parts, [&](StringRef part) {
    return llvm::is_contained(words, part) && llvm::count(parts, part) == 1;
  });
}

Status normc::tool::readSaved(StringRef value, Options &options) {
  std::vector<StringRef> parts = cut(value, ',');
  if (!areAmong(parts, {"mean", "variance", "rstd"}))
    return expected("--saved", "a list of mean, variance and rstd, each once",
                    value);
  options.preset.saved.emplace(parts.begin(), parts.end());
  return {};
}

//===----------------------------------------------------------------------===//
// The affine part
//===----------------------------------------------------------------------===//

Status normc::tool::readSpatial(StringRef, Options &options) {
  options.preset.spatial = true;
  return {};
}

Status normc::tool::readAffine(StringRef value, Options &options) {
  std::vector<StringRef> parts = cut(value, ',');
  if (value != "none" && !areAmong(parts, {"scale", "shift"}))
    return expected("--affine", "none, or a list of scale and shift, each once",
                    value);
  options.preset.hasScale = llvm::is_contained(parts, "scale");
  options.preset.hasShift = llvm::is_contained(parts, "shift");
  return {};
}

Status normc::tool::readScaleOffset(StringRef value, Options &options) {
  return readNumber("--scale-offset", value, options.preset.scaleOffset);
}

Status normc::tool::readRounding(StringRef value, Options &options) {
  return readWord<Rounding>(
      "--rounding", value,
      {{"once", Rounding::Once}, {"normalized", Rounding::Normalized}},
      options.preset.rounding);
}

//===----------------------------------------------------------------------===//
// What is computed along with the norm
//===----------------------------------------------------------------------===//

/// A type, or none for `same`.
static Status readOwnType(StringRef option, StringRef value,
                          std::optional<DType> &target) {
  return readWord<std::optional<DType>>(option, value,
                                        {{"same", std::nullopt},
                                         {"f16", DType::F16},
                                         {"bf16", DType::BF16},
                                         {"f32", DType::F32},
                                         {"f64", DType::F64}},
                                        target);
}

static Status readActivation(StringRef option, StringRef value,
                             std::optional<Activation> &target) {
  return readWord<Activation>(option, value,
                              {{"none", Activation::None},
                               {"relu", Activation::Relu},
                               {"gelu", Activation::Gelu},
                               {"gelu_tanh", Activation::GeluTanh},
                               {"silu", Activation::Silu},
                               {"sigmoid", Activation::Sigmoid},
                               {"tanh", Activation::Tanh}},
                              target);
}

Status normc::tool::readBias(StringRef, Options &options) {
  options.preset.fusion.hasBias = true;
  return {};
}

Status normc::tool::readResidual(StringRef value, Options &options) {
  options.preset.fusion.hasResidual = true;
  return readOwnType("--residual", value, options.preset.fusion.residualDtype);
}
Status normc::tool::readResidualGate(StringRef value, Options &options) {
  return readAxesOf("--residual-gate", value,
                    options.preset.fusion.residualGateAxes);
}
Status normc::tool::readResidualOut(StringRef value, Options &options) {
  options.preset.fusion.emitsSum = true;
  return readOwnType("--residual-out", value, options.preset.fusion.sumDtype);
}
Status normc::tool::readRounded(StringRef, Options &options) {
  options.preset.fusion.isRounded = true;
  return {};
}

Status normc::tool::readActivationBefore(StringRef value, Options &options) {
  return readActivation("--activation-before", value,
                        options.preset.fusion.before);
}
Status normc::tool::readActivationAfter(StringRef value, Options &options) {
  return readActivation("--activation", value, options.preset.fusion.after);
}

Status normc::tool::readGate(StringRef value, Options &options) {
  return readActivation("--gate", value, options.preset.fusion.gate);
}
Status normc::tool::readGateBefore(StringRef, Options &options) {
  options.preset.fusion.isGateBefore = true;
  return {};
}
Status normc::tool::readGateDtype(StringRef value, Options &options) {
  return readType("--gate-dtype", value, options.preset.fusion.gateDtype);
}

Status normc::tool::readModulation(StringRef value, Options &options) {
  return readAxesOf("--modulate", value, options.preset.fusion.modulationAxes);
}

Status normc::tool::readDropout(StringRef value, Options &options) {
  return readNumber("--dropout", value, options.preset.fusion.dropout);
}
Status normc::tool::readDropoutBefore(StringRef, Options &options) {
  options.preset.fusion.isDropoutBefore = true;
  return {};
}

Status normc::tool::readSecond(StringRef value, Options &options) {
  options.preset.fusion.hasSecond = true;
  return readOwnType("--second", value, options.preset.fusion.secondDtype);
}
// Eight bits
//===----------------------------------------------------------------------===//

/// What options say of y, in any order; OptionTable.cpp asks for --quantize
/// beside them.
static Quantization &quantizationOf(Options &options) {
  if (!options.preset.quantization)
    options.preset.quantization.emplace();
  return *options.preset.quantization;
}
static InputScale &inputScaleOf(Options &options) {
  if (!options.preset.inputScale)
    options.preset.inputScale.emplace();
  return *options.preset.inputScale;
}

/// `whole` is the word for one scale.
static Status readScope(StringRef option, StringRef value, StringRef whole,
                        ScaleScope &scope, int64_t &block) {
  auto [word, size] = value.split(':');
  bool isBlock = word == "block" && !size.getAsInteger(10, block);
  if (isBlock)
    scope = ScaleScope::Block;
  else if (value == whole)
    scope = ScaleScope::Tensor;
  else if (value == "row")
    scope = ScaleScope::Row;
  else
    return expected(option, whole + ", row, or block:N", value);
  return {};
}

static Status readScaleWord(StringRef option, StringRef value,
                            ScaleType &type) {
  return readWord<ScaleType>(option, value,
                             {{"f32", ScaleType::F32},
                              {"pow2", ScaleType::PowerOfTwo},
                              {"e8m0", ScaleType::E8M0}},
                             type);
}

Status normc::tool::readQuantize(StringRef value, Options &options) {
  return readWord<DType>("--quantize", value,
                         {{"f8E4M3FN", DType::F8E4M3FN},
                          {"f8E5M2", DType::F8E5M2},
                          {"i8", DType::I8}},
                         quantizationOf(options).dtype);
}
Status normc::tool::readQuantizeScope(StringRef value, Options &options) {
  Quantization &q = quantizationOf(options);
  return readScope("--quantize-scope", value, "static", q.scope, q.block);
}
Status normc::tool::readScaleType(StringRef value, Options &options) {
  return readScaleWord("--scale-type", value,
                       quantizationOf(options).scaleType);
}
Status normc::tool::readInverseScale(StringRef, Options &options) {
  quantizationOf(options).inverse = true;
  return {};
}
Status normc::tool::readUpperBound(StringRef value, Options &options) {
  return readNumber("--upper-bound", value, quantizationOf(options).upperBound);
}
Status normc::tool::readSmallestScale(StringRef value, Options &options) {
  return readNumber("--smallest-scale", value,
                    quantizationOf(options).smallestScale);
}
Status normc::tool::readMatchUnfused(StringRef, Options &options) {
  quantizationOf(options).matchUnfused = true;
  return {};
}
Status normc::tool::readQuantizeFull(StringRef, Options &options) {
  quantizationOf(options).full = true;
  return {};
}

Status normc::tool::readInputScale(StringRef value, Options &options) {
  InputScale &scale = inputScaleOf(options);
  return readScope("--input-scale", value, "tensor", scale.scope, scale.block);
}
Status normc::tool::readInputScaleType(StringRef value, Options &options) {
  return readScaleWord("--input-scale-type", value,
                       inputScaleOf(options).scaleType);
}
Status normc::tool::readInputInverseScale(StringRef, Options &options) {
  inputScaleOf(options).inverse = true;
  return {};
}
