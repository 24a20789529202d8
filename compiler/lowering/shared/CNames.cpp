//===- CNames.cpp - names that a C program can say ------------------------===//

#include "compiler/lowering/shared/CNames.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Analysis/TargetLibraryInfo.h"

using namespace normc;
using llvm::StringRef;

/// Keywords of C23 and C++20 that are no identifiers, and macros that compilers
/// and common headers define in lower case or as a word.
static constexpr StringRef kWords =
    "alignas alignof and and_eq asm assert auto bitand bitor bool break "
    "case catch char char16_t char32_t char8_t class co_await co_return "
    "co_yield compl complex concept const const_cast consteval constexpr "
    "constinit continue decltype default delete do double dynamic_cast else "
    "enum errno explicit export extern false float for friend goto i386 if "
    "imaginary inline int int16_t int32_t int64_t int8_t linux long main "
    "mutable namespace new noexcept noreturn not not_eq nullptr offsetof "
    "operator or or_eq private protected ptrdiff_t public register "
    "reinterpret_cast requires restrict return short signed size_t sizeof "
    "static static_assert static_cast stderr stdin stdout struct switch "
    "template this thread_local throw true try typedef typeid typename "
    "typeof typeof_unqual uint16_t uint32_t uint64_t uint8_t uintptr_t "
    "union unix unsigned using va_arg virtual void volatile wchar_t while "
    "xor xor_eq EOF I INFINITY NAN NULL ";

static bool isTaken(StringRef name) {
  static const llvm::StringSet<> words = [] {
    llvm::SmallVector<StringRef> list;
    kWords.split(list, ' ', /*MaxSplit=*/-1, /*KeepEmpty=*/false);
    llvm::StringSet<> set;
    set.insert(list.begin(), list.end());
    return set;
  }();
  return words.contains(name);
}

/// Functions of the C library, which compilers know by name.
static bool isLibraryFunction(StringRef name) {
  static const llvm::TargetLibraryInfoImpl library{
      llvm::Triple("x86_64-unknown-linux-gnu")};
  // Those that GCC knows and LLVM's list lacks.
  static const llvm::StringSet<> more = {
      "gamma", "j0",     "j1",    "jn",      "y0",         "y1",
      "yn",    "lgamma", "index", "signbit", "significand"};
  llvm::LibFunc function;
  return library.getLibFunc(name, function) || more.contains(name);
}

std::string normc::toCIdentifier(StringRef name) {
  std::string identifier;
  for (char c : name) {
    if (llvm::isAlnum(c) || c == '_')
      identifier += c;
    else if (static_cast<unsigned char>(c) < 0x80)
      identifier += '_';
    else
      identifier += llvm::utohexstr(static_cast<unsigned char>(c),
                                    /*LowerCase=*/true, /*Width=*/2);
  }
  // What begins with an underscore belongs to the C implementation.
  if (identifier.empty() || llvm::isDigit(identifier[0]) ||
      identifier[0] == '_')
    identifier = "norm_" + identifier;
  return isTaken(identifier) ? identifier + "_" : identifier;
}

std::string normc::toCFunctionName(StringRef name) {
  std::string identifier = toCIdentifier(name);
  return isLibraryFunction(identifier) ? identifier + "_" : identifier;
}

std::string CScope::declare(StringRef name) {
  std::string base = toCIdentifier(name), identifier = base;
  for (int number = 2; !taken.insert(identifier).second; ++number)
    identifier = base + "_" + std::to_string(number);
  return identifier;
}
