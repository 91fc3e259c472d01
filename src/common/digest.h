// SHA-256 names for artifacts, as 64 lower-case hex digits.
//
// Only this pair of files includes OpenSSL's digest functions. Not thread-safe per object.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace hearth {

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void update(std::string_view bytes);

  // The digest of everything given so far; the object is spent afterwards.
  std::string finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string sha256(std::string_view bytes);

// Whether `text` is 64 lower-case hex digits.
bool is_valid_digest(std::string_view text);

}  // namespace hearth
