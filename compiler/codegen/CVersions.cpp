//===- CVersions.cpp - the choice of a version in C -----------------------===//

#include "compiler/codegen/CVersions.h"

#include "compiler/codegen/CFeatures.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/TargetParser/Triple.h"

using namespace normc;
using std::to_string;

/// LLVM's name of the architecture: x86_64, aarch64.
static std::string getArchitecture(const CVersion &version) {
  return llvm::Triple(version.facts.triple).getArchName().str();
}

static std::string writeTest(const CVersion &version) {
  return writeCFeatureTest(getArchitecture(version),
                           version.facts.requiredFeatures);
}

/// `text` with two more spaces before each line.
static std::string indent(llvm::StringRef text) {
  std::string result;
  for (llvm::StringRef line : llvm::split(text.rtrim('\n'), '\n'))
    result += ("  " + line + "\n").str();
  return result;
}

std::string normc::writePerVersion(
    llvm::ArrayRef<CVersion> versions, llvm::StringRef otherwise,
    llvm::function_ref<std::string(const CVersion &)> write) {
  if (versions.size() == 1)
    return write(versions[0]);
  std::string text = "  switch (version) {\n";
  for (auto [i, version] : llvm::enumerate(versions))
    text += "  case " + to_string(i) + ":\n" + indent(write(version)) +
            "    break;\n";
  return text + "  default:\n    return " + otherwise.str() + ";\n  }\n";
}

/// The usual case, in which nothing is chosen.
static std::string writeSingle(const std::string &name,
                               const CVersion &version) {
  std::string architecture = getArchitecture(version);
  std::string text = "/* Whether this machine can run it; call nothing else "
                     "where it can't. */\n"
                     "static inline int " +
                     name + "_supported(void) {\n#if ";
  text += getCFeatureGuard(architecture);
  text += architecture == "x86_64" ? "\n  __builtin_cpu_init();" : "";
  return text + "\n  return " + writeTest(version) +
         ";\n#else\n  return 0;\n#endif\n}\n";
}

/// Asks at the first call. Threads that come at once find the same, and store
/// the same.
static std::string writeVersion(const std::string &name,
                                llvm::ArrayRef<CVersion> versions) {
  std::string architecture = getArchitecture(versions[0]);
  std::string text = "/* The number of the version above that this machine "
                     "runs, the best that it can; -1\n * where it can run "
                     "none. It is found out once in each file that includes "
                     "this. */\nstatic inline int " +
                     name + "_version(void) {\n#if ";
  text += getCFeatureGuard(architecture);
  text += "\n  static int known; /* Its number + 2; 0: not asked yet. */\n"
          "  int found = __atomic_load_n(&known, __ATOMIC_RELAXED);\n"
          "  if (found != 0)\n"
          "    return found - 2;\n";
  text += architecture == "x86_64" ? "  __builtin_cpu_init();\n" : "";
  for (auto [i, version] : llvm::enumerate(versions))
    text += (i == 0 ? "  if (" : "  else if (") + writeTest(version) +
            ")\n    found = " + to_string(i + 2) + ";\n";
  return text + "  else\n"
                "    found = 1;\n"
                "  __atomic_store_n(&known, found, __ATOMIC_RELAXED);\n"
                "  return found - 2;\n"
                "#else\n"
                "  return -1;\n"
                "#endif\n"
                "}\n";
}

std::string normc::writeVersionChoice(const std::string &name,
                                      llvm::ArrayRef<CVersion> versions) {
  if (versions.size() == 1)
    return writeSingle(name, versions[0]);
  std::string text = writeVersion(name, versions);
  text += "/* What that version was compiled for; NULL where there is none. "
          "*/\nstatic inline const char *" +
          name + "_version_name(void) {\n  switch (" + name + "_version()) {\n";
  for (auto [i, version] : llvm::enumerate(versions))
    text += "  case " + to_string(i) + ":\n    return \"" + version.targetName +
            "\";\n";
  return text + "  default:\n    return NULL;\n  }\n}\n" +
         "/* Whether this machine can run any of them. */\n"
         "static inline int " +
         name + "_supported(void) { return " + name + "_version() >= 0; }\n";
}
