//===- OptionTable.cpp - commands and options as data ---------------------===//

#include "OptionTable.h"

#include "PresetReaders.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

#include <cmath>

using namespace normc;
using namespace normc::tool;
using llvm::StringRef;
using Action = Options::Action;

static Error usage(const llvm::Twine &message) {
  return {ErrorKind::InvalidArgument, message.str()};
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

static Status readEmit(StringRef value, Options &options) {
  std::vector<StringRef> names;
  for (const EmitInfo &info : listEmits()) {
    names.push_back(info.name);
    if (info.name == std::string_view(value))
      options.emit = info.stage;
  }
  if (options.emit)
    return {};
  return usage("expected --emit to be one of " + llvm::join(names, ", ") +
               ", but got '" + value + "'" + suggest(value, names));
}

static std::string listStages() {
  std::string text;
  for (const EmitInfo &info : listEmits()) {
    std::string name(info.name);
    name.resize(std::max<size_t>(name.size(), 13), ' ');
    text += name + " " + std::string(info.description) + "\n";
  }
  return text;
}

template <typename T>
static Status checkNew(StringRef option, StringRef name,
                       const std::vector<T> &bindings) {
  for (const T &other : bindings)
    if (other.name == name)
      return usage("expected each name once, but " + option + " gives '" +
                   name + "' again");
  return {};
}

static Status readBinding(StringRef option, StringRef value,
                          std::vector<Binding> &bindings) {
  auto [name, path] = value.split('=');
  if (name.empty() || path.empty())
    return usage("expected " + option + " NAME=PATH, but got '" + value + "'");
  if (Status status = checkNew(option, name, bindings); !status)
    return status;
  bindings.push_back({name.str(), path.str()});
  return {};
}

static Status readIn(StringRef value, Options &options) {
  return readBinding("--in", value, options.inputs);
}
static Status readOut(StringRef value, Options &options) {
  return readBinding("--out", value, options.outputs);
}

static Status readShape(StringRef value, Options &options) {
  auto [name, text] = value.split('=');
  llvm::SmallVector<StringRef> parts;
  text.split(parts, 'x');
  std::vector<int64_t> extents;
  for (StringRef part : parts) {
    int64_t extent = 0;
    if (name.empty() || part.getAsInteger(10, extent) || extent < 0)
      return usage("expected --shape NAME=EXTENTxEXTENT..., but got '" + value +
                   "'");
    extents.push_back(extent);
  }
  if (extents.size() > size_t(kMaxRank))
    return usage("expected --shape of at most " + llvm::Twine(kMaxRank) +
                 " axes, but got '" + value + "'");
  if (Status status = checkNew("--shape", name, options.shapes); !status)
    return status;
  options.shapes.push_back(
      {name.str(), Dims{std::span<const int64_t>(extents)}});
  return {};
}

static Status readRandom(StringRef value, Options &options) {
  uint64_t seed = 0;
  if (value.getAsInteger(10, seed))
    return usage("expected --random to be a seed of 0 or more, but got '" +
                 value + "'");
  options.random = seed;
  return {};
}

static Status readThreads(StringRef value, Options &options) {
  int threads = 0;
  if (value.getAsInteger(10, threads) || threads < 1)
    return usage("expected --threads to be a number of at least 1, but got '" +
                 value + "'");
  options.threads = threads;
  return {};
}

static Status readCeiling(StringRef value, Options &options) {
  double rate = 0;
  if (value.getAsDouble(rate) || !std::isfinite(rate) || rate <= 0)
    return usage(
        "expected --ceiling to be a number of GB/s above 0, but got '" + value +
        "'");
  options.ceiling = rate;
  return {};
}

static Status readBudget(StringRef value, Options &options) {
  double seconds = 0;
  if (value.getAsDouble(seconds) || !std::isfinite(seconds) || seconds <= 0)
    return usage("expected --budget to be a number of seconds above 0, but got "
                 "'" +
                 value + "'");
  options.budget = seconds;
  return {};
}

static Status readTarget(StringRef value, Options &options) {
  options.target = value.str();
  return {};
}
static Status readOutput(StringRef value, Options &options) {
  options.output = value.str();
  return {};
}
static Status readTuned(StringRef value, Options &options) {
  if (value == "-")
    return usage("expected --output to be a file, since standard output has "
                 "the report, but got '-'");
  return readOutput(value, options);
}

template <bool Options::*flag>
static Status setFlag(StringRef, Options &options) {
  options.*flag = true;
  return {};
}

//===----------------------------------------------------------------------===//
// Tables
//===----------------------------------------------------------------------===//

static constexpr unsigned kCompile = bit(Action::Compile),
                          kRun = bit(Action::Run), kBench = bit(Action::Bench),
                          kTune = bit(Action::Tune),
                          kExplain = bit(Action::Explain),
                          kPreset = bit(Action::Preset);

static constexpr CommandInfo kCommands[] = {
    {Action::Preset, "preset", "writes a named norm as .mlir text", "NAME",
     "An option that a preset has no use for is refused. Arguments and "
     "results are\nnamed in the text: x, scale, shift, mean, variance, y, "
     "rstd, ...\n"},
    {Action::Compile, "compile", "shows or writes a stage of a norm's lowering",
     "FILE",
     "`obj` and `header` together are a plain C function, which a C or C++ "
     "program\nlinks without any library. Give both the same target. With "
     "several, such as\n--target x86-64-v2,x86-64-v4, the object has a version "
     "for each, and the\nfunction takes the best that the machine can run; an "
     "artifact does so when it is\nloaded.\n"},
    {Action::Run, "run", "runs a norm on arrays in .npy files", "FILE",
     "Arrays are .npy files in C or Fortran order, of <f2, <f4, <f8, "
     "|i1, <i4 or\n<i8. bf16 is two raw bytes: <V2 (as the Python package "
     "ml_dtypes writes it), |V2\nor <u2; f8E4M3FN and f8E5M2 are one: <V1, |V1 "
     "or |u1. Outputs are written in C\norder, these as <V2 and <V1. Either "
     "all outputs are written, or none.\n\n"
     "With --random or --stats, outputs need no --out.\n"},
    {Action::Bench, "bench", "times a norm beside a streaming copy", "FILE",
     "The ceiling is a copy of as many bytes by as many threads, with stores "
     "that go\npast the cache, in turns with the kernel. Bytes are those that "
     "must move: each\nargument once. Times are medians, and `ratio` is gb_s / "
     "ceiling_gb_s. Inputs are\nrandom.\n"},
    {Action::Tune, "tune", "searches for a faster schedule than the model's",
     "FILE",
     "Starts from the schedules that the compiler's model chooses, or that "
     "FILE has,\nand varies one number after the other: rows, prefetch, "
     "stream, unroll, width,\nchunk. What computes anything else than the "
     "start, but for the rounding of sums\nin another order, is refused. "
     "Variants take turns, on arrays that are not in the\ncaches. One is "
     "taken if it is faster by at least 1% and by more than the spread,\n"
     "which is from the median to the slower quartile. What is taken in the "
     "end is\ntimed beside the start once more; that is the gain.\n\n"
     "What -o writes is .mlir text with schedules that can be read and "
     "changed; all\ncommands take it in place of FILE.\n"},
    {Action::Explain, "explain",
     "tells what a norm is compiled to, and what it costs", "FILE", ""},
    {Action::Targets, "targets", "lists the machines to compile for", "", ""},
};

static constexpr OptionInfo kOptions[] = {
    {"--list", "", "", kPreset, OptionInfo::Once,
     "lists the presets with their formulas, and writes nothing else",
     setFlag<&Options::list>},
    {"--shape", "", "8x?x4096", kPreset, OptionInfo::Once,
     "the extents of x, ? where they are known at the call only; all dynamic "
     "by default",
     readPresetShape},
    {"--dtype", "", "TYPE", kPreset, OptionInfo::Once,
     "the element type of x and y: f16, bf16, f32 (default) or f64; of x "
     "alone, "
     "beside --input-scale: f8E4M3FN, f8E5M2 or i8",
     readDtype},
    {"--param-dtype", "", "TYPE", kPreset, OptionInfo::Once,
     "that of scale, shift and alpha; x's by default", readParameterDtype},
    {"--out-dtype", "", "TYPE", kPreset, OptionInfo::Once,
     "that of y; x's by default", readOutputDtype},
    {"--axes", "", "1,2", kPreset, OptionInfo::Once,
     "the reduced axes (of weight_norm the kept ones), from 0, or from the end "
     "where negative",
     readAxes},
    {"--layout", "", "LAYOUT", kPreset, OptionInfo::Once,
     "channels_first (default): x is [N, C, ...], or channels_last: [N, ..., "
     "C]",
     readLayout},
    {"--strides", "", "WHICH", kPreset, OptionInfo::Once,
     "contiguous (default): row-major without gaps, or any: given at the call",
     readStrides},
    {"--groups", "", "G", kPreset, OptionInfo::Once,
     "groups of channels; 32 by default", readGroups},
    {"--per-group", "", "", kPreset, OptionInfo::Once,
     "scale and shift have one element per group", readPerGroup},
    {"--epsilon", "", "E", kPreset, OptionInfo::Once,
     "the usual one of the norm by default", readEpsilon},
    {"--placement", "", "WHERE", kPreset, OptionInfo::Once,
     "where epsilon enters: add (in the root), after_root or clamp",
     readPlacement},
    {"--p", "", "P", kPreset, OptionInfo::Once,
     "the order of lp_norm, at least 1", readP},
    {"--partial", "", "F", kPreset, OptionInfo::Once,
     "takes the statistic of rms_norm over the first part of the elements, "
     "above 0 and at most 1",
     readPartial},
    {"--correction", "", "0|1", kPreset, OptionInfo::Once,
     "1 divides the variance by n - 1", readCorrection},
    {"--unfolded", "", "", kPreset, OptionInfo::Once,
     "batch_norm_inference subtracts the mean first, in place of one "
     "multiply-add",
     readUnfolded},
    {"--spatial", "", "", kPreset, OptionInfo::Once,
     "scale and shift of ada_instance_norm are per element (SPADE)",
     readSpatial},
    {"--affine", "", "scale,shift", kPreset, OptionInfo::Once,
     "which of the two there are, or none", readAffine},
    {"--scale-offset", "", "0|1", kPreset, OptionInfo::Once,
     "is added to the scale (1: zero-centred gain)", readScaleOffset},
    {"--rounding", "", "WHERE", kPreset, OptionInfo::Once,
     "once (default), or normalized: after the norm, the scale and the shift",
     readRounding},
    {"--saved", "", "mean,rstd", kPreset, OptionInfo::Once,
     "further results among mean, variance and rstd", readSaved},
    {"--bias", "", "", kPreset, OptionInfo::Once, "adds a bias to x", readBias},
    {"--residual", "", "TYPE", kPreset, OptionInfo::Once,
     "normalizes h = residual + x; the residual's element type, or same: x's",
     readResidual},
    {"--residual-gate", "", "0,-1", kPreset, OptionInfo::Once,
     "h = residual + residual_gate x, with a factor on these axes",
     readResidualGate},
    {"--residual-out", "", "TYPE", kPreset, OptionInfo::Once,
     "h is a further result, residual_out: its type, or same: the residual's",
     readResidualOut},
    {"--rounded", "", "", kPreset, OptionInfo::Once,
     "the norm sees h as it is stored, and not the exact sum", readRounded},
    {"--activation-before", "", "NAME", kPreset, OptionInfo::Once,
     "of what is normalized: relu, gelu, gelu_tanh, silu, sigmoid or tanh",
     readActivationBefore},
    {"--activation", "", "NAME", kPreset, OptionInfo::Once,
     "the same of the norm's output", readActivationAfter},
    {"--gate", "", "NAME", kPreset, OptionInfo::Once,
     "multiplies the norm's output by the activation (or none) of gate",
     readGate},
    {"--gate-before", "", "", kPreset, OptionInfo::Once,
     "multiplies what is normalized, instead", readGateBefore},
    {"--gate-dtype", "", "TYPE", kPreset, OptionInfo::Once,
     "the element type of gate; x's by default", readGateDtype},
    {"--modulate", "", "0,-1", kPreset, OptionInfo::Once,
     "y (1 + modulation_scale) + modulation_shift, which live on these axes",
     readModulation},
    {"--dropout", "", "P", kPreset, OptionInfo::Once,
     "writes 0 with this probability; from seed and offset", readDropout},
    {"--dropout-before", "", "", kPreset, OptionInfo::Once,
     "drops elements of x + bias, before the residual is added",
     readDropoutBefore},
    {"--second", "", "TYPE", kPreset, OptionInfo::Once,
     "a further result y2, by scale2 and shift2: its type, or same: x's",
     readSecond},
    {"--quantize", "", "TYPE", kPreset, OptionInfo::Once,
     "y in 8 bits, f8E4M3FN, f8E5M2 or i8, with a scale, y_scale",
     readQuantize},
    {"--quantize-scope", "", "SCOPE", kPreset, OptionInfo::Once,
     "what shares a scale of y: row (default), block:32, block:64 or "
     "block:128, "
     "whose scales are a further result; or static, whose scale is an argument",
     readQuantizeScope, nullptr, "--quantize"},
    {"--scale-type", "", "TYPE", kPreset, OptionInfo::Once,
     "that of y_scale: f32 (default), pow2 (f32, a power of two) or e8m0 (the "
     "exponent, in a byte)",
     readScaleType, nullptr, "--quantize"},
    {"--inverse-scale", "", "", kPreset, OptionInfo::Once,
     "y_inverse_scale, what y is multiplied by, in the place of y_scale",
     readInverseScale, nullptr, "--quantize"},
    {"--upper-bound", "", "A", kPreset, OptionInfo::Once,
     "scales are of magnitudes up to this; larger ones saturate",
     readUpperBound, nullptr, "--quantize"},
    {"--smallest-scale", "", "S", kPreset, OptionInfo::Once,
     "of y_scale; 1 / (512 times the largest number of the type) by default",
     readSmallestScale, nullptr, "--quantize"},
    {"--match-unfused", "", "", kPreset, OptionInfo::Once,
     "y is rounded to --out-dtype before it is quantized, as a norm without "
     "--quantize would",
     readMatchUnfused, nullptr, "--quantize"},
    {"--quantize-full", "", "", kPreset, OptionInfo::Once,
     "i8 from -128, not from -127", readQuantizeFull, nullptr, "--quantize"},
    {"--input-scale", "", "SCOPE", kPreset, OptionInfo::Once,
     "x in 8 bits, of type --dtype, with a scale, x_scale, per tensor, row, "
     "block:32, block:64 or block:128",
     readInputScale},
    {"--input-scale-type", "", "TYPE", kPreset, OptionInfo::Once,
     "that of x_scale: f32 (default) or e8m0", readInputScaleType, nullptr,
     "--input-scale"},
    {"--input-inverse-scale", "", "", kPreset, OptionInfo::Once,
     "x_inverse_scale, which x is divided by, in the place of x_scale",
     readInputInverseScale, nullptr, "--input-scale"},
    {"--emit", "", "STAGE", kCompile, OptionInfo::Required,
     "in the order of the pipeline:", readEmit, listStages},
    {"--in", "", "NAME=PATH", kRun, OptionInfo::Repeated,
     "the array of an input, one option for each", readIn},
    {"--out", "", "NAME=PATH", kRun, OptionInfo::Repeated,
     "the file to write an output to, one option for each", readOut},
    {"--random", "", "SEED", kRun, OptionInfo::Once,
     "fills the inputs that have no --in with normal random numbers, the same "
     "for the same seed",
     readRandom},
    {"--shape", "", "NAME=8x4096", kRun | kBench | kTune | kExplain,
     OptionInfo::Repeated,
     "the shape of an argument with dynamic extents; those of others follow "
     "from it where they are tied",
     readShape},
    {"--stats", "", "", kRun, OptionInfo::Once,
     "prints what the results and the statistics look like, and warns of "
     "trouble",
     setFlag<&Options::stats>},
    {"--target", "", "TARGET", kRun | kBench | kTune | kExplain,
     OptionInfo::Once,
     "native (default), x86-64-v3, ...; `normc targets` lists them",
     readTarget},
    {"--target", "", "TARGET,...", kCompile, OptionInfo::Once,
     "native (default), x86-64-v3, aarch64, ...; `normc targets` lists them. "
     "Of several, code has a version for each, and the machine takes the best",
     readTarget},
    {"--threads", "", "N", kRun | kBench | kTune | kExplain, OptionInfo::Once,
     "threads to run on, at most one per core; all by default. Results do not "
     "depend on it",
     readThreads},
    {"--ceiling", "", "GB/S", kExplain, OptionInfo::Once,
     "the speed of memory to reckon with; measured where not given",
     readCeiling},
    {"--budget", "", "SECONDS", kTune, OptionInfo::Once,
     "about how long to search; 20 by default", readBudget},
    {"--json", "", "", kBench | kTune, OptionInfo::Once,
     "one JSON object instead of text", setFlag<&Options::json>},
    {"--timing", "", "", kCompile, OptionInfo::Once,
     "a table on standard error: what each step of the compiler took",
     setFlag<&Options::timing>},
    {"--output", "-o", "OUT", kCompile | kPreset, OptionInfo::Once,
     "the file to write; `-` (default) is standard output", readOutput},
    {"--output", "-o", "OUT.mlir", kTune, OptionInfo::Once,
     "the file to save the tuned kernel to; not saved by default", readTuned},
};

llvm::ArrayRef<CommandInfo> normc::tool::listCommands() { return kCommands; }
llvm::ArrayRef<OptionInfo> normc::tool::listOptions() { return kOptions; }
