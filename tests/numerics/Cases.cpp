//===- Cases.cpp - kernels that stretch the compiler, as text -------------===//

#include "tests/numerics/Cases.h"

#include "tests/numerics/Dtype.h"

#include <cstdio>
#include <sstream>

using namespace normc;
using namespace normc::numerics;

//===----------------------------------------------------------------------===//
// Pieces of text
//===----------------------------------------------------------------------===//

static std::string extentText(int64_t extent) {
  return extent == kAny ? "?" : std::to_string(extent);
}

/// tensor<?x4096xbf16>
static std::string typeText(const TensorType &type) {
  std::string text = "tensor<";
  for (int64_t extent : type.shape)
    text += extentText(extent) + "x";
  return text + toString(type.dtype) + ">";
}

/// tensor<?x4096xbf16> {norm.name = "x", norm.strides = array<i64: ...>}
static std::string declarationText(const TensorType &type) {
  std::string text = typeText(type) + " {norm.name = \"" + type.name + "\"";
  for (size_t axis = 0; axis < type.strides.size(); ++axis)
    text += (axis ? ", " : ", norm.strides = array<i64: ") +
            std::to_string(type.strides[axis]);
  return text + (type.strides.empty() ? "}" : ">}");
}

template <typename F>
static std::string joined(const std::vector<TensorType> &types, F piece) {
  std::string text;
  for (const TensorType &type : types)
    text += (text.empty() ? "" : ", ") + piece(type);
  return text;
}

/// Results are named like values of the function: %y, %rstd, ...
static std::string functionText(const std::string &name,
                                const std::vector<TensorType> &inputs,
                                const std::vector<TensorType> &outputs,
                                const std::string &operation) {
  auto value = [](const TensorType &type) { return "%" + type.name; };
  std::ostringstream text;
  text << "func.func @" << name << "("
       << joined(inputs,
                 [](auto &type) {
                   return "%" + type.name + ": " + declarationText(type);
                 })
       << ")\n    -> (" << joined(outputs, declarationText) << ") {\n  "
       << joined(outputs, value) << " = " << operation << "\n  return "
       << joined(outputs, value) << " : " << joined(outputs, typeText)
       << "\n}\n";
  return text.str();
}

static std::string epsilonText(double epsilon) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.17e", epsilon);
  return text;
}

/// The declaration of a norm; `options` stands between input and types.
static std::string normalizeText(const std::string &statistic,
                                 const std::string &options,
                                 const std::vector<TensorType> &inputs,
                                 const std::vector<TensorType> &outputs) {
  return "norm.normalize " + statistic + " %x over " + options + "\n    : (" +
         joined(inputs, typeText) + ") -> (" + joined(outputs, typeText) + ")";
}

namespace {

/// Writes a norm.kernel: input "x" becomes %x_c of the compute type, and output
/// "y" is %y_o of the compute type, rounded on the way out.
class KernelWriter {
public:
  explicit KernelWriter(DType dtype) : compute(toString(computeType(dtype))) {}

  /// `maps` has one map per input, then one per output.
  void open(const std::string &dims, const std::vector<TensorType> &inputs,
            const std::vector<TensorType> &outputs,
            const std::vector<std::string> &maps) {
    text << "norm.kernel dims(" << dims << ")\n      ins(";
    for (size_t i = 0; i < inputs.size(); ++i)
      text << (i ? ",\n          " : "") << "%" << inputs[i].name
           << (isWide(inputs[i]) ? "_c" : "_e") << " = %" << inputs[i].name
           << " by " << maps[i] << " : " << typeText(inputs[i]);
    text << ")\n      outs(";
    for (size_t i = 0; i < outputs.size(); ++i)
      text << (i ? ", " : "") << "by " << maps[inputs.size() + i] << " : "
           << typeText(outputs[i]);
    text << ") {\n";
    for (const TensorType &input : inputs)
      if (!isWide(input))
        text << "    %" << input.name << "_c = arith.extf %" << input.name
             << "_e : " << toString(input.dtype) << " to " << compute << "\n";
  }

  /// `%result = op operands : compute type`.
  void line(const std::string &operation) {
    text << "    " << operation << " : " << compute << "\n";
  }

  /// Rounds and yields every output.
  std::string close(const std::vector<TensorType> &outputs) {
    for (const TensorType &output : outputs)
      if (!isWide(output))
        text << "    %" << output.name << "_r = arith.truncf %" << output.name
             << "_o : " << compute << " to " << toString(output.dtype) << "\n";
    text << "    norm.yield "
         << joined(outputs,
                   [&](auto &output) {
                     return "%" + output.name + (isWide(output) ? "_o" : "_r");
                   })
         << " : "
         << joined(outputs,
                   [](auto &output) {
                     return std::string(toString(output.dtype));
                   })
         << "\n  }";
    return text.str();
  }

private:
  /// Whether the tensor is of the compute type already.
  bool isWide(const TensorType &type) const {
    return toString(type.dtype) == compute;
  }

  std::ostringstream text;
  std::string compute;
};

} // namespace

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

static TensorType inputRows(const RowCase &row, const std::string &name) {
  return {name, row.dtype, {row.rows, row.n}, row.inputStrides};
}
static TensorType outputRows(const RowCase &row, const std::string &name) {
  return {name, row.dtype, {row.rows, row.n}, row.outputStrides};
}
static TensorType rowParameter(const RowCase &row, const std::string &name) {
  return {name, row.parameterType(), {row.n}};
}
static std::string rowDims(const RowCase &row) {
  return "i = " + extentText(row.rows) + ", j = " + extentText(row.n);
}

static void addSaved(const RowCase &row, const std::vector<std::string> &names,
                     std::vector<TensorType> &outputs, std::string &options) {
  if (!row.saved)
    return;
  std::string list;
  for (const std::string &name : names) {
    outputs.push_back({name, computeType(row.dtype), {row.rows}});
    list += (list.empty() ? "\"" : ", \"") + name + "\"";
  }
  options += " saved [" + list + "]";
}

std::string normc::numerics::rmsNormText(const RowCase &row) {
  std::vector<TensorType> inputs = {inputRows(row, "x"),
                                    rowParameter(row, "scale")};
  std::vector<TensorType> outputs = {outputRows(row, "y")};
  std::string options =
      "[1] epsilon " + epsilonText(row.epsilon) + " scale %scale on [1]";
  addSaved(row, {"rstd"}, outputs, options);
  return functionText("rms_norm", inputs, outputs,
                      normalizeText("rms", options, inputs, outputs));
}

std::string normc::numerics::layerNormText(const RowCase &row) {
  std::vector<TensorType> inputs = {inputRows(row, "x"),
                                    rowParameter(row, "scale"),
                                    rowParameter(row, "shift")};
  std::vector<TensorType> outputs = {outputRows(row, "y")};
  std::string options = "[1] epsilon " + epsilonText(row.epsilon) +
                        " scale %scale on [1] shift %shift on [1]";
  addSaved(row, {"mean", "rstd"}, outputs, options);
  return functionText("layer_norm", inputs, outputs,
                      normalizeText("mean_variance", options, inputs, outputs));
}

std::string normc::numerics::l2NormText(const RowCase &row) {
  std::vector<TensorType> inputs = {inputRows(row, "x")};
  std::vector<TensorType> outputs = {outputRows(row, "y")};
  std::string options = "[1] epsilon " + epsilonText(row.epsilon) + " clamp";
  addSaved(row, {"rstd"}, outputs, options);
  return functionText("l2_norm", inputs, outputs,
                      normalizeText("l2", options, inputs, outputs));
}

std::string normc::numerics::softmaxText(const RowCase &row) {
  std::vector<TensorType> inputs = {inputRows(row, "x")};
  std::vector<TensorType> outputs = {outputRows(row, "y")};
  KernelWriter kernel(row.dtype);
  kernel.open(rowDims(row), inputs, outputs, {"[[i], [j]]", "[[i], [j]]"});
  kernel.line("%top = norm.reduce max %x_c over [j]");
  kernel.line("%below = arith.subf %x_c, %top");
  kernel.line("%power = math.exp %below");
  kernel.line("%sum = norm.reduce add %power over [j]");
  kernel.line("%y_o = arith.divf %power, %sum");
  return functionText("softmax", inputs, outputs, kernel.close(outputs));
}

std::string normc::numerics::layerNormBackwardText(const RowCase &row) {
  DType compute = computeType(row.dtype);
  std::vector<TensorType> inputs = {inputRows(row, "x"),
                                    inputRows(row, "dy"),
                                    rowParameter(row, "gamma"),
                                    {"mean", compute, {row.rows}},
                                    {"rstd", compute, {row.rows}}};
  std::vector<TensorType> outputs = {outputRows(row, "dx"),
                                     {"dgamma", compute, {row.n}},
                                     {"dbeta", compute, {row.n}}};
  KernelWriter kernel(row.dtype);
  kernel.open(rowDims(row), inputs, outputs,
              {"[[i], [j]]", "[[i], [j]]", "[[j]]", "[[i]]", "[[i]]",
               "[[i], [j]]", "[[j]]", "[[j]]"});
  kernel.line("%centred = arith.subf %x_c, %mean_c");
  kernel.line("%xhat = arith.mulf %centred, %rstd_c");
  kernel.line("%g = arith.mulf %dy_c, %gamma_c");
  kernel.line("%gx = arith.mulf %g, %xhat");
  kernel.line("%mean_g = norm.reduce mean %g over [j]");
  kernel.line("%mean_gx = norm.reduce mean %gx over [j]");
  kernel.line("%along = arith.mulf %xhat, %mean_gx");
  kernel.line("%g_centred = arith.subf %g, %mean_g");
  kernel.line("%across = arith.subf %g_centred, %along");
  kernel.line("%dx_o = arith.mulf %across, %rstd_c");
  kernel.line("%dyx = arith.mulf %dy_c, %xhat");
  kernel.line("%dgamma_o = norm.reduce add %dyx over [i]");
  kernel.line("%dbeta_o = norm.reduce add %dy_c over [i]");
  return functionText("layer_norm_backward", inputs, outputs,
                      kernel.close(outputs));
}

std::string normc::numerics::dynamicTanhText(const RowCase &row) {
  std::vector<TensorType> inputs = {inputRows(row, "x"),
                                    rowParameter(row, "scale"),
                                    rowParameter(row, "shift")};
  std::vector<TensorType> outputs = {outputRows(row, "y")};
  KernelWriter kernel(row.dtype);
  kernel.open(rowDims(row), inputs, outputs,
              {"[[i], [j]]", "[[j]]", "[[j]]", "[[i], [j]]"});
  kernel.line("%alpha = arith.constant 5.0e-01");
  kernel.line("%scaled = arith.mulf %x_c, %alpha");
  kernel.line("%t = math.tanh %scaled");
  kernel.line("%y_o = math.fma %t, %scale_c, %shift_c");
  return functionText("dynamic_tanh", inputs, outputs, kernel.close(outputs));
}

//===----------------------------------------------------------------------===//
// Channels
//===----------------------------------------------------------------------===//

static std::string groupNormOn(const ChannelCase &channel,
                               const std::string &name,
                               const std::vector<int64_t> &shape,
                               int channelAxis) {
  std::vector<TensorType> inputs = {
      {"x", channel.dtype, shape, channel.inputStrides},
      {"scale", channel.dtype, {channel.channels}},
      {"shift", channel.dtype, {channel.channels}}};
  std::vector<TensorType> outputs = {
      {"y", channel.dtype, shape, channel.outputStrides}};
  std::string axis = std::to_string(channelAxis);
  std::string options = "[1, 2] groups " + std::to_string(channel.groups) +
                        " on " + axis + " epsilon " +
                        epsilonText(channel.epsilon) + " scale %scale on [" +
                        axis + "] shift %shift on [" + axis + "]";
  return functionText(name, inputs, outputs,
                      normalizeText("mean_variance", options, inputs, outputs));
}

std::string normc::numerics::groupNormText(const ChannelCase &channel) {
  return groupNormOn(channel, "group_norm",
                     {channel.samples, channel.positions, channel.channels}, 2);
}

std::string
normc::numerics::groupNormChannelsFirstText(const ChannelCase &channel) {
  return groupNormOn(channel, "group_norm_channels_first",
                     {channel.samples, channel.channels, channel.positions}, 1);
}

std::string normc::numerics::switchableNormText(const ChannelCase &channel) {
  std::vector<int64_t> shape = {channel.samples, channel.channels,
                                channel.positions};
  std::vector<TensorType> inputs = {
      {"x", channel.dtype, shape, channel.inputStrides},
      {"scale", channel.dtype, {channel.channels}},
      {"shift", channel.dtype, {channel.channels}}};
  std::vector<TensorType> outputs = {
      {"y", channel.dtype, shape, channel.outputStrides}};
  KernelWriter kernel(channel.dtype);
  kernel.open("n = " + extentText(channel.samples) +
                  ", c = " + extentText(channel.channels) +
                  ", s = " + extentText(channel.positions),
              inputs, outputs,
              {"[[n], [c], [s]]", "[[c]]", "[[c]]", "[[n], [c], [s]]"});
  kernel.line("%half = arith.constant 5.0e-01");
  kernel.line("%quarter = arith.constant 2.5e-01");
  kernel.line("%epsilon = arith.constant " + epsilonText(channel.epsilon));
  // Mean and variance over [s], [c, s] and [n, s].
  const char *const spaces[][2] = {
      {"i", "[s]"}, {"l", "[c, s]"}, {"b", "[n, s]"}};
  for (auto [prefix, over] : spaces) {
    std::string p = std::string("%") + prefix;
    kernel.line(p + "_count, " + p + "_high, " + p + "_low, " + p +
                "_m2 = norm.moments %x_c over " + over);
    kernel.line(p + "_mean = arith.addf " + p + "_high, " + p + "_low");
    kernel.line(p + "_var = arith.divf " + p + "_m2, " + p + "_count");
  }
  for (std::string what : {"mean", "var"}) {
    kernel.line("%" + what + "_i = arith.mulf %half, %i_" + what);
    kernel.line("%" + what + "_l = arith.mulf %quarter, %l_" + what);
    kernel.line("%" + what + "_b = arith.mulf %quarter, %b_" + what);
    kernel.line("%" + what + "_il = arith.addf %" + what + "_i, %" + what +
                "_l");
    kernel.line("%" + what + " = arith.addf %" + what + "_il, %" + what + "_b");
  }
  kernel.line("%inside = arith.addf %var, %epsilon");
  kernel.line("%rstd = math.rsqrt %inside");
  kernel.line("%centred = arith.subf %x_c, %mean");
  kernel.line("%xhat = arith.mulf %centred, %rstd");
  kernel.line("%y_o = math.fma %xhat, %scale_c, %shift_c");
  return functionText("switchable_norm", inputs, outputs,
                      kernel.close(outputs));
}
