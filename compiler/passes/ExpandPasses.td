//===- ExpandPasses.td - the passes that expand math and casts ------------===//
//
// Included by Passes.td.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_COMPILER_PASSES_EXPANDPASSES_TD
#define NORMC_COMPILER_PASSES_EXPANDPASSES_TD

include "mlir/Pass/PassBase.td"

def ExpandCasts : Pass<"norm-expand-casts"> {
  let summary = "Expand casts to and from narrow floats into integer code";
  let description = [{
    Replaces `arith.extf` and `arith.truncf` between bf16, f16, f8E4M3FN or
    f8E5M2 and a wider float, on scalars and fixed vectors, by integer code of
    the same shape. Without it LLVM calls `__truncsfbf2` once per element on x86
    without AVX512-BF16, and with it the instruction flushes subnormals; a 16-bit
    result that is computed as integers also keeps the `nontemporal` of its
    store. Floats of 8 bits no target of ours knows at all.

    Before:

    ```mlir
    %wide = arith.extf %x : vector<8xbf16> to vector<8xf32>
    ```

    After:

    ```mlir
    %c16 = arith.constant dense<16> : vector<8xi32>
    %bits = arith.bitcast %x : vector<8xbf16> to vector<8xi16>
    %ext = arith.extui %bits : vector<8xi16> to vector<8xi32>
    %high = arith.shli %ext, %c16 : vector<8xi32>
    %wide = arith.bitcast %high : vector<8xi32> to vector<8xf32>
    ```

    An f32 that is rounded to even and then becomes an i8 takes one addition for
    both, of 1.5 2^23, whose last place is 1.

    A bitcast that undoes another disappears, so bits that come as i16 stay
    integers; a truncation to bf16 that is extended again becomes a rounding in
    place, without a narrow vector. A value that was extended, and at most changed
    its sign since, is not rounded to where it came from and extended again.

    Every value is the nearest one, ties to even, in one rounding, subnormals
    and infinities included: f64 goes through f32 rounded to odd, 16 bits become 8
    through f32, which holds them. f8E4M3FN has no infinities: what is beyond its
    largest number after rounding is NaN, as with f8E5M2 it is infinity;
    saturation is up to the IR. A NaN stays a NaN with its sign, and where it goes
    to 16 bits or more the upper payload, and becomes quiet, but for bf16 -> f32,
    which is a plain shift and keeps the signalling bit too.
    Casts between f32 and f64 stay, since targets have them. Other element types
    and scalable vectors are left alone. A `truncf` with another rounding mode
    than `to_nearest_even` is an error.
  }];
  let options = [Option<
      "hardwareF16", "hardware-f16", "bool", /*default=*/"false",
      "Leave casts between f16 and f32, for targets that convert them (F16C, "
      "AVX512, NVPTX); f64 <-> f16 then goes through f32, and f8 -> f32 through "
      "f16">,
    Option<
      "hardwareBF16", "hardware-bf16", "bool", /*default=*/"false",
      "Round 32 lanes of f32 to bf16 by AVX512-BF16, but where any is "
      "subnormal; roundings that follow each other take one test for that">];
  let statistics = [Statistic<"numExpanded", "casts-expanded",
                              "Number of casts expanded">,
                    Statistic<"numSkipped", "roundings-skipped",
                              "Number of roundings that change nothing">];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::math::MathDialect",
                           "::mlir::LLVM::LLVMDialect",
                           "::mlir::scf::SCFDialect",
                           "::mlir::vector::VectorDialect"];
}

def ExpandMath : Pass<"norm-expand-math"> {
  let summary = "Expand math functions into straight-line arithmetic";
  let description = [{
    Replaces math functions on f32, f64 and fixed vectors of them by arithmetic,
    comparisons and selects of the same shape: no branch, no call into libm or
    libdevice. Subnormal arguments and results, infinities, NaN and the sign of
    zero are those of the C library.

    Before:

    ```mlir
    %y = math.rsqrt %x : vector<8xf32>
    ```

    After:

    ```mlir
    %one = arith.constant dense<1.0> : vector<8xf32>
    %root = math.sqrt %x : vector<8xf32>
    %y = arith.divf %one, %root : vector<8xf32>
    ```

    The others become argument reduction, a polynomial and a reconstruction;
    `compiler/passes/math/` has one file per family. Largest errors, in ulp of
    the result (below the smallest normal, in units of the last place there):

    | function         | f32  | f64  | how                                      |
    |------------------|------|------|------------------------------------------|
    | exp, exp2, expm1 | 1.25 | 1.25 | 2^n times a polynomial                   |
    | log, log1p       | 1    | 1    | a polynomial around 1; atanh for f64     |
    | tanh             | 2.75 | 2.75 | E / (E + 2) with E = expm1(2 abs(x))     |
    | erf              | 1.75 | 1.75 | x + x P(x^2) up to about 1, then 1 - erfc |
    | rsqrt            | 1.5  | 1.5  | 1 / sqrt, both correctly rounded         |
    | powf             | 0.51 | 1.25 | e^(y log x), the log in f64 or two f64   |

    They hold with and without `has-fma` and the other options, and are checked
    by `tests/unit/passes/ExpandMathTest.cpp`. With `has-lookup` erf and tanh of
    f32 are polynomials of degree 5 in 16 intervals (1.25 and 1.06 ulp), for
    scalars as for vectors, so that results do not depend on how many lanes are
    computed together; exp of f32 is the 16th powers of 2 from a table and a
    polynomial of degree 3 (1.05 ulp).

    Where the argument has been extended from bf16 and the result is rounded to
    bf16, exp (with `has-scale`), erf and tanh (with `has-lookup`) are shorter
    still, and rounded correctly for each of the 65536 arguments.

    `math.fma` stays where the target has it. Otherwise f32 is computed through
    f64, correctly rounded; f64 by exact products and sums of halves, correctly
    rounded unless a partial result leaves the range: with |x|, |y| or |x y|
    above 2^1023 the product is rounded before the sum, with x y below 2^-968
    and not zero it is off by at most 2^-1072. Without fma the polynomials are
    multiplications and additions, not emulated fma.

    Without `has-maximum`, as on x86, `arith.maximumf` and `arith.minimumf` of x
    and a number become a comparison and a select, which keep x where it is NaN.
    LLVM 22 takes three instructions for a zero.

    `math.copysign` of f32 and f64 becomes integer code, since LLVM 22 may call a
    function where a sign has come from f64 and the result goes to f16.

    `math.sqrt`, `absf`, `ceil`, `floor`, `round`, `roundeven`,
    `trunc`, `isfinite` and `isnan` stay: they are short inline code on every
    target. Any other math operation on floats is an error.
  }];
  let options = [Option<"hasFma", "has-fma", "bool", /*default=*/"true",
                        "The target fuses multiplication and addition">,
                 Option<"hasScale", "has-scale", "bool", /*default=*/"false",
                        "The target multiplies 16 lanes of f32 by powers of "
                        "two (VSCALEFPS), which takes one instruction of exp "
                        "in place of eight; results are the same">,
                 Option<"hasLookup", "has-lookup", "bool", /*default=*/"false",
                        "The target picks lanes of 16 f32 by index (VPERMPS) "
                        "and has fma: erf, exp and tanh of f32 are one "
                        "polynomial and numbers from tables">,
                 Option<"hasMaximum", "has-maximum", "bool", /*default=*/"true",
                        "One instruction of the target is the maximum, or "
                        "minimum, that keeps NaN: one with a number stays, and "
                        "is no comparison">];
  let statistics = [Statistic<"numExpanded", "functions-expanded",
                              "Number of math operations expanded">,
                    Statistic<"numRounded", "functions-of-bf16",
                              "Number of those that go from bf16 to bf16">];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::LLVM::LLVMDialect",
                           "::mlir::math::MathDialect",
                           "::mlir::vector::VectorDialect"];
}

#endif // NORMC_COMPILER_PASSES_EXPANDPASSES_TD
