#include "weather/forecast_file.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

namespace hearth::weather {
namespace {

constexpr std::string_view kHeader = "time,outdoor_temperature_c,irradiance_w_per_m2";

tl::unexpected<Error> problem(const std::string& where, const std::string& what) {
  return fail(ErrorCode::kInvalidArgument, where + ": " + what);
}

// Appends an hour after checking it; `where` names the line or entry.
Result<> append(Series& series, const std::string& where, std::string_view time_text,
                double outdoor_c, double irradiance) {
  const auto time = parse_utc_time(time_text);
  if (!time) return problem(where, "time: " + time.error().message);
  if (!(outdoor_c >= -90 && outdoor_c <= 60)) {
    return problem(where, "outdoor_temperature_c must be within -90 and 60");
  }
  if (!(irradiance >= 0 && irradiance <= 1500)) {
    return problem(where, "irradiance_w_per_m2 must be within 0 and 1500");
  }
  if (series.hours.empty()) {
    series.start = *time;
  } else {
    const UtcTime expected =
        series.start + std::chrono::hours{static_cast<int>(series.hours.size())};
    if (*time != expected) {
      const char* what = *time < expected ? "is out of order or double" : "leaves a gap";
      return problem(where, "time " + std::string(time_text) + " " + what +
                                ": hours follow each other, " + to_string(expected) +
                                " was expected");
    }
  }
  series.hours.push_back({Celsius{outdoor_c}, irradiance});
  return {};
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) {
    text.remove_suffix(1);
  }
  return text;
}

Result<double> number(const std::string& where, const char* name, std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) {
    return problem(where, std::string(name) + " is no finite number: \"" +
                              std::string(text.substr(0, 40)) + "\"");
  }
  return value;
}

Result<Series> parse_csv(std::string_view text) {
  Series series;
  bool has_header = false;
  for (std::size_t line = 1; !text.empty(); ++line) {
    const auto end = text.find('\n');
    const auto row = trimmed(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (row.empty()) continue;
    const auto where = "line " + std::to_string(line);
    if (!has_header) {
      if (row != kHeader) return problem(where, "the header must be " + std::string(kHeader));
      has_header = true;
      continue;
    }
    const auto first = row.find(',');
    const auto second = first == std::string_view::npos ? first : row.find(',', first + 1);
    if (second == std::string_view::npos || row.find(',', second + 1) != std::string_view::npos) {
      return problem(where, "three fields are wanted");
    }
    HEARTH_TRY(outdoor, number(where, "outdoor_temperature_c",
                               trimmed(row.substr(first + 1, second - first - 1))));
    HEARTH_TRY(irradiance, number(where, "irradiance_w_per_m2", trimmed(row.substr(second + 1))));
    if (auto done = append(series, where, trimmed(row.substr(0, first)), outdoor, irradiance);
        !done) {
      return tl::unexpected(done.error());
    }
  }
  if (series.hours.empty()) return fail(ErrorCode::kInvalidArgument, "the forecast has no hours");
  return series;
}

Result<> append_entry(Series& series, const std::string& where, const nlohmann::json& entry) {
  if (!entry.is_object()) return problem(where, "must be an object");
  for (const auto& [key, value] : entry.items()) {
    if (key == "time") {
      if (!value.is_string()) return problem(where, "time must be a string");
    } else if (key == "outdoor_temperature_c" || key == "irradiance_w_per_m2") {
      if (!value.is_number()) return problem(where, key + " must be a number");
    } else {
      return problem(where, key + ": unknown key");
    }
  }
  for (const char* key : {"time", "outdoor_temperature_c", "irradiance_w_per_m2"}) {
    if (!entry.contains(key)) return problem(where, std::string(key) + " is missing");
  }
  return append(series, where, entry["time"].get_ref<const std::string&>(),
                entry["outdoor_temperature_c"].get<double>(),
                entry["irradiance_w_per_m2"].get<double>());
}

Result<Series> parse_json(std::string_view text) {
  nlohmann::json document;
  try {
    document = nlohmann::json::parse(text);
  } catch (const nlohmann::json::parse_error& error) {
    const auto upto = text.substr(0, std::min(error.byte, text.size()));
    const auto line = 1 + std::count(upto.begin(), upto.end(), '\n');
    return problem("line " + std::to_string(line), "no valid JSON");
  } catch (const nlohmann::json::exception&) {  // a number that no double holds
    return fail(ErrorCode::kInvalidArgument, "no valid JSON: a number is out of range");
  }
  if (!document.is_object() || !document.contains("hours") || !document["hours"].is_array()) {
    return fail(ErrorCode::kInvalidArgument, "an object with an array \"hours\" is wanted");
  }
  Series series;
  std::size_t index = 0;
  for (const auto& entry : document["hours"]) {
    const auto where = "hours[" + std::to_string(index++) + "]";
    if (auto done = append_entry(series, where, entry); !done) {
      return tl::unexpected(done.error());
    }
  }
  if (series.hours.empty()) return fail(ErrorCode::kInvalidArgument, "the forecast has no hours");
  return series;
}

}  // namespace

Result<Series> parse_forecast(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);  // a byte order mark
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) {
    return fail(ErrorCode::kInvalidArgument, "the forecast is empty");
  }
  return text[first] == '{' || text[first] == '[' ? parse_json(text) : parse_csv(text);
}

}  // namespace hearth::weather
