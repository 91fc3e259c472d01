// How functions report failures that a correct program must expect.
//
// Result<T> is a value or an Error. A broken invariant is not an Error: it is a
// CHECK and ends the process (see check.h).
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace hearth {

// What the caller can do about it; the same distinctions as gRPC's codes.
enum class ErrorCode {
  kInvalidArgument,  // the request can never succeed as sent
  kNotFound,
  kAlreadyExists,       // something else goes by this name or request id
  kFailedPrecondition,  // may succeed once the state has changed
  kOutOfRange,          // a cursor or index outside what is kept
  kResourceExhausted,   // over a limit or quota
  kUnavailable,         // transient: retry later
  kAborted,             // somebody else took over
  kInternal,
};

struct Error {
  ErrorCode code;
  std::string message;  // no final full stop; says what and which, not "error"

  friend bool operator==(const Error&, const Error&) = default;
};

template <class T = void>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> fail(ErrorCode code, std::string message) {
  return tl::unexpected(Error{code, std::move(message)});
}

}  // namespace hearth

// Evaluates `expr`; on failure returns its error from the enclosing function.
#define HEARTH_TRY(var, expr)                                        \
  auto var##_or = (expr);                                            \
  if (!var##_or) return tl::unexpected(std::move(var##_or.error())); \
  auto& var = *var##_or
