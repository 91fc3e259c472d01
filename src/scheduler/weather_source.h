// Feeds the core with weather: forecast files that are read again when they change, typical years
// and climate normals that are renewed every six hours.
//
// An adapter: reads files and the clock on a thread of its own and hands WeatherRead events over.
// A file that cannot be read or makes no sense is logged, once each time it changed; what was read
// before stays in force, and before the first good reading the normals of a place in the middle of
// Europe stand in, so that there is always some weather.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "scheduler/config.h"
#include "scheduler/core/event.h"
#include "scheduler/runtime/io_thread.h"
#include "weather/epw.h"
#include "weather/normals.h"

namespace hearth::scheduler {

// The weather of one site, or of all that have none of their own (an empty id, for the log).
class WeatherFeed {
 public:
  WeatherFeed(SiteId site, WeatherConfig config);

  // A series to hand over, where there is a new one; `now` never runs backwards. Of typical years
  // and normals: 72 hours from now, every six hours.
  std::optional<weather::Series> poll(UtcTime now);

 private:
  struct Stamp {  // by which a change is seen
    std::filesystem::file_time_type written{};
    std::uintmax_t size = 0;
    friend bool operator==(const Stamp&, const Stamp&) = default;
  };

  // The file's text if it changed since the last look.
  std::optional<std::string> changed_text();
  std::optional<weather::Series> take(const std::string& text);
  [[nodiscard]] weather::Series typical(UtcTime now) const;
  void report(const Error& error) const;

  SiteId site_;
  WeatherConfig config_;
  std::optional<Stamp> stamp_;
  bool missing_reported_ = false;
  bool has_forecast_ = false;  // a good one was read: no typical weather any more
  std::optional<weather::Epw> epw_;
  weather::Normals normals_;
  std::optional<UtcTime> due_;
};

class WeatherSource {
 public:
  using Post = std::function<void(WeatherRead)>;

  // `post` is called on a thread of ours, for each site at once and then as its weather changes.
  WeatherSource(const Config& config, Post post);
  ~WeatherSource() { thread_.join(); }

 private:
  void poll();

  struct Feed {
    SiteId site;
    WeatherFeed feed;
  };
  std::vector<Feed> feeds_;
  Post post_;
  IoThread thread_;  // last: ends before what its handlers use
  boost::asio::steady_timer timer_{thread_.context()};
};

}  // namespace hearth::scheduler
