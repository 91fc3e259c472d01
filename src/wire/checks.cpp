#include "wire/checks.h"

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include <cmath>
#include <limits>

namespace hearth::wire {
namespace {

// The ranges that google/protobuf/{duration,timestamp}.proto state.
constexpr std::int64_t kDurationSecondsMax = 315'576'000'000;
constexpr std::int64_t kTimestampSecondsMin = -62'135'596'800;
constexpr std::int64_t kTimestampSecondsMax = 253'402'300'799;
constexpr std::int32_t kNanosMax = 999'999'999;
constexpr std::int32_t kNanosPerMilli = 1'000'000;

// The length of the UTF-8 character that `text` begins with; 0: it begins with none.
std::size_t character_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  const bool overlong = (first == 0xE0 && byte(1) < 0xA0) || (first == 0xF0 && byte(1) < 0x90);
  const bool surrogate = first == 0xED && byte(1) >= 0xA0;
  const bool beyond = first == 0xF4 && byte(1) >= 0x90;
  return overlong || surrogate || beyond ? 0 : length;
}

}  // namespace

void Checks::require(bool holds, std::string_view field, const std::string& problem) {
  if (!holds) problems_.push_back(prefix_ + std::string(field) + ": " + problem);
}

double Checks::finite(std::string_view field, double value) {
  const bool holds = std::isfinite(value);
  require(holds, field, "not a finite number: " + std::to_string(value));
  return holds ? value : 0;
}

double Checks::not_negative(std::string_view field, double value) {
  value = finite(field, value);
  require(value >= 0, field, "negative: " + std::to_string(value));
  return value;
}

double Checks::positive(std::string_view field, double value) {
  value = finite(field, value);
  require(value > 0, field, "not above 0: " + std::to_string(value));
  return value;
}

int Checks::integer(std::string_view field, std::uint64_t value) {
  const bool holds = value <= static_cast<std::uint64_t>(std::numeric_limits<int>::max());
  require(holds, field, "too large: " + std::to_string(value));
  return holds ? static_cast<int>(value) : 1;
}

int Checks::integer_to(std::string_view field, std::uint64_t value, int max) {
  const bool holds = value <= static_cast<std::uint64_t>(max);
  require(holds, field, "not in 0.." + std::to_string(max) + ": " + std::to_string(value));
  return holds ? static_cast<int>(value) : 0;
}

std::string Checks::name(std::string_view field, const std::string& value) {
  require(is_valid_name(value), field, "not 1-64 of [A-Za-z0-9._-]: " + value);
  return value;
}

Duration Checks::duration(std::string_view field, const google::protobuf::Duration& value) {
  const auto seconds = value.seconds();
  const auto nanos = value.nanos();
  const bool holds =
      seconds >= 0 && seconds <= kDurationSecondsMax && nanos >= 0 && nanos <= kNanosMax;
  require(holds, field,
          "not a duration of 0 to 10,000 years: " + std::to_string(seconds) + " s, " +
              std::to_string(nanos) + " ns");
  if (!holds) return {};
  return std::chrono::seconds{seconds} + Duration{(nanos + kNanosPerMilli - 1) / kNanosPerMilli};
}

UtcTime Checks::time(std::string_view field, const google::protobuf::Timestamp& value) {
  const auto seconds = value.seconds();
  const auto nanos = value.nanos();
  const bool holds = seconds >= kTimestampSecondsMin && seconds <= kTimestampSecondsMax &&
                     nanos >= 0 && nanos <= kNanosMax;
  require(holds, field,
          "not a time of the years 1 to 9999: " + std::to_string(seconds) + " s, " +
              std::to_string(nanos) + " ns");
  if (!holds) return {};
  return UtcTime{std::chrono::seconds{seconds} + Duration{nanos / kNanosPerMilli}};
}

void Checks::add(std::vector<std::string> problems) {
  for (auto& problem : problems) problems_.push_back(prefix_ + problem);
}

Result<> Checks::finish() const {
  if (problems_.empty()) return {};
  std::string all;
  for (const auto& problem : problems_) all += (all.empty() ? "" : "; ") + problem;
  return fail(ErrorCode::kInvalidArgument, all);
}

void to_wire(Duration duration, google::protobuf::Duration* out) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration);
  out->set_seconds(seconds.count());
  out->set_nanos(static_cast<std::int32_t>((duration - seconds).count()) * kNanosPerMilli);
}

void to_wire(UtcTime time, google::protobuf::Timestamp* out) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  out->set_seconds(seconds.time_since_epoch().count());
  out->set_nanos(static_cast<std::int32_t>((time - seconds).count()) * kNanosPerMilli);
}

std::string to_utf8(std::string_view text) {
  std::string clean;
  clean.reserve(text.size());
  while (!text.empty()) {
    const auto length = character_length(text);
    clean += length == 0 ? std::string_view{"?"} : text.substr(0, length);
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return clean;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const auto length = character_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

}  // namespace hearth::wire
