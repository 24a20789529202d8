//===- CFeatures.cpp - features of a processor, asked for in C ------------===//

#include "compiler/codegen/CFeatures.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLExtras.h"

using namespace normc;

namespace {

/// How C asks for a feature of a processor.
struct FeatureTest {
  const char *feature; ///< LLVM's name.
  const char *test;    ///< A C expression.
};

/// Features of x86-64 that code for a kernel can use and that compilers (GCC
/// since 8, Clang since 10) can be asked about; those that they are slow to
/// learn come from CPUID itself.
constexpr FeatureTest kX86Tests[] = {
    {"sse4.1", "__builtin_cpu_supports(\"sse4.1\")"},
    {"sse4.2", "__builtin_cpu_supports(\"sse4.2\")"},
    {"popcnt", "__builtin_cpu_supports(\"popcnt\")"},
    {"avx", "__builtin_cpu_supports(\"avx\")"},
    {"avx2", "__builtin_cpu_supports(\"avx2\")"},
    {"fma", "__builtin_cpu_supports(\"fma\")"},
    {"fma4", "__builtin_cpu_supports(\"fma4\")"},
    {"xop", "__builtin_cpu_supports(\"xop\")"},
    {"bmi", "__builtin_cpu_supports(\"bmi\")"},
    {"bmi2", "__builtin_cpu_supports(\"bmi2\")"},
    {"tbm", "normc_c_cpuid(0x80000001u, 0, 2) >> 21 & 1"},
    {"f16c", "normc_c_cpuid(1, 0, 2) >> 29 & 1"},
    {"movbe", "normc_c_cpuid(1, 0, 2) >> 22 & 1"},
    {"lzcnt", "normc_c_cpuid(0x80000001u, 0, 2) >> 5 & 1"},
    {"gfni", "normc_c_cpuid(7, 0, 2) >> 8 & 1"},
    {"avx512f", "__builtin_cpu_supports(\"avx512f\")"},
    {"avx512bw", "__builtin_cpu_supports(\"avx512bw\")"},
    {"avx512cd", "__builtin_cpu_supports(\"avx512cd\")"},
    {"avx512dq", "__builtin_cpu_supports(\"avx512dq\")"},
    {"avx512vl", "__builtin_cpu_supports(\"avx512vl\")"},
    {"avx512ifma", "__builtin_cpu_supports(\"avx512ifma\")"},
    {"avx512vbmi", "__builtin_cpu_supports(\"avx512vbmi\")"},
    {"avx512vbmi2", "normc_c_cpuid(7, 0, 2) >> 6 & 1"},
    {"avx512vnni", "normc_c_cpuid(7, 0, 2) >> 11 & 1"},
    {"avx512bitalg", "normc_c_cpuid(7, 0, 2) >> 12 & 1"},
    {"avx512vpopcntdq", "normc_c_cpuid(7, 0, 2) >> 14 & 1"},
    {"avx512fp16", "normc_c_cpuid(7, 0, 3) >> 23 & 1"},
    {"avx512bf16", "normc_c_cpuid(7, 1, 0) >> 5 & 1"},
    {"avxneconvert", "normc_c_cpuid(7, 1, 3) >> 5 & 1"},
    {"avx10.1", "(normc_c_cpuid(0x24, 0, 1) & 255) >= 1"},
    {"avx10.2", "(normc_c_cpuid(0x24, 0, 1) & 255) >= 2"},
    // The registers of APX, which the system must save. Behind avx, without
    // which there may be no XCR0 to ask.
    {"egpr", "normc_c_cpuid(7, 1, 3) >> 21 & normc_c_xcr0() >> 19 & 1"},
};

/// Features of AArch64; the bits are Linux's HWCAP and HWCAP2.
constexpr FeatureTest kArmTests[] = {
    {"fp-armv8", "normc_c_hwcap(1, 0)"},
    {"neon", "normc_c_hwcap(1, 1)"},
    {"fullfp16", "normc_c_hwcap(1, 10)"},
    {"rdm", "normc_c_hwcap(1, 12)"},
    {"jsconv", "normc_c_hwcap(1, 13)"},
    {"complxnum", "normc_c_hwcap(1, 14)"},
    {"dotprod", "normc_c_hwcap(1, 20)"},
    {"sve", "normc_c_hwcap(1, 22)"},
    {"fp16fml", "normc_c_hwcap(1, 23)"},
    {"flagm", "normc_c_hwcap(1, 27)"},
    {"cmpbr", "normc_c_hwcap(1, 33)"},
    {"fprcvt", "normc_c_hwcap(1, 34)"},
    {"sve2p2", "normc_c_hwcap(1, 41)"},
    {"sve2", "normc_c_hwcap(2, 1)"},
    {"altnzcv", "normc_c_hwcap(2, 7)"},
    {"fptoint", "normc_c_hwcap(2, 8)"},
    {"f32mm", "normc_c_hwcap(2, 10)"},
    {"f64mm", "normc_c_hwcap(2, 11)"},
    {"i8mm", "normc_c_hwcap(2, 13)"},
    {"bf16", "normc_c_hwcap(2, 14)"},
    {"cssc", "normc_c_hwcap(2, 34)"},
    {"sve2p1", "normc_c_hwcap(2, 36)"},
    {"sve-b16b16", "normc_c_hwcap(2, 45)"},
    {"lut", "normc_c_hwcap(2, 49)"},
    {"faminmax", "normc_c_hwcap(2, 50)"},
    {"sve256", "normc_c_sve_bits() == 256"},
    {"sve512", "normc_c_sve_bits() == 512"},
};

constexpr char kX86Helpers[] =
    R"(#if defined(__GNUC__) && defined(__x86_64__)
#ifndef NORMC_C_CPUID
#define NORMC_C_CPUID
#include <cpuid.h>
/* Register 0 to 3 (a to d) of a leaf of CPUID; 0 if the leaf doesn't exist. */
static inline unsigned normc_c_cpuid(unsigned leaf, unsigned subleaf,
                                     int number) {
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (!__get_cpuid_count(leaf, subleaf, &a, &b, &c, &d))
    return 0;
  return number == 0 ? a : number == 1 ? b : number == 2 ? c : d;
}
/* The registers that the system saves; needs a machine with AVX. */
static inline unsigned normc_c_xcr0(void) {
  unsigned low = 0, high = 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}
#endif
#endif
)";

constexpr char kArmHelpers[] =
    R"(#if defined(__GNUC__) && defined(__aarch64__) && defined(__linux__)
#ifndef NORMC_C_HWCAP
#define NORMC_C_HWCAP
#include <sys/auxv.h>
#include <sys/prctl.h>
/* A bit of what Linux tells of the processor: of AT_HWCAP or AT_HWCAP2. */
static inline int normc_c_hwcap(int word, int bit) {
  return (int)(getauxval(word == 1 ? 16 : 26) >> bit & 1);
}
/* The length of this thread's SVE vectors; 0 without SVE. */
static inline int normc_c_sve_bits(void) {
  int length = prctl(51 /* PR_SVE_GET_VL */);
  return length < 0 ? 0 : (length & 0xffff) * 8;
}
#endif
#endif
)";

} // namespace

static bool isArm(std::string_view architecture) {
  return architecture == "aarch64";
}

static llvm::ArrayRef<FeatureTest> listTests(std::string_view architecture) {
  if (isArm(architecture))
    return kArmTests;
  return kX86Tests;
}

const char *normc::getCFeatureHelpers(std::string_view architecture) {
  return isArm(architecture) ? kArmHelpers : kX86Helpers;
}

std::string_view normc::getCFeatureGuard(std::string_view architecture) {
  if (isArm(architecture))
    return "defined(__GNUC__) && defined(__aarch64__) && defined(__linux__)";
  return "defined(__GNUC__) && defined(__x86_64__)";
}

std::vector<std::string_view>
normc::listKernelFeatures(std::string_view architecture) {
  std::vector<std::string_view> names;
  for (const FeatureTest &each : listTests(architecture))
    names.emplace_back(each.feature);
  return names;
}

std::string normc::writeCFeatureTest(std::string_view architecture,
                                     const std::vector<std::string> &features) {
  std::string tests;
  for (const FeatureTest &each : listTests(architecture))
    if (llvm::is_contained(features, each.feature))
      tests += (tests.empty() ? "(" : " &&\n         (") +
               std::string(each.test) + ")";
  return tests.empty() ? "1" : tests;
}
