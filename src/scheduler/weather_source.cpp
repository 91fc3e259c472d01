#include "scheduler/weather_source.h"

#include <fstream>
#include <sstream>

#include "common/log.h"
#include "scheduler/runtime/clock.h"
#include "weather/forecast_file.h"

namespace hearth::scheduler {
namespace {

constexpr Duration kPollPeriod = std::chrono::minutes{1};
constexpr Duration kRenewPeriod = std::chrono::hours{6};
constexpr int kHoursAhead = 72;
// Nothing else is known: about the middle of Europe.
constexpr weather::Site kSomewhere{50, 9};

weather::Normals normals_for(const WeatherConfig& config) {
  if (auto city = weather::normals_of_city(config.normals)) return *city;
  return weather::normals_at(config.place.value_or(kSomewhere));
}

std::string name_of(const SiteId& site) {
  return site.value.empty() ? "all" : site.value;
}

}  // namespace

WeatherFeed::WeatherFeed(SiteId site, WeatherConfig config)
    : site_(std::move(site)), config_(std::move(config)), normals_(normals_for(config_)) {}

std::optional<weather::Series> WeatherFeed::poll(UtcTime now) {
  if (const auto text = changed_text()) {
    if (auto series = take(*text)) return series;
  }
  if (has_forecast_ || (due_ && now < *due_)) return std::nullopt;
  if (!due_ && !epw_) {
    log::info("weather_normals", {{"site", name_of(site_)},
                                  {"place", normals_.name},
                                  {"latitude", normals_.site.latitude_deg},
                                  {"assumed", config_ == WeatherConfig{} ? "yes" : "no"}});
  }
  due_ = now + kRenewPeriod;
  return typical(now);
}

std::optional<std::string> WeatherFeed::changed_text() {
  const auto& path = config_.forecast.empty() ? config_.epw : config_.forecast;
  if (path.empty()) return std::nullopt;
  std::error_code problem;
  Stamp stamp{std::filesystem::last_write_time(path, problem), 0};
  if (!problem) stamp.size = std::filesystem::file_size(path, problem);
  std::ifstream file;
  if (!problem) file.open(path);
  if (problem || !file) {
    if (!std::exchange(missing_reported_, true)) {
      report({ErrorCode::kNotFound, problem ? problem.message() : "cannot be read"});
    }
    return std::nullopt;
  }
  missing_reported_ = false;
  if (stamp_ == stamp) return std::nullopt;
  stamp_ = stamp;
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// A forecast is handed over as it is; a typical year is kept, and made due.
std::optional<weather::Series> WeatherFeed::take(const std::string& text) {
  if (!config_.forecast.empty()) {
    auto series = weather::parse_forecast(text);
    if (!series) {
      report(series.error());
      return std::nullopt;
    }
    log::info("weather_forecast_read", {{"site", name_of(site_)},
                                        {"file", config_.forecast},
                                        {"from", hearth::to_string(series->start)},
                                        {"hours", series->hours.size()}});
    has_forecast_ = true;
    return std::move(*series);
  }
  auto epw = weather::parse_epw(text);
  if (!epw) {
    report(epw.error());
    return std::nullopt;
  }
  log::info("weather_epw_read",
            {{"site", name_of(site_)}, {"file", config_.epw}, {"place", epw->place}});
  epw_ = std::move(*epw);
  due_.reset();
  return std::nullopt;
}

weather::Series WeatherFeed::typical(UtcTime now) const {
  const UtcTime hour = std::chrono::floor<std::chrono::hours>(now);
  return weather::to_series(epw_ ? weather::record_of(*epw_, hour, kHoursAhead)
                                 : weather::record_of(normals_, hour, kHoursAhead));
}

void WeatherFeed::report(const Error& error) const {
  const auto& path = config_.forecast.empty() ? config_.epw : config_.forecast;
  log::error("weather_file_broken",
             {{"site", name_of(site_)}, {"file", path}, {"error", error.message}});
}

WeatherSource::WeatherSource(const Config& config, Post post) : post_(std::move(post)) {
  feeds_.push_back({SiteId{}, WeatherFeed{SiteId{}, config.weather}});
  for (const auto& [site, weather] : config.site_weather) {
    feeds_.push_back({site, WeatherFeed{site, weather}});
  }
  boost::asio::post(thread_.context(), [this] { poll(); });
}

void WeatherSource::poll() {
  const auto now = utc_now();
  for (auto& [site, feed] : feeds_) {
    if (auto series = feed.poll(now)) post_({site, std::move(*series)});
  }
  timer_.expires_after(kPollPeriod);
  timer_.async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled) poll();
  });
}

}  // namespace hearth::scheduler
