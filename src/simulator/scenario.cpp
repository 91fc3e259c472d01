#include "simulator/scenario.h"

#include <array>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

namespace hearth::simulator {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array kWorkKinds = {"generator", "swf", "none"};  // in the order of WorkKind

// One description of the file serves reading and printing: fields(io, ...) below.
class Reading {
 public:
  Reading(const Json& object, std::string prefix, std::vector<std::string>& problems)
      : object_(object), prefix_(std::move(prefix)), problems_(problems) {}

  void number(const std::string& key, double& field, double low, double high) {
    const Json* value = find(key);
    if (!value) return;
    if (!value->is_number()) return problem(key + ": not a number");
    field = value->get<double>();
    if (!(field >= low && field <= high)) out_of_range(key, low, high);
  }
  void number(const std::string& key, int& field, int low, int high) {
    const Json* value = find(key);
    if (!value) return;
    if (!value->is_number_integer()) return problem(key + ": not a whole number");
    const auto whole = value->get<std::int64_t>();
    if (whole < low || whole > high) return out_of_range(key, low, high);
    field = static_cast<int>(whole);
  }
  void text(const std::string& key, std::string& field) {
    const Json* value = find(key);
    if (!value) return;
    if (!value->is_string()) return problem(key + ": not a text");
    field = value->get<std::string>();
  }
  void numbers(const std::string& key, std::vector<double>& field, double low, double high) {
    const Json* value = find(key);
    if (!value) return;
    const std::size_t count = field.size();
    if (!value->is_array() || value->size() != count) {
      return problem(key + ": not " + std::to_string(count) + " numbers");
    }
    for (std::size_t i = 0; i < count; ++i) {
      const auto& item = value->at(i);
      const std::string path = key + "[" + std::to_string(i) + "]";
      if (!item.is_number()) return problem(path + ": not a number");
      field[i] = item.get<double>();
      if (!(field[i] >= low && field[i] <= high)) out_of_range(path, low, high);
    }
  }
  void date(const std::string& key, UtcTime& field) {
    std::string written;
    text(key, written);
    if (written.empty()) return;
    const bool is_day = written.find('T') == std::string::npos;
    const auto parsed = parse_utc_time(is_day ? written + "T00:00:00Z" : written);
    if (!parsed) return problem(key + ": not a date: " + written);
    field = *parsed;
  }
  void kind(const std::string& key, WorkKind& field) {
    std::string written;
    text(key, written);
    if (written.empty()) return;
    for (std::size_t i = 0; i < kWorkKinds.size(); ++i) {
      if (written == kWorkKinds[i]) return void(field = static_cast<WorkKind>(i));
    }
    problem(key + ": neither generator, swf nor none: " + written);
  }
  template <class Fields>
  void section(const std::string& key, Fields fields) {
    const Json* value = find(key);
    if (!value) return;
    if (!value->is_object()) return problem(key + ": not an object");
    Reading inner{*value, prefix_ + key + ".", problems_};
    fields(inner);
    inner.finish();
  }
  template <class T, class Fields>
  void list(const std::string& key, std::vector<T>& items, Fields fields) {
    const Json* value = find(key);
    if (!value) return;
    if (!value->is_array()) return problem(key + ": not a list");
    items.assign(value->size(), T{});
    for (std::size_t i = 0; i < items.size(); ++i) {
      const std::string path = key + "[" + std::to_string(i) + "]";
      if (!value->at(i).is_object()) {
        problem(path + ": not an object");
        continue;
      }
      Reading inner{value->at(i), prefix_ + path + ".", problems_};
      fields(inner, items[i]);
      inner.finish();
    }
  }
  void require(bool holds, const std::string& what) {
    if (!holds) problem(what);
  }
  void finish() {
    for (const auto& [key, value] : object_.items()) {
      if (!known_.contains(key)) problem(key + ": unknown key");
    }
  }

 private:
  const Json* find(const std::string& key) {
    known_.insert(key);
    const auto found = object_.find(key);
    return found == object_.end() ? nullptr : &*found;
  }
  void problem(const std::string& what) { problems_.push_back(prefix_ + what); }
  void out_of_range(const std::string& key, double low, double high) {
    std::ostringstream what;
    what << key << ": not between " << low << " and " << high;
    problem(what.str());
  }

  const Json& object_;
  std::string prefix_;
  std::vector<std::string>& problems_;
  std::set<std::string> known_;
};

class Printing {
 public:
  template <class T>
  void number(const std::string& key, T& field, double, double) {
    object[key] = field;
  }
  void text(const std::string& key, std::string& field) { object[key] = field; }
  void numbers(const std::string& key, std::vector<double>& field, double, double) {
    object[key] = field;
  }
  void date(const std::string& key, UtcTime& field) { object[key] = to_string(field); }
  void kind(const std::string& key, WorkKind& field) {
    object[key] = kWorkKinds[static_cast<std::size_t>(field)];
  }
  template <class Fields>
  void section(const std::string& key, Fields fields) {
    Printing inner;
    fields(inner);
    object[key] = std::move(inner.object);
  }
  template <class T, class Fields>
  void list(const std::string& key, std::vector<T>& items, Fields fields) {
    object[key] = Json::array();
    for (auto& item : items) {
      Printing inner;
      fields(inner, item);
      object[key].push_back(std::move(inner.object));
    }
  }
  void require(bool, const std::string&) {}

  Json object = Json::object();
};

template <class Io>
void building_fields(Io& io, Scenario& s) {
  io.section("site", [&](auto& in) {
    in.number("nodes_per_building", s.site.nodes_per_building, 1, 10'000);
    in.number("breaker_w", s.site.breaker_w, 0, 1e9);
    in.number("reserve_w", s.site.reserve_w, 0, 1e9);
  });
  io.section("weather", [&](auto& in) {
    in.text("epw", s.weather.epw);
    in.text("normals", s.weather.normals);
    in.number("offset_k", s.weather.offset_k, -40, 40);
    in.number("noise_k", s.weather.noise_k, 0, 10);
    in.number("forecast_error_k", s.weather.forecast_error_k, 0, 10);
  });
  io.section("buildings", [&](auto& in) {
    in.numbers("ua_w_per_k_m2", s.buildings.ua_w_per_k_m2, 0.1, 5);
    in.numbers("window_share", s.buildings.window_share, 0, 1);
    in.number("solar_g", s.buildings.solar_g, 0, 1);
    in.numbers("mass_shares", s.buildings.mass_shares, 0, 1);
  });
  io.section("sizing", [&](auto& in) {
    in.number("adequate_share", s.sizing.adequate_share, 0, 1);
    in.number("design_c", s.sizing.design_c, -50, 15);
    in.number("ratio_max", s.sizing.ratio_max, 1, 10);
    in.number("ratio_min", s.sizing.ratio_min, 0.1, 1);
  });
  io.section("comfort", [&](auto& in) {
    in.number("setpoint_c", s.comfort.setpoint_c, 5, 30);
    in.number("setback_c", s.comfort.setback_c, 5, 30);
    in.text("programme", s.comfort.programme);
    in.require(s.comfort.programme == "constant" || s.comfort.programme == "setback",
               "programme: neither constant nor setback: " + s.comfort.programme);
  });
  io.section("occupants", [&](auto& in) {
    in.number("home_share", s.occupants.home_share, 0, 1);
    in.number("office_share", s.occupants.office_share, 0, 1);
    in.number("gain_w", s.occupants.gain_w, 0, 1000);
    in.number("devices_w", s.occupants.devices_w, 0, 1000);
    in.number("airings_per_day", s.occupants.airings_per_day, 0, 2);
    in.number("airing_minutes", s.occupants.airing_minutes, 0, 60);
    in.number("airing_w_per_k", s.occupants.airing_w_per_k, 0, 1000);
    in.number("too_warm_k", s.occupants.too_warm_k, 0.5, 20);
    in.number("warm_window_w_per_k", s.occupants.warm_window_w_per_k, 0, 1000);
  });
}

template <class Io>
void machine_fields(Io& io, Scenario& s) {
  io.section("node", [&](auto& in) {
    in.number("cores", s.node.cores, 1, 64);
    in.number("idle_w", s.node.idle_w, 0, 1e5);
    in.number("max_w", s.node.max_w, 1, 1e5);
    in.number("off_w", s.node.off_w, 0, 1e5);
    in.number("min_run_w", s.node.min_run_w, 0, 1e5);
    in.number("boot_s", s.node.boot_s, 0, 3600);
    in.number("speed_min", s.node.speed_min, 0.05, 1);
    in.number("model_spread", s.node.model_spread, 0, 0.5);
    in.number("sensor_noise_k", s.node.sensor_noise_k, 0, 2);
    in.number("sensor_quantum_k", s.node.sensor_quantum_k, 0, 2);
    in.number("near_case_share", s.node.near_case_share, 0, 1);
    in.require(s.node.off_w <= s.node.idle_w && s.node.idle_w <= s.node.min_run_w &&
                   s.node.min_run_w < s.node.max_w * (1 - s.node.model_spread),
               "not off_w <= idle_w <= min_run_w < max_w of every model");
  });
  io.section("tanks", [&](auto& in) {
    in.number("share", s.tanks.share, 0, 1);
    in.number("volume_l", s.tanks.volume_l, 30, 5000);
    in.number("rated_w", s.tanks.rated_w, 100, 1e5);
    in.text("profile", s.tanks.profile);
    in.number("resistance_w", s.tanks.resistance_w, 0, 1e5);
    in.number("compute_max_c", s.tanks.compute_max_c, 45, 60);
    in.number("return_max_c", s.tanks.return_max_c, 40, 60);
    in.number("useful_c", s.tanks.useful_c, 30, 50);
    in.require(tank_profile(s.tanks.profile).has_value(),
               "profile: neither S, M, L nor XL: " + s.tanks.profile);
    in.require(
        s.tanks.useful_c < s.tanks.return_max_c && s.tanks.return_max_c <= s.tanks.compute_max_c,
        "not useful_c < return_max_c <= compute_max_c");
    in.require(s.tanks.rated_w * (1 - s.node.model_spread) > s.node.min_run_w,
               "rated_w: not over node.min_run_w");
  });
  io.section("work", [&](auto& in) {
    in.kind("kind", s.work.kind);
    in.text("swf", s.work.swf);
    in.number("load", s.work.load, 0, 5);
    in.number("median_s", s.work.median_s, 1, 1e6);
    in.number("p90_s", s.work.p90_s, 1, 1e6);
    in.number("max_s", s.work.max_s, 1, 1e7);
    in.number("single_share", s.work.single_share, 0, 1);
    in.number("batch_max", s.work.batch_max, 1, 100'000);
    in.number("reserved_share", s.work.reserved_share, 0, 1);
    in.number("flex_share", s.work.flex_share, 0, 1);
    in.number("estimate_sigma", s.work.estimate_sigma, 0, 5);
    in.number("no_estimate_share", s.work.no_estimate_share, 0, 1);
    in.require(s.work.reserved_share + s.work.flex_share <= 1,
               "reserved_share and flex_share: over 1 in all");
    in.require(s.work.median_s < s.work.p90_s && s.work.p90_s < s.work.max_s,
               "not median_s < p90_s < max_s");
    in.require(s.work.kind != WorkKind::kSwf || !s.work.swf.empty(), "swf: which file?");
  });
  io.list("outages", s.outages, [](auto& in, Scenario::Outage& outage) {
    in.number("from_h", outage.from_h, 0, 1e5);
    in.number("hours", outage.hours, 0, 1e5);
  });
  io.section("cores", [&](auto& in) {
    in.number("plan_period_s", s.cores.plan_period_s, 10, 86'400);
    in.number("report_period_s", s.cores.report_period_s, 10, 86'400);
    in.number("limits_valid_s", s.cores.limits_valid_s, 20, 86'400);
    in.number("near_case", s.cores.near_case, 0, 1);
    in.number("fit_period_h", s.cores.fit_period_h, 0, 10'000);
  });
  io.section("record", [&](auto& in) {
    in.number("sample_zones", s.record.sample_zones, 0, 1000);
    in.number("every_s", s.record.every_s, 60, 86'400);
  });
}

template <class Io>
void fields(Io& io, Scenario& s) {
  io.text("name", s.name);
  io.text("about", s.about);
  io.date("start", s.start);
  io.number("days", s.days, 0.01, 400);
  io.number("drain_days", s.drain_days, 0, 30);
  io.number("dropped_days", s.dropped_days, 0, 30);
  io.number("nodes", s.nodes, 1, 100'000);
  building_fields(io, s);
  machine_fields(io, s);
  io.require(s.dropped_days < s.days, "dropped_days: nothing is left to judge");
}

// "work.load=1.1" put into the file's own JSON.
Result<> put(Json& root, const std::string& assignment) {
  const auto equals = assignment.find('=');
  if (equals == std::string::npos || equals == 0) {
    return fail(ErrorCode::kInvalidArgument, "--set " + assignment + ": not key=value");
  }
  Json* place = &root;
  std::stringstream path{assignment.substr(0, equals)};
  for (std::string part; std::getline(path, part, '.');) {
    if (!place->is_object()) {
      return fail(ErrorCode::kInvalidArgument, "--set " + assignment + ": no such place");
    }
    place = &(*place)[part];
    if (place->is_null()) *place = Json::object();
  }
  const std::string value = assignment.substr(equals + 1);
  *place = Json::parse(value, nullptr, false);
  if (place->is_discarded()) *place = value;
  return {};
}

}  // namespace

std::optional<thermal::LoadProfile> tank_profile(const std::string& name) {
  constexpr std::array kNames = {"S", "M", "L", "XL"};  // in the order of LoadProfile
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (name == kNames[i]) return static_cast<thermal::LoadProfile>(i);
  }
  return std::nullopt;
}

Result<Scenario> parse_scenario(const std::string& text,
                                const std::vector<std::string>& overrides) {
  Json root = Json::parse(text, nullptr, false);
  if (root.is_discarded()) return fail(ErrorCode::kInvalidArgument, "not JSON");
  if (!root.is_object()) return fail(ErrorCode::kInvalidArgument, "not a JSON object");
  for (const auto& assignment : overrides) {
    if (const auto done = put(root, assignment); !done) return tl::unexpected(done.error());
  }
  Scenario scenario;
  std::vector<std::string> problems;
  Reading reading{root, "", problems};
  fields(reading, scenario);
  reading.finish();
  if (problems.empty()) return scenario;
  std::string all;
  for (const auto& problem : problems) all += (all.empty() ? "" : "; ") + problem;
  return fail(ErrorCode::kInvalidArgument, all);
}

Result<Scenario> load_scenario(const std::string& path, const std::vector<std::string>& overrides) {
  std::ifstream file{path};
  if (!file) return fail(ErrorCode::kNotFound, path + ": cannot be read");
  std::stringstream text;
  text << file.rdbuf();
  auto scenario = parse_scenario(text.str(), overrides);
  if (!scenario) return fail(scenario.error().code, path + ": " + scenario.error().message);
  return scenario;
}

std::string to_json(const Scenario& scenario) {
  Scenario copy = scenario;
  Printing printing;
  fields(printing, copy);
  return printing.object.dump();
}

}  // namespace hearth::simulator
