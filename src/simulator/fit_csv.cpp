#include "simulator/fit_csv.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "common/time.h"
#include "thermal/room_filter.h"

namespace hearth::simulator {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kStepS = thermal::kModelStepS;

std::string_view trimmed(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '"'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

std::vector<std::string_view> fields_of(std::string_view line, char separator) {
  std::vector<std::string_view> fields;
  for (;;) {
    const auto end = line.find(separator);
    fields.push_back(trimmed(line.substr(0, end)));
    if (end == std::string_view::npos) return fields;
    line.remove_prefix(end + 1);
  }
}

bool same_word(std::string_view text, std::string_view lower) {
  return text.size() == lower.size() &&
         std::equal(text.begin(), text.end(), lower.begin(), [](char a, char b) {
           return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
         });
}

bool missing(std::string_view text) {
  return text.empty() || text == "-" || same_word(text, "nan") || same_word(text, "na") ||
         same_word(text, "n/a") || same_word(text, "null") || same_word(text, "none");
}

std::optional<double> number(std::string_view text) {
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// One line after the other, without its end.
class Lines {
 public:
  explicit Lines(std::string_view text) : rest_(text) {
    if (rest_.starts_with("\xEF\xBB\xBF")) rest_.remove_prefix(3);
  }
  bool next(std::string_view& line) {
    if (rest_.empty()) return false;
    const auto end = rest_.find('\n');
    line = rest_.substr(0, end);
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    ++number_;
    return true;
  }
  int number() const { return number_; }

 private:
  std::string_view rest_;
  int number_ = 0;
};

struct Places {
  std::size_t time = 0;
  std::vector<std::size_t> zone;
  std::vector<std::size_t> power;
  std::size_t outdoor = 0;
  std::optional<std::size_t> irradiance;
};

class Parser {
 public:
  Parser(std::string_view text, const FitColumns& columns, const std::string& name)
      : lines_(text), columns_(columns), name_(name) {}

  Result<RecordedRoom> parse();

 private:
  tl::unexpected<Error> wrong(const std::string& what) const {
    return fail(ErrorCode::kInvalidArgument, name_ + ": " + what);
  }
  tl::unexpected<Error> wrong_line(const std::string& what) const {
    return wrong("line " + std::to_string(lines_.number()) + ": " + what);
  }
  Result<> read_header();
  Result<> read_line(std::string_view line);
  Result<double> time_of(std::string_view text) const;
  Result<double> value_at(const std::vector<std::string_view>& fields, std::size_t place) const;
  Result<std::size_t> place_of(const std::string& column) const;
  void combine_zones();

  Lines lines_;
  const FitColumns& columns_;
  const std::string& name_;
  char separator_ = ',';
  std::vector<std::string> header_;
  Places places_;
  RecordedRoom room_;
  std::optional<double> first_time_s_;
  std::vector<std::vector<double>> zones_;  // per column
};

Result<std::size_t> Parser::place_of(const std::string& column) const {
  const auto found = std::find(header_.begin(), header_.end(), column);
  if (found == header_.end()) {
    std::string known;
    for (const auto& title : header_) known += (known.empty() ? "" : ", ") + title;
    return wrong("no column \"" + column + "\"; there are " + known);
  }
  return static_cast<std::size_t>(found - header_.begin());
}

Result<> Parser::read_header() {
  std::string_view line;
  do {
    if (!lines_.next(line)) return wrong("no header line");
  } while (trimmed(line).empty());
  std::ptrdiff_t most = 0;
  for (const char candidate : {',', ';', '\t'}) {
    const auto found = std::ranges::count(line, candidate);
    if (found > most) separator_ = candidate;
    most = std::max(most, found);
  }
  for (const auto field : fields_of(line, separator_)) header_.emplace_back(field);
  HEARTH_TRY(time, place_of(columns_.time));
  places_.time = time;
  for (const auto& column : columns_.zone) {
    HEARTH_TRY(place, place_of(column));
    places_.zone.push_back(place);
  }
  for (const auto& column : columns_.power) {
    HEARTH_TRY(place, place_of(column));
    places_.power.push_back(place);
  }
  HEARTH_TRY(outdoor, place_of(columns_.outdoor));
  places_.outdoor = outdoor;
  if (!columns_.irradiance.empty()) {
    HEARTH_TRY(place, place_of(columns_.irradiance));
    places_.irradiance = place;
  }
  zones_.resize(places_.zone.size());
  return {};
}

Result<double> Parser::time_of(std::string_view text) const {
  if (const auto seconds = number(text); seconds && std::isfinite(*seconds)) return *seconds;
  // "2026-01-01 00:10:00" as well: a blank for the T, UTC where no offset is said.
  std::string written(text);
  if (written.size() > 10 && written[10] == ' ') written[10] = 'T';
  for (const char* offset : {"", "Z"}) {
    if (const auto utc = parse_utc_time(written + offset)) {
      return to_seconds(utc->time_since_epoch());
    }
  }
  return wrong_line("column \"" + header_[places_.time] + "\": time \"" + std::string(text) +
                    "\" is neither seconds nor RFC 3339");
}

Result<double> Parser::value_at(const std::vector<std::string_view>& fields,
                                std::size_t place) const {
  const auto text = fields[place];
  if (missing(text)) return kNaN;
  if (const auto value = number(text)) return std::isfinite(*value) ? *value : kNaN;
  if (separator_ != ',') {  // as some countries write: 20,5
    std::string written(text);
    std::ranges::replace(written, ',', '.');
    if (const auto value = number(written)) return *value;
  }
  return wrong_line("column \"" + header_[place] + "\": \"" + std::string(text) +
                    "\" is no number");
}

Result<> Parser::read_line(std::string_view line) {
  const auto fields = fields_of(line, separator_);
  if (fields.size() != header_.size()) {
    return wrong_line(std::to_string(fields.size()) + " fields, the header has " +
                      std::to_string(header_.size()));
  }
  HEARTH_TRY(time, time_of(fields[places_.time]));
  if (!first_time_s_) first_time_s_ = time;
  const double since_s = time - *first_time_s_;
  if (!room_.time_s.empty() && !(since_s > room_.time_s.back())) {
    return wrong_line("column \"" + header_[places_.time] + "\": time \"" +
                      std::string(fields[places_.time]) +
                      (since_s < room_.time_s.back() ? "\" is before the line above"
                                                     : "\" repeats the line above"));
  }
  room_.time_s.push_back(since_s);
  for (std::size_t i = 0; i < zones_.size(); ++i) {
    HEARTH_TRY(zone, value_at(fields, places_.zone[i]));
    zones_[i].push_back(zone);
  }
  double power_w = 0;
  for (const auto place : places_.power) {
    HEARTH_TRY(power, value_at(fields, place));
    power_w += power;
  }
  room_.power_w.push_back(power_w);
  HEARTH_TRY(outdoor, value_at(fields, places_.outdoor));
  room_.outdoor_c.push_back(outdoor);
  if (places_.irradiance) {
    HEARTH_TRY(irradiance, value_at(fields, *places_.irradiance));
    room_.irradiance_w_per_m2.push_back(irradiance);
  }
  return {};
}

void Parser::combine_zones() {
  const auto count = static_cast<double>(zones_.size());
  const auto lines = room_.time_s.size();
  std::vector<double> offset(zones_.size());
  double complete = 0;
  for (std::size_t k = 0; k < lines; ++k) {
    double mean = 0;
    for (const auto& zone : zones_) mean += zone[k] / count;
    if (std::isnan(mean)) continue;
    ++complete;
    for (std::size_t i = 0; i < zones_.size(); ++i) offset[i] += zones_[i][k] - mean;
  }
  room_.zone_c.resize(lines);
  for (std::size_t k = 0; k < lines; ++k) {
    double sum = 0;
    double n = 0;
    for (std::size_t i = 0; i < zones_.size(); ++i) {
      if (std::isnan(zones_[i][k])) continue;
      ++n;
      sum += zones_[i][k] - (complete > 0 ? offset[i] / complete : 0);
    }
    room_.zone_c[k] = n > 0 ? sum / n : kNaN;
  }
  double quantum = 0;
  for (const auto& zone : zones_) quantum = std::max(quantum, thermal::detected_quantum_k(zone));
  // Rooms round independently of each other.
  room_.sensor_std_k = thermal::sensor_std_k(quantum / std::sqrt(count));
}

Result<RecordedRoom> Parser::parse() {
  if (const auto header = read_header(); !header) return tl::unexpected(header.error());
  std::string_view line;
  while (lines_.next(line)) {
    if (trimmed(line).empty()) continue;
    if (const auto read = read_line(line); !read) return tl::unexpected(read.error());
  }
  if (room_.time_s.size() < 2) return wrong("fewer than two lines of values");
  const auto none = [](const std::vector<double>& values) {
    return std::all_of(values.begin(), values.end(), [](double v) { return std::isnan(v); });
  };
  for (std::size_t i = 0; i < zones_.size(); ++i) {
    if (none(zones_[i])) return wrong("column \"" + columns_.zone[i] + "\" holds no value");
  }
  if (none(room_.power_w)) return wrong("the power columns never hold a value together");
  if (none(room_.outdoor_c)) return wrong("column \"" + columns_.outdoor + "\" holds no value");
  combine_zones();
  return std::move(room_);
}

double usual_period_s(const std::vector<double>& time_s) {
  std::vector<double> periods;
  for (std::size_t i = 1; i < time_s.size(); ++i) periods.push_back(time_s[i] - time_s[i - 1]);
  const auto middle = periods.begin() + static_cast<std::ptrdiff_t>(periods.size() / 2);
  std::nth_element(periods.begin(), middle, periods.end());
  return *middle;
}

// Means over each step of a signal whose lines hold until the next one.
std::vector<double> step_means(const std::vector<double>& time_s, const std::vector<double>& values,
                               double holds_s, std::size_t steps) {
  std::vector<double> sum(steps);
  std::vector<double> seconds(steps);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (std::isnan(values[i])) continue;
    const double last = i + 1 < values.size() ? time_s[i + 1] : time_s[i] + holds_s;
    const double end = std::min(last, time_s[i] + holds_s);
    for (double at = time_s[i]; at < end;) {
      const auto k = static_cast<std::size_t>(at / kStepS);
      if (k >= steps) break;
      const double until = std::min(end, static_cast<double>(k + 1) * kStepS);
      sum[k] += values[i] * (until - at);
      seconds[k] += until - at;
      at = until;
    }
  }
  for (std::size_t k = 0; k < steps; ++k) {
    sum[k] = seconds[k] >= 0.5 * kStepS ? sum[k] / seconds[k] : kNaN;
  }
  return sum;
}

std::vector<double> air_at_instants(const RecordedRoom& room, double period_s, std::size_t steps) {
  std::vector<double> air(steps, kNaN);
  const auto& time = room.time_s;
  const bool often = period_s <= kStepS / 2;
  const bool interpolate = !often && period_s <= 1200;
  std::size_t i = 0;
  for (std::size_t k = 0; k < steps; ++k) {
    const double at = static_cast<double>(k) * kStepS;
    while (i < time.size() && time[i] < at - kStepS / 2) ++i;
    double sum = 0;
    double n = 0;
    double nearest_s = kStepS;
    for (auto j = i; j < time.size() && time[j] <= at + kStepS / 2; ++j) {
      if (std::isnan(room.zone_c[j])) continue;
      const double away_s = std::abs(time[j] - at);
      if (often) {
        const double weight = away_s < kStepS / 2 ? 1 : 0.5;  // the ends are shared
        sum += weight * room.zone_c[j];
        n += weight;
      } else if (away_s < nearest_s) {
        nearest_s = away_s;
        sum = room.zone_c[j];
        n = 1;
      }
    }
    if (n > 0 && (often || nearest_s <= 60 || !interpolate)) air[k] = sum / n;
    if (!std::isnan(air[k]) || !interpolate) continue;
    const auto right = std::lower_bound(time.begin(), time.end(), at);
    if (right == time.begin() || right == time.end()) continue;
    const auto r = static_cast<std::size_t>(right - time.begin());
    if (time[r] - time[r - 1] > 2 * period_s) continue;
    const double share = (at - time[r - 1]) / (time[r] - time[r - 1]);
    air[k] = room.zone_c[r - 1] + share * (room.zone_c[r] - room.zone_c[r - 1]);
  }
  return air;
}

}  // namespace

Result<RecordedRoom> parse_recorded_room(std::string_view text, const FitColumns& columns,
                                         const std::string& name) {
  return Parser(text, columns, name).parse();
}

Result<thermal::RoomHistory> on_grid(const RecordedRoom& room) {
  constexpr double kYearsMax = 20;
  const double span_s = room.time_s.back();
  if (span_s > kYearsMax * 366 * 86400) {
    return fail(ErrorCode::kInvalidArgument, "the times span more than 20 years");
  }
  const double period_s = usual_period_s(room.time_s);
  // A last line within a second of a grid instant is at it.
  const auto steps = static_cast<std::size_t>((span_s + 1) / kStepS) + 1;
  const double holds_s = std::max(kStepS, 3 * period_s);
  thermal::RoomHistory history;
  history.air_c = air_at_instants(room, period_s, steps);
  history.heat_w = step_means(room.time_s, room.power_w, holds_s, steps);
  history.outdoor_c = step_means(room.time_s, room.outdoor_c, holds_s, steps);
  if (!room.irradiance_w_per_m2.empty()) {
    history.irradiance_w_per_m2 = step_means(room.time_s, room.irradiance_w_per_m2, holds_s, steps);
  }
  return history;
}

}  // namespace hearth::simulator
