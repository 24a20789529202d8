//===- Result.h - a value, or whose fault it is and why --------*- C++ -*-===//
//
// The one error channel of normc's public surface: no exceptions cross it and
// nothing behind it prints or aborts.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_RESULT_H
#define NORMC_RESULT_H

#include <string>
#include <utility>
#include <variant>

namespace normc {

/// Whose fault an error is.
enum class ErrorKind {
  InvalidSpec,     ///< The declared norm or IR is wrong; nothing was compiled.
  InvalidArgument, ///< A call's buffers or shapes disagree with the kernel.
  Unsupported,     ///< Legal, but this version of normc has no code for it.
  Environment, ///< This machine lacks something (CPU feature, driver, file).
  Internal,    ///< A defect in normc.
};

/// Returns the kind's name, such as "invalid argument".
inline const char *toString(ErrorKind kind) {
  switch (kind) {
  case ErrorKind::InvalidSpec:
    return "invalid spec";
  case ErrorKind::InvalidArgument:
    return "invalid argument";
  case ErrorKind::Unsupported:
    return "unsupported";
  case ErrorKind::Environment:
    return "environment";
  case ErrorKind::Internal:
    return "internal";
  }
  return "internal";
}

/// What went wrong. `message` is lower-case, without a period, and says what
/// was expected and what was given.
struct Error {
  ErrorKind kind = ErrorKind::Internal;
  std::string message;
};

/// Either a `T` or an `Error`. Test it, then use `*` or `->`.
template <typename T> class [[nodiscard]] Result {
public:
  Result(T value) : state(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state(std::in_place_index<1>, std::move(error)) {}

  explicit operator bool() const { return state.index() == 0; }
  T &operator*() & { return *std::get_if<0>(&state); }
  const T &operator*() const & { return *std::get_if<0>(&state); }
  T &&operator*() && { return std::move(*std::get_if<0>(&state)); }
  T *operator->() { return std::get_if<0>(&state); }
  const T *operator->() const { return std::get_if<0>(&state); }

  /// The error; only when the result holds no value.
  const Error &error() const { return *std::get_if<1>(&state); }

private:
  std::variant<T, Error> state;
};

/// Success, or an `Error`.
template <> class [[nodiscard]] Result<void> {
public:
  Result() = default;
  Result(Error error) : failure(std::move(error)), ok(false) {}

  explicit operator bool() const { return ok; }
  const Error &error() const { return failure; }

private:
  Error failure;
  bool ok = true;
};

using Status = Result<void>;

} // namespace normc

#endif // NORMC_RESULT_H
