#include "weather/epw.h"

#include <charconv>
#include <cmath>

namespace hearth::weather {
namespace {

constexpr std::size_t kHours = 8760;
constexpr std::array<int, 12> kDaysOfMonth = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

class Line {
 public:
  Line(std::string_view text, std::size_t number) : number_(number) {
    if (!text.empty() && text.back() == '\r') text.remove_suffix(1);
    while (true) {
      const auto comma = text.find(',');
      fields_.push_back(text.substr(0, comma));
      if (comma == std::string_view::npos) break;
      text.remove_prefix(comma + 1);
    }
  }

  std::string_view field(std::size_t i) const {
    return i < fields_.size() ? fields_[i] : std::string_view{};
  }

  Result<double> number(std::size_t i, const char* name, double lowest, double highest) const {
    auto text = field(i);
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    if (!text.empty() && text.front() == '+') text.remove_prefix(1);
    if (text.empty()) return problem(i, name, "is missing");
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) {
      return problem(i, name, "is no number: \"" + std::string(text.substr(0, 40)) + "\"");
    }
    if (value < lowest || value > highest) {
      return problem(i, name, "is out of range or marked missing: " + std::string(text));
    }
    return value;
  }

 private:
  tl::unexpected<Error> problem(std::size_t i, const char* name, const std::string& what) const {
    return fail(ErrorCode::kInvalidArgument, "line " + std::to_string(number_) + ", field " +
                                                 std::to_string(i + 1) + " (" + name + ") " + what);
  }

  std::size_t number_;
  std::vector<std::string_view> fields_;
};

Result<> read_location(const Line& line, Epw& epw) {
  epw.place = std::string(line.field(1));
  HEARTH_TRY(latitude, line.number(6, "latitude", -90, 90));
  HEARTH_TRY(longitude, line.number(7, "longitude", -180, 180));
  HEARTH_TRY(offset, line.number(8, "time zone", -12, 14));
  HEARTH_TRY(elevation, line.number(9, "elevation", -1000, 9000));
  epw.site = {latitude, longitude};
  epw.utc_offset_h = offset;
  epw.elevation_m = elevation;
  return {};
}

std::size_t hour_of_year(int month, int day, int hour) {
  int days = day - 1;
  for (int m = 1; m < month; ++m) days += kDaysOfMonth[static_cast<std::size_t>(m - 1)];
  return static_cast<std::size_t>(24 * days + hour);
}

Result<Hour> read_hour(const Line& line, std::size_t number, std::size_t expected) {
  HEARTH_TRY(month, line.number(1, "month", 1, 12));
  HEARTH_TRY(day, line.number(2, "day", 1, 31));
  HEARTH_TRY(hour_number, line.number(3, "hour", 1, 24));
  if (hour_of_year(static_cast<int>(month), static_cast<int>(day),
                   static_cast<int>(hour_number) - 1) != expected) {
    return fail(ErrorCode::kInvalidArgument,
                "line " + std::to_string(number) + ": month " + std::to_string(int(month)) +
                    ", day " + std::to_string(int(day)) + ", hour " +
                    std::to_string(int(hour_number)) +
                    " does not follow the hour before; a year of 365 days is wanted");
  }
  Hour hour;
  HEARTH_TRY(outdoor, line.number(6, "dry bulb temperature", -90, 70));
  HEARTH_TRY(global, line.number(13, "global horizontal radiation", 0, 1600));
  HEARTH_TRY(direct, line.number(14, "direct normal radiation", 0, 1600));
  HEARTH_TRY(diffuse, line.number(15, "diffuse horizontal radiation", 0, 1600));
  HEARTH_TRY(wind, line.number(21, "wind speed", 0, 100));
  HEARTH_TRY(infrared, line.number(12, "horizontal infrared radiation", 0, 9999));
  hour.outdoor = Celsius{outdoor};
  hour.irradiance = {global, direct, diffuse};
  hour.wind_m_per_s = wind;
  hour.sky_infrared_w_per_m2 = infrared < 9999 ? infrared : 0;
  return hour;
}

Hour mixed(const Hour& a, const Hour& b, double share) {
  if (share == 0) return a;
  const auto mix = [share](double x, double y) { return x + share * (y - x); };
  return {Celsius{mix(a.outdoor.value, b.outdoor.value)},
          {mix(a.irradiance.global, b.irradiance.global),
           mix(a.irradiance.direct_normal, b.irradiance.direct_normal),
           mix(a.irradiance.diffuse, b.irradiance.diffuse)},
          mix(a.wind_m_per_s, b.wind_m_per_s),
          mix(a.sky_infrared_w_per_m2, b.sky_infrared_w_per_m2)};
}

}  // namespace

Result<Epw> parse_epw(std::string_view text) {
  Epw epw;
  epw.hours.reserve(kHours);
  bool has_location = false;
  bool in_data = false;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto end = text.find('\n');
    const auto content = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (content.find_first_not_of(" \r\t") == std::string_view::npos) continue;
    const Line line(content, number);
    if (in_data) {
      if (epw.hours.size() == kHours) {
        return fail(ErrorCode::kInvalidArgument,
                    "line " + std::to_string(number) + ": more than 8760 hours");
      }
      HEARTH_TRY(hour, read_hour(line, number, epw.hours.size()));
      epw.hours.push_back(hour);
    } else if (line.field(0) == "LOCATION") {
      if (auto read = read_location(line, epw); !read) return tl::unexpected(read.error());
      has_location = true;
    } else if (line.field(0) == "DATA PERIODS") {
      in_data = true;
    } else if (!has_location) {
      return fail(ErrorCode::kInvalidArgument,
                  "line " + std::to_string(number) + ": an EPW file begins with a LOCATION line");
    }
  }
  if (!in_data) return fail(ErrorCode::kInvalidArgument, "no DATA PERIODS line: no EPW file");
  if (epw.hours.size() != kHours) {
    return fail(ErrorCode::kInvalidArgument,
                "8760 hours are wanted, " + std::to_string(epw.hours.size()) + " found");
  }
  return epw;
}

Record record_of(const Epw& epw, UtcTime start, int hours) {
  Record record{start, epw.site, {}};
  record.hours.reserve(static_cast<std::size_t>(hours));
  for (int i = 0; i < hours; ++i) {
    const UtcTime local = start + std::chrono::hours{i} + from_seconds(3600 * epw.utc_offset_h);
    const auto day = std::chrono::floor<std::chrono::days>(local);
    const std::chrono::year_month_day date{day};
    const int month = static_cast<int>(unsigned(date.month()));
    const int day_of_month = std::min(static_cast<int>(unsigned(date.day())),
                                      kDaysOfMonth[static_cast<std::size_t>(month - 1)]);
    const double hour = to_seconds(local - day) / 3600;
    const auto from = hour_of_year(month, day_of_month, static_cast<int>(hour));
    record.hours.push_back(
        mixed(epw.hours[from], epw.hours[(from + 1) % kHours], hour - std::floor(hour)));
  }
  return record;
}

}  // namespace hearth::weather
