//===- NormDialect.td - the norm dialect and its types ------*- tablegen -*-===//

#ifndef NORM_DIALECT_TD
#define NORM_DIALECT_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/OpBase.td"

def Norm_Dialect : Dialect {
  let name = "norm";
  let cppNamespace = "::normc::norm";
  let summary = "Normalizations: declared, as kernels, and as phases";
  let description = [{
    Three levels, each lowered to the next by one pass, and nothing else:

    1. `norm.normalize` declares a normalization on tensors.
    2. `norm.kernel` says what every element is: a scalar program over named
       dims in which a reduction is a *collective* (`norm.reduce`,
       `norm.moments`) that gives every point of a group the group's result.
    3. `norm.program` says how a machine goes about it: stages (launches), the
       instances of a stage (points of its parallel dims), and phases (one loop
       nest with a straight-line body) whose contributions become results.
  }];
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
  let hasRegionArgAttrVerify = 1;
  let hasRegionResultAttrVerify = 1;
}

class Norm_Op<string mnemonic, list<Trait> traits = []>
    : Op<Norm_Dialect, mnemonic, traits>;

def Norm_ViewType : TypeDef<Norm_Dialect, "View"> {
  let mnemonic = "view";
  let summary = "a strided buffer: shape, element type, strides in elements";
  let description = [{
    `!norm.view<?x4096xbf16>` is row-major without gaps;
    `!norm.view<?x4096xbf16, strides [?, 1]>` gives the stride of every axis in
    elements, `?` where it is known only at the call.
  }];
  let parameters = (ins ArrayRefParameter<"int64_t">:$shape,
                        "::mlir::Type":$elementType,
                        OptionalArrayRefParameter<"int64_t">:$strides);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    int64_t getRank() const { return getShape().size(); }
    /// True when the view has no explicit strides: row-major without gaps.
    bool isContiguous() const { return getStrides().empty(); }
  }];
}

#endif // NORM_DIALECT_TD
