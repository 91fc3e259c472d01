// What conversions share: collecting every problem of a message, each naming field and value; times
// and text on the wire.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/ids.h"
#include "common/result.h"
#include "common/time.h"

namespace google::protobuf {
class Duration;
class Timestamp;
}  // namespace google::protobuf

namespace hearth::wire {

class Checks {
 public:
  // Field names are reported with this in front: "telemetry." and the like.
  explicit Checks(std::string prefix = {}) : prefix_(std::move(prefix)) {}

  void require(bool holds, std::string_view field, const std::string& problem);

  // NaN and infinities are problems; then 0 is returned.
  double finite(std::string_view field, double value);
  double not_negative(std::string_view field, double value);
  double positive(std::string_view field, double value);
  int integer(std::string_view field, std::uint64_t value);
  int integer_to(std::string_view field, std::uint64_t value, int max);  // 0..max
  std::string name(std::string_view field, const std::string& value);
  Duration duration(std::string_view field, const google::protobuf::Duration& value);
  UtcTime time(std::string_view field, const google::protobuf::Timestamp& value);

  // Our enums count from 0, the wire's from 1 (0 is UNSPECIFIED) in the same order.
  template <class Enum>
  Enum enumerator(std::string_view field, int wire_value, Enum last) {
    const bool known = wire_value >= 1 && wire_value <= static_cast<int>(last) + 1;
    require(known, field, "unknown value " + std::to_string(wire_value));
    return known ? static_cast<Enum>(wire_value - 1) : Enum{};
  }

  // The value, or its error's text as a problem of this message.
  template <class T>
  T take(std::string_view field, Result<T> result) {
    if (!result) problems_.push_back(prefix_ + std::string(field) + result.error().message);
    return result ? std::move(*result) : T{};
  }
  template <class T>
  T take(Result<T> result) {
    return take("", std::move(result));
  }

  void add(std::vector<std::string> problems);

  // All problems as one kInvalidArgument, or the value.
  Result<> finish() const;
  template <class T>
  Result<T> finish(T value) const {
    if (const auto sound = finish(); !sound) return tl::unexpected(sound.error());
    return value;
  }

 private:
  std::string prefix_;
  std::vector<std::string> problems_;
};

// Fractions of a millisecond are rounded up, so that no limit becomes 0, which means none.
void to_wire(Duration duration, google::protobuf::Duration* out);
void to_wire(UtcTime time, google::protobuf::Timestamp* out);

// The text with every byte that is no UTF-8 replaced by '?': protobuf refuses such strings.
std::string to_utf8(std::string_view text);
bool is_utf8(std::string_view text);

}  // namespace hearth::wire
