//===- Quantization.cpp - 8-bit results and inputs as IR ------------------===//

#include "compiler/spec/Quantization.h"

#include "compiler/lowering/shared/ElementTypes.h"
#include "compiler/passes/norm/KernelParts.h"
#include "dialects/norm/Norm.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace normc;
using namespace normc::norm;

//===----------------------------------------------------------------------===//
// The dims of a tensor and its scale
//===----------------------------------------------------------------------===//

namespace {

/// A dim per axis of a tensor, two along the last one of a blocked one.
struct ScaledDims {
  DimExtents extents;
  MapAttr whole, scale;
  SmallVector<int64_t> scaleShape;
  DimsAttr shared; ///< Those of one scale.

  ScaledDims(MLIRContext *context, ArrayRef<int64_t> shape, ScaleScope scope,
             int64_t block);
};

/// Rewrites one function.
class Quantizer {
public:
  Quantizer(const NormSpec &spec, func::FuncOp func)
      : spec(spec), func(func), b(func.getLoc(), func.getContext()) {}

  void readInput();
  void writeOutput();

private:
  DictionaryAttr attributes(StringRef name, ArrayRef<int64_t> strides);
  Type typeOf(ScaleType type) {
    return type == ScaleType::E8M0 ? Type(b.getI8Type()) : b.getF32Type();
  }
  /// Adds the scale of `tensor` as argument number `at`, as it is stored.
  Value addScaleArgument(unsigned at, StringRef tensor, const ScaledDims &dims,
                         ScaleType type, bool inverse,
                         ArrayRef<int64_t> strides);
  void replaceResult(Value y, KernelOp kernel, const ScaledDims &dims);

  const NormSpec &spec;
  func::FuncOp func;
  ImplicitLocOpBuilder b;
};

} // namespace

ScaledDims::ScaledDims(MLIRContext *context, ArrayRef<int64_t> shape,
                       ScaleScope scope, int64_t block) {
  SmallVector<DimsAttr> axes, scaleAxes;
  SmallVector<StringAttr> inner;
  auto add = [&](const Twine &name, int64_t extent) {
    StringAttr dim = StringAttr::get(context, name);
    extents.insert({dim, extent});
    return dim;
  };
  auto dimsOf = [&](ArrayRef<StringAttr> names) {
    return DimsAttr::get(context, names);
  };
  bool isOne = scope == ScaleScope::Tensor;
  for (auto [axis, extent] : llvm::enumerate(shape.drop_back())) {
    axes.push_back(dimsOf(add("i" + Twine(axis), extent)));
    if (isOne)
      continue;
    scaleAxes.push_back(axes.back());
    scaleShape.push_back(extent);
  }
  int64_t last = shape.back();
  if (scope == ScaleScope::Block) {
    int64_t count = ShapedType::isDynamic(last) ? last : last / block;
    StringAttr outer = add("b", count);
    inner.push_back(add("k", block));
    axes.push_back(dimsOf({outer, inner.front()}));
    scaleAxes.push_back(dimsOf(outer));
    scaleShape.push_back(count);
  } else {
    inner.push_back(add("j", last));
    axes.push_back(dimsOf(inner));
  }
  whole = MapAttr::get(context, axes);
  scale = MapAttr::get(context, scaleAxes);
  shared = dimsOf(inner);
}

//===----------------------------------------------------------------------===//
// Scalar formulas
//===----------------------------------------------------------------------===//

static Value constant(ImplicitLocOpBuilder &b, double value) {
  return arith::ConstantOp::create(b, b.getF32FloatAttr(float(value)));
}

static Value bits(ImplicitLocOpBuilder &b, uint32_t value) {
  return arith::ConstantOp::create(b, b.getI32IntegerAttr(int32_t(value)));
}

static Value isNaN(ImplicitLocOpBuilder &b, Value value) {
  return arith::CmpFOp::create(b, arith::CmpFPredicate::UNO, value, value);
}

static Value invert(ImplicitLocOpBuilder &b, Value value) {
  return arith::DivFOp::create(b, constant(b, 1), value);
}

/// Adding all bits of the significand but none of the exponent carries into the
/// exponent unless there are none.
static Value roundUpToPowerOfTwo(ImplicitLocOpBuilder &b, Value scale) {
  constexpr uint32_t significand = 0x007fffff, exponent = 0x7f800000;
  Value pattern = arith::BitcastOp::create(b, b.getI32Type(), scale);
  Value raised = arith::AddIOp::create(b, pattern, bits(b, significand));
  Value power = arith::AndIOp::create(b, raised, bits(b, exponent));
  return arith::SelectOp::create(
      b, isNaN(b, scale), scale,
      arith::BitcastOp::create(b, b.getF32Type(), power));
}

Value normc::encodeE8M0(ImplicitLocOpBuilder &b, Value scale) {
  Value pattern = arith::BitcastOp::create(b, b.getI32Type(), scale);
  Value exponent = arith::ShRUIOp::create(b, pattern, bits(b, 23));
  exponent =
      arith::SelectOp::create(b, isNaN(b, scale), bits(b, 0xff), exponent);
  return arith::TruncIOp::create(b, b.getI8Type(), exponent);
}

Value normc::decodeE8M0(ImplicitLocOpBuilder &b, Value byte) {
  Value exponent = arith::ExtUIOp::create(b, b.getI32Type(), byte);
  Value pattern = arith::ShLIOp::create(b, exponent, bits(b, 23));
  auto isExponent = [&](uint32_t value) {
    return arith::CmpIOp::create(b, arith::CmpIPredicate::eq, exponent,
                                 bits(b, value));
  };
  // 2^-127 is subnormal in f32.
  constexpr uint32_t half = 0x00400000, nan = 0x7fc00000;
  pattern = arith::SelectOp::create(b, isExponent(0), bits(b, half), pattern);
  pattern = arith::SelectOp::create(b, isExponent(0xff), bits(b, nan), pattern);
  return arith::BitcastOp::create(b, b.getF32Type(), pattern);
}

Value normc::buildScale(ImplicitLocOpBuilder &b, const Quantization &q,
                        Value largest) {
  double most = largestQuantized(q.dtype);
  // Without a bound of its own an infinite y would have a scale that leaves
  // nothing of it: 0 times infinity.
  float bound =
      q.upperBound ? float(*q.upperBound) : std::numeric_limits<float>::max();
  double smallest = q.smallestScale.value_or(1 / (512 * most));
  // Both keep NaNs.
  Value a = arith::MinimumFOp::create(b, largest, constant(b, bound));
  Value scale = arith::MaximumFOp::create(
      b, arith::DivFOp::create(b, a, constant(b, most)), constant(b, smallest));
  return q.scaleType == ScaleType::F32 ? scale : roundUpToPowerOfTwo(b, scale);
}

Value normc::buildQuantized(ImplicitLocOpBuilder &b, const Quantization &q,
                            Value y, Value factor) {
  double most = largestQuantized(q.dtype);
  Value least = constant(b, q.full ? -128 : -most),
        greatest = constant(b, most);
  Value value = arith::MulFOp::create(b, y, factor);
  // One instruction each on x86, where a maximum that knows NaNs is four; what
  // doesn't compare, a NaN, stays.
  auto replaceIf = [&](arith::CmpFPredicate predicate, Value limit) {
    Value is = arith::CmpFOp::create(b, predicate, limit, value);
    value = arith::SelectOp::create(b, is, limit, value);
  };
  replaceIf(arith::CmpFPredicate::OGT, least);
  replaceIf(arith::CmpFPredicate::OLT, greatest);
  Type type = toType(b.getContext(), q.dtype);
  if (q.dtype != DType::I8)
    return arith::TruncFOp::create(b, type, value);
  // The limits are integers: rounding behind them is rounding before them, and
  // beside the conversion it takes one addition.
  value = arith::SelectOp::create(b, isNaN(b, value), constant(b, 0), value);
  value = math::RoundEvenOp::create(b, value);
  return arith::FPToSIOp::create(b, type, value);
}

//===----------------------------------------------------------------------===//
// The function
//===----------------------------------------------------------------------===//

DictionaryAttr Quantizer::attributes(StringRef name,
                                     ArrayRef<int64_t> strides) {
  NamedAttrList list;
  list.set(kNameAttr, b.getStringAttr(name));
  if (!strides.empty())
    list.set(kStridesAttr, b.getDenseI64ArrayAttr(strides));
  return list.getDictionary(b.getContext());
}

static std::string nameScale(StringRef tensor, bool inverse) {
  return (tensor + (inverse ? "_inverse_scale" : "_scale")).str();
}

Value Quantizer::addScaleArgument(unsigned at, StringRef tensor,
                                  const ScaledDims &dims, ScaleType type,
                                  bool inverse, ArrayRef<int64_t> strides) {
  std::string name = nameScale(tensor, inverse);
  (void)func.insertArgument(
      at, RankedTensorType::get(dims.scaleShape, typeOf(type)),
      attributes(name, strides), NameLoc::get(b.getStringAttr(name)));
  return func.getArgument(at);
}

/// What values are multiplied by, of an operand that holds a scale.
static Value readFactor(ImplicitLocOpBuilder &b, Value stored, bool inverts) {
  Value scale = stored.getType().isInteger(8) ? decodeE8M0(b, stored) : stored;
  return inverts ? invert(b, scale) : scale;
}

void Quantizer::readInput() {
  const InputScale &scale = *spec.inputScale;
  unsigned at = 0;
  while (func.getArgAttrOfType<StringAttr>(at, kNameAttr) != "x")
    ++at;
  BlockArgument x = func.getArgument(at);
  ScaledDims dims(b.getContext(), spec.shape, scale.scope, scale.block);
  SmallVector<Type> types(func.getArgumentTypes());
  types[at] =
      RankedTensorType::get(spec.shape, toType(b.getContext(), spec.dtype));
  func.setFunctionType(b.getFunctionType(types, func.getResultTypes()));
  x.setType(types[at]);
  Value stored = addScaleArgument(at + 1, "x", dims, scale.scaleType,
                                  scale.inverse, scale.scaleStrides);

  b.setInsertionPointToStart(&func.getBody().front());
  b.setLoc(NameLoc::get(b.getStringAttr("x_real")));
  KernelInputs inputs;
  inputs.add(x, dims.whole);
  inputs.add(stored, dims.scale);
  KernelOp kernel =
      makeKernel(b, dims.extents, inputs, dims.whole, b.getF32Type(),
                 [&](ValueRange elements) -> SmallVector<Value> {
                   Value value = elements[0];
                   Type f32 = b.getF32Type();
                   value =
                       spec.dtype == DType::I8
                           ? arith::SIToFPOp::create(b, f32, value).getResult()
                           : arith::ExtFOp::create(b, f32, value).getResult();
                   Value factor = readFactor(b, elements[1], scale.inverse);
                   return {arith::MulFOp::create(b, value, factor)};
                 });
  x.replaceAllUsesExcept(kernel.getResult(0), kernel);
}

void Quantizer::writeOutput() {
  const Quantization &q = *spec.quantization;
  unsigned at = 0;
  while (func.getResultAttrOfType<StringAttr>(at, kNameAttr) != "y")
    ++at;
  Operation *ret = func.getBody().front().getTerminator();
  Value y = ret->getOperand(at);
  if (Operation *def = y.getDefiningOp())
    def->setLoc(NameLoc::get(b.getStringAttr("y_real")));
  bool isStatic = q.scope == ScaleScope::Tensor;
  ScaledDims dims(b.getContext(), spec.shape, q.scope, q.block);
  b.setInsertionPoint(ret);
  b.setLoc(NameLoc::get(b.getStringAttr("y")));
  KernelInputs inputs;
  inputs.add(y, dims.whole);
  SmallVector<MapAttr> maps{dims.whole};
  SmallVector<Type> elements{toType(b.getContext(), q.dtype)};
  if (isStatic) {
    inputs.add(addScaleArgument(func.getNumArguments(), "y", dims, q.scaleType,
                                q.inverse, q.scaleStrides),
               dims.scale);
  } else {
    maps.push_back(dims.scale);
    elements.push_back(typeOf(q.scaleType));
  }
  KernelOp kernel = makeKernel(
      b, dims.extents, inputs, maps, elements,
      [&](ValueRange arguments) -> SmallVector<Value> {
        b.setLoc(func.getLoc());
        Value value = arguments[0];
        Type f32 = b.getF32Type();
        if (value.getType() != f32)
          value = arith::ExtFOp::create(b, f32, value);
        if (isStatic)
          return {buildQuantized(b, q, value,
                                 readFactor(b, arguments[1], !q.inverse))};
        Value largest = ReduceOp::create(b, f32, ReduceKind::max,
                                         math::AbsFOp::create(b, value),
                                         dims.shared, Value());
        Value scale = buildScale(b, q, largest), factor = invert(b, scale);
        Value stored = q.inverse ? factor : scale;
        if (q.scaleType == ScaleType::E8M0)
          stored = encodeE8M0(b, stored);
        return {buildQuantized(b, q, value, factor), stored};
      });
  SmallVector<Type> types(func.getResultTypes());
  types[at] = kernel.getResult(0).getType();
  func.setFunctionType(b.getFunctionType(func.getArgumentTypes(), types));
  ret->setOperand(at, kernel.getResult(0));
  if (isStatic)
    return;
  (void)func.insertResult(
      at + 1, kernel.getResult(1).getType(),
      attributes(nameScale("y", q.inverse), q.scaleStrides));
  ret->insertOperands(at + 1, kernel.getResult(1));
}

NormSpec normc::withoutQuantization(const NormSpec &spec) {
  NormSpec inner = spec;
  inner.quantization.reset();
  inner.inputScale.reset();
  if (spec.inputScale)
    inner.dtype = DType::F32;
  if (spec.quantization && !spec.quantization->matchUnfused)
    inner.outputDtype = DType::F32;
  return inner;
}

void normc::addQuantization(const NormSpec &spec, func::FuncOp func) {
  Quantizer quantizer(spec, func);
  if (spec.inputScale)
    quantizer.readInput();
  if (spec.quantization)
    quantizer.writeOutput();
}
