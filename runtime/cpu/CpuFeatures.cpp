//===- CpuFeatures.cpp - what this machine's CPU can do -------------------===//

#include "runtime/cpu/CpuFeatures.h"

#include <array>
#include <cstddef>
#include <cstdint>

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__)
#include "runtime/cpu/ArmFeatures.h"

#include <sys/auxv.h>
#include <sys/prctl.h>
#endif

using namespace normc;

#if defined(__x86_64__)

std::string_view normc::hostArchitecture() { return "x86_64"; }

namespace {

/// Registers in which CPUID answers.
enum class Register : uint8_t { Eax, Ebx, Ecx, Edx };

/// Register state that the system must save for a feature to be of use: bits of
/// the extended control register XCR0.
enum SavedState : uint32_t {
  kNone = 0,
  kAvx = 0x6,     ///< XMM and YMM.
  kAvx512 = 0xe6, ///< and masks, ZMM.
  kAmx = 0x60000, ///< Tiles.
  kApx = 0x80000, ///< 16 more general registers.
};

/// A bit of CPUID's answer.
struct Feature {
  std::string_view name;
  uint32_t leaf;
  uint32_t subleaf;
  Register where;
  uint32_t bit;
  SavedState state = kNone;
  /// AVX10 alone is counted, not flagged: at least this version in leaf 0x24.
  uint32_t avx10Version = 0;
};

constexpr uint32_t kExtended = 0x80000001;
constexpr uint32_t kExtendedSizes = 0x80000008;
using enum Register;

/// Names as in LLVM's getHostCPUFeatures; the bits are from the manuals of
/// Intel (volume 2, CPUID) and AMD (volume 3, appendix E).
constexpr Feature kFeatures[] = {
    {"cx8", 1, 0, Edx, 8},
    {"cmov", 1, 0, Edx, 15},
    {"mmx", 1, 0, Edx, 23},
    {"fxsr", 1, 0, Edx, 24},
    {"sse", 1, 0, Edx, 25},
    {"sse2", 1, 0, Edx, 26},
    {"sse3", 1, 0, Ecx, 0},
    {"pclmul", 1, 0, Ecx, 1},
    {"ssse3", 1, 0, Ecx, 9},
    {"fma", 1, 0, Ecx, 12, kAvx},
    {"cx16", 1, 0, Ecx, 13},
    {"sse4.1", 1, 0, Ecx, 19},
    {"sse4.2", 1, 0, Ecx, 20},
    {"crc32", 1, 0, Ecx, 20},
    {"movbe", 1, 0, Ecx, 22},
    {"popcnt", 1, 0, Ecx, 23},
    {"aes", 1, 0, Ecx, 25},
    {"xsave", 1, 0, Ecx, 26, kAvx},
    {"avx", 1, 0, Ecx, 28, kAvx},
    {"f16c", 1, 0, Ecx, 29, kAvx},
    {"rdrnd", 1, 0, Ecx, 30},

    {"sahf", kExtended, 0, Ecx, 0},
    {"lzcnt", kExtended, 0, Ecx, 5},
    {"sse4a", kExtended, 0, Ecx, 6},
    {"prfchw", kExtended, 0, Ecx, 8},
    {"xop", kExtended, 0, Ecx, 11, kAvx},
    {"lwp", kExtended, 0, Ecx, 15},
    {"fma4", kExtended, 0, Ecx, 16, kAvx},
    {"tbm", kExtended, 0, Ecx, 21},
    {"mwaitx", kExtended, 0, Ecx, 29},
    {"64bit", kExtended, 0, Edx, 29},
    {"clzero", kExtendedSizes, 0, Ebx, 0},
    {"rdpru", kExtendedSizes, 0, Ebx, 4},
    {"wbnoinvd", kExtendedSizes, 0, Ebx, 9},

    {"fsgsbase", 7, 0, Ebx, 0},
    {"sgx", 7, 0, Ebx, 2},
    {"bmi", 7, 0, Ebx, 3},
    {"avx2", 7, 0, Ebx, 5, kAvx},
    {"bmi2", 7, 0, Ebx, 8},
    {"invpcid", 7, 0, Ebx, 10},
    {"rtm", 7, 0, Ebx, 11},
    {"avx512f", 7, 0, Ebx, 16, kAvx512},
    {"avx512dq", 7, 0, Ebx, 17, kAvx512},
    {"rdseed", 7, 0, Ebx, 18},
    {"adx", 7, 0, Ebx, 19},
    {"avx512ifma", 7, 0, Ebx, 21, kAvx512},
    {"clflushopt", 7, 0, Ebx, 23},
    {"clwb", 7, 0, Ebx, 24},
    {"avx512cd", 7, 0, Ebx, 28, kAvx512},
    {"sha", 7, 0, Ebx, 29},
    {"avx512bw", 7, 0, Ebx, 30, kAvx512},
    {"avx512vl", 7, 0, Ebx, 31, kAvx512},
    {"avx512vbmi", 7, 0, Ecx, 1, kAvx512},
    {"pku", 7, 0, Ecx, 4},
    {"waitpkg", 7, 0, Ecx, 5},
    {"avx512vbmi2", 7, 0, Ecx, 6, kAvx512},
    {"shstk", 7, 0, Ecx, 7},
    {"gfni", 7, 0, Ecx, 8},
    {"vaes", 7, 0, Ecx, 9, kAvx},
    {"vpclmulqdq", 7, 0, Ecx, 10, kAvx},
    {"avx512vnni", 7, 0, Ecx, 11, kAvx512},
    {"avx512bitalg", 7, 0, Ecx, 12, kAvx512},
    {"avx512vpopcntdq", 7, 0, Ecx, 14, kAvx512},
    {"rdpid", 7, 0, Ecx, 22},
    {"kl", 7, 0, Ecx, 23},
    {"cldemote", 7, 0, Ecx, 25},
    {"movdiri", 7, 0, Ecx, 27},
    {"movdir64b", 7, 0, Ecx, 28},
    {"enqcmd", 7, 0, Ecx, 29},
    {"uintr", 7, 0, Edx, 5},
    {"avx512vp2intersect", 7, 0, Edx, 8, kAvx512},
    {"serialize", 7, 0, Edx, 14},
    {"tsxldtrk", 7, 0, Edx, 16},
    {"pconfig", 7, 0, Edx, 18},
    {"amx-bf16", 7, 0, Edx, 22, kAmx},
    {"avx512fp16", 7, 0, Edx, 23, kAvx512},
    {"amx-tile", 7, 0, Edx, 24, kAmx},
    {"amx-int8", 7, 0, Edx, 25, kAmx},

    {"sha512", 7, 1, Eax, 0},
    {"sm3", 7, 1, Eax, 1},
    {"sm4", 7, 1, Eax, 2},
    {"raoint", 7, 1, Eax, 3},
    {"avxvnni", 7, 1, Eax, 4, kAvx},
    {"avx512bf16", 7, 1, Eax, 5, kAvx512},
    {"cmpccxadd", 7, 1, Eax, 7},
    {"amx-fp16", 7, 1, Eax, 21, kAmx},
    {"hreset", 7, 1, Eax, 22},
    {"avxifma", 7, 1, Eax, 23, kAvx},
    {"movrs", 7, 1, Eax, 31},
    {"avxvnniint8", 7, 1, Edx, 4, kAvx},
    {"avxneconvert", 7, 1, Edx, 5, kAvx},
    {"amx-complex", 7, 1, Edx, 8, kAmx},
    {"avxvnniint16", 7, 1, Edx, 10, kAvx},
    {"prefetchi", 7, 1, Edx, 14},
    {"usermsr", 7, 1, Edx, 15},
    {"avx10.1", 7, 1, Edx, 19, kAvx512, 1},
    {"avx10.2", 7, 1, Edx, 19, kAvx512, 2},
    {"egpr", 7, 1, Edx, 21, kApx},
    {"push2pop2", 7, 1, Edx, 21, kApx},
    {"ppx", 7, 1, Edx, 21, kApx},
    {"ndd", 7, 1, Edx, 21, kApx},
    {"ccmp", 7, 1, Edx, 21, kApx},
    {"nf", 7, 1, Edx, 21, kApx},
    {"cf", 7, 1, Edx, 21, kApx},
    {"zu", 7, 1, Edx, 21, kApx},

    {"xsaveopt", 0xd, 1, Eax, 0, kAvx},
    {"xsavec", 0xd, 1, Eax, 1, kAvx},
    {"xsaves", 0xd, 1, Eax, 3, kAvx},
    {"ptwrite", 0x14, 0, Ebx, 4},
    {"widekl", 0x19, 0, Ebx, 2},
    {"amx-fp8", 0x1e, 1, Eax, 4, kAmx},
    {"amx-tf32", 0x1e, 1, Eax, 6, kAmx},
    {"amx-avx512", 0x1e, 1, Eax, 7, kAmx},
    {"amx-movrs", 0x1e, 1, Eax, 8, kAmx},
};
constexpr size_t kFeatureCount = sizeof(kFeatures) / sizeof(kFeatures[0]);

/// eax, ebx, ecx, edx; zeros where the CPU has no such leaf.
using Answer = std::array<uint32_t, 4>;

} // namespace

static Answer ask(uint32_t leaf, uint32_t subleaf) {
  Answer answer{};
  if (!__get_cpuid_count(leaf, subleaf, &answer[0], &answer[1], &answer[2],
                         &answer[3]))
    return {};
  return answer;
}

/// XCR0, or 0 where the system doesn't save extended state.
static uint32_t savedState() {
  constexpr uint32_t kOsxsave = uint32_t(1) << 27;
  if (!(ask(1, 0)[2] & kOsxsave))
    return 0;
  uint32_t low, high;
  // xgetbv; the intrinsic needs a compiler option.
  __asm__ volatile(".byte 0x0f, 0x01, 0xd0" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

/// Asks for all features at once: under a hypervisor each CPUID is a trap.
static std::array<bool, kFeatureCount> askAll() {
  std::array<bool, kFeatureCount> has{};
  uint32_t state = savedState();
  uint32_t avx10Version = ask(0x24, 0)[1] & 0xff;
  uint32_t leaf = 0, subleaf = 0;
  Answer answer{};
  for (size_t i = 0; i < kFeatureCount; ++i) {
    const Feature &feature = kFeatures[i];
    if (feature.leaf != leaf || feature.subleaf != subleaf) {
      leaf = feature.leaf;
      subleaf = feature.subleaf;
      answer = ask(leaf, subleaf);
    }
    bool flagged = answer[size_t(feature.where)] >> feature.bit & 1;
    has[i] = flagged && (state & feature.state) == feature.state &&
             avx10Version >= feature.avx10Version;
  }
  return has;
}

std::optional<bool> normc::hasCpuFeature(std::string_view name) {
  static const std::array<bool, kFeatureCount> has = askAll();
  for (size_t i = 0; i < kFeatureCount; ++i)
    if (kFeatures[i].name == name)
      return has[i];
  return std::nullopt;
}

#elif defined(__aarch64__)

std::string_view normc::hostArchitecture() { return "aarch64"; }

/// The length of this thread's SVE vectors in bits; 0 without SVE.
static int sveBits() {
  int length = prctl(PR_SVE_GET_VL);
  return length < 0 ? 0 : (length & PR_SVE_VL_LEN_MASK) * 8;
}

std::optional<bool> normc::hasCpuFeature(std::string_view name) {
  if (name == "sve256" || name == "sve512")
    return sveBits() == (name == "sve256" ? 256 : 512);
  for (const ArmFeature &feature : kArmFeatures)
    if (feature.name == name)
      return getauxval(feature.word == 1 ? AT_HWCAP : AT_HWCAP2) >>
                 feature.bit &
             1;
  return std::nullopt;
}

#endif
