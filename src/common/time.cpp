#include "common/time.h"

#include <charconv>
#include <cmath>
#include <cstdio>

namespace hearth {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

template <class... Args>
std::string format(const char* pattern, Args... args) {
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, pattern, args...);
  return buffer;
}

// Takes `digits` decimal digits off the front of `text`.
bool take_number(std::string_view& text, std::size_t digits, int& number) {
  if (text.size() < digits) return false;
  const auto parsed = std::from_chars(text.data(), text.data() + digits, number);
  if (parsed.ec != std::errc{} || parsed.ptr != text.data() + digits || text[0] == '-')
    return false;
  text.remove_prefix(digits);
  return true;
}

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

struct Fields {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, millisecond = 0;
  int offset_minutes = 0;
};

bool take_fraction(std::string_view& text, int& millisecond) {
  int scale = 100;
  std::size_t digits = 0;
  for (; !text.empty() && text[0] >= '0' && text[0] <= '9'; text.remove_prefix(1), ++digits) {
    millisecond += (text[0] - '0') * scale;
    scale /= 10;
  }
  return digits > 0;
}

bool take_offset(std::string_view& text, int& offset_minutes) {
  if (take(text, 'Z') || take(text, 'z')) return text.empty();
  const int sign = text.starts_with('-') ? -1 : 1;
  int hour = 0, minute = 0;
  if (!(take(text, '+') || take(text, '-')) || !take_number(text, 2, hour)) return false;
  take(text, ':');
  if (!take_number(text, 2, minute) || hour > 23 || minute > 59) return false;
  offset_minutes = sign * (hour * 60 + minute);
  return text.empty();
}

bool parse_fields(std::string_view text, Fields& f) {
  if (!take_number(text, 4, f.year) || !take(text, '-') || !take_number(text, 2, f.month) ||
      !take(text, '-') || !take_number(text, 2, f.day)) {
    return false;
  }
  if (!(take(text, 'T') || take(text, ' ')) || !take_number(text, 2, f.hour) || !take(text, ':') ||
      !take_number(text, 2, f.minute)) {
    return false;
  }
  if (take(text, ':') && !take_number(text, 2, f.second)) return false;
  if (take(text, '.') && !take_fraction(text, f.millisecond)) return false;
  return take_offset(text, f.offset_minutes) && f.hour < 24 && f.minute < 60 && f.second < 60;
}

}  // namespace

std::string to_string(UtcTime time) {
  const auto day = std::chrono::floor<days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{time - day};
  auto text =
      format("%04d-%02u-%02uT%02d:%02d:%02d", static_cast<int>(date.year()),
             static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
             static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
             static_cast<int>(clock.seconds().count()));
  if (const auto ms = clock.subseconds().count(); ms != 0) {
    text += format(".%03d", static_cast<int>(ms));
  }
  return text + "Z";
}

Result<UtcTime> parse_utc_time(std::string_view text) {
  Fields f;
  const bool parsed = parse_fields(text, f);
  const std::chrono::year_month_day date{std::chrono::year{f.year},
                                         std::chrono::month{static_cast<unsigned>(f.month)},
                                         std::chrono::day{static_cast<unsigned>(f.day)}};
  if (!parsed || !date.ok()) {
    return fail(ErrorCode::kInvalidArgument,
                "not a time (like 2026-01-03T06:00:00Z): " + std::string(text));
  }
  return UtcTime{std::chrono::sys_days{date} + hours{f.hour} +
                 minutes{f.minute - f.offset_minutes} + seconds{f.second} +
                 Duration{f.millisecond}};
}

Result<Duration> parse_duration(std::string_view text) {
  double number = 0;
  const auto* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  const std::string_view unit(parsed.ptr, static_cast<std::size_t>(end - parsed.ptr));
  const double factor = unit.empty() || unit == "s"    ? 1
                        : unit == "ms"                 ? 1e-3
                        : unit == "m" || unit == "min" ? 60
                        : unit == "h"                  ? 3600
                        : unit == "d"                  ? 86400
                                                       : 0;
  const double seconds = number * factor;
  if (parsed.ec != std::errc{} || factor == 0 || !(std::abs(seconds) < 1e12)) {
    return fail(ErrorCode::kInvalidArgument,
                "not a duration (like 90, 1.5s, 5m, 2h, 1d): " + std::string(text));
  }
  return from_seconds(seconds);
}

Result<UtcTime> parse_time_ahead(std::string_view text, UtcTime now) {
  if (text.starts_with('+')) {
    if (const auto after = parse_duration(text.substr(1))) return now + *after;
  } else if (const auto at = parse_utc_time(text)) {
    return *at;
  }
  return fail(ErrorCode::kInvalidArgument,
              "neither a time (2026-01-03T06:00:00Z) nor +DURATION (+2h): " + std::string(text));
}

std::string to_string(Duration duration) {
  if (duration < Duration::zero()) return "-" + to_string(-duration);
  const auto s = std::chrono::duration_cast<seconds>(duration).count();
  if (duration < seconds{1}) return format("%lldms", static_cast<long long>(duration.count()));
  if (s < 60) return format("%.1fs", std::floor(to_seconds(duration) * 10) / 10);
  if (s < 3600)
    return format("%lldm%02llds", static_cast<long long>(s / 60), static_cast<long long>(s % 60));
  if (s < 86400) {
    return format("%lldh%02lldm", static_cast<long long>(s / 3600),
                  static_cast<long long>(s / 60 % 60));
  }
  return format("%lldd%02lldh", static_cast<long long>(s / 86400),
                static_cast<long long>(s / 3600 % 24));
}

}  // namespace hearth
