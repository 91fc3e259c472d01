#include "simulator/fit_report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>

#include "simulator/stopwatch.h"

namespace hearth::simulator {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kStepsPerDay = thermal::kStepsPerDay;

std::size_t step_of(double day) {
  return static_cast<std::size_t>(std::llround(day * kStepsPerDay));
}

std::string days_text(double days) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f", days);
  return text;
}

Result<> check_days(const FitRequest& request, std::size_t steps) {
  const auto wrong = [&](const std::string& what) {
    return fail(ErrorCode::kInvalidArgument, request.name + ": " + what);
  };
  const double recorded = static_cast<double>(steps - 1) / kStepsPerDay;
  const auto [train_first, train_last] = request.train_days;
  const auto [test_first, test_last] = request.test_days;
  if (train_last > recorded) {
    return wrong("--train ends on day " + days_text(train_last) + ", the recording on day " +
                 days_text(recorded));
  }
  if (train_last - train_first < 1) return wrong("--train needs at least one day");
  if (test_first >= recorded) {
    return wrong("--test begins on day " + days_text(test_first) + ", the recording ends on day " +
                 days_text(recorded));
  }
  if (test_last <= train_last) return wrong("--test must end after --train");
  return {};
}

Json number_or_null(const std::optional<double>& value) {
  if (!value || !std::isfinite(*value)) return nullptr;
  return *value;
}

std::string cell(const std::optional<double>& value, const char* format) {
  if (!value || !std::isfinite(*value)) return "-";
  char text[32];
  std::snprintf(text, sizeof text, format, *value);
  return text;
}

}  // namespace

Result<FitReport> make_fit_report(const RecordedRoom& room, const FitRequest& request) {
  HEARTH_TRY(history, on_grid(room));
  if (const auto checked = check_days(request, history.size()); !checked)
    return tl::unexpected(checked.error());
  const auto train_first = step_of(request.train_days.first);
  const auto train_last = step_of(request.train_days.second);
  const auto test_first = step_of(request.test_days.first);
  const auto test_last = std::min(step_of(request.test_days.second), history.size() - 1);

  thermal::FitOptions options;
  options.ua0_w_per_k = request.ua0_w_per_k;
  options.sensor_std_k = room.sensor_std_k;
  options.lag_s = std::nullopt;
  FitReport report;
  const Stopwatch stopwatch;
  report.fit = thermal::best_model(history.slice(train_first, train_last + 1), options);
  report.fit_wall_s = stopwatch.seconds();

  // The filter starts where training does.
  const auto judged_history = history.slice(train_first, test_last + 1);
  const thermal::PreparedHistory prepared(judged_history);
  const auto filter = thermal::filter_options(judged_history, options, report.fit.lag_s);
  const auto first_judged = test_first > train_first ? test_first - train_first : 0;
  const thermal::ScoreWindow window{train_last - train_first, first_judged,
                                    test_last - train_first};
  report.score = thermal::score_forecasts(report.fit.model, filter, prepared, window);
  report.demand = thermal::score_demand(report.fit.hold_model, filter, prepared, window);

  report.first_day = static_cast<double>(test_first) / kStepsPerDay;
  for (auto k = first_judged; k <= window.last_judged; ++k) {
    report.measured_c.push_back(prepared.air_c(k));
  }
  report.day_ahead =
      thermal::forecasts_ahead(report.fit.model, filter, prepared, window, thermal::kStepsPerDay);
  for (auto& point : report.day_ahead) point.at -= first_judged;
  return report;
}

std::string fit_json(const FitReport& report) {
  Json json;
  for (std::size_t h = 0; h < thermal::kErrorHorizonsH.size(); ++h) {
    const auto hours = std::to_string(static_cast<int>(thermal::kErrorHorizonsH[h]));
    json["rmse_k"][hours] = number_or_null(report.score.rmse_k[h]);
    json["persistence_k"][hours] = number_or_null(report.score.persistence_k[h]);
    json["forecasts"][hours] = report.score.n[h];
  }
  json["ua_w_per_k"] = report.fit.ua_w_per_k;
  json["demand_cv_rmse"] = number_or_null(report.demand.cv_rmse);
  json["demand_n"] = report.demand.n;
  json["demand_bias"] = number_or_null(report.demand.bias);
  json["accepted"] = report.fit.accepted;
  json["model"] = thermal::to_string(report.fit.kind);
  json["reason"] = report.fit.reason;
  const auto& m = report.fit.model;
  json["parameters"] = {{"ci_j_per_k", m.ci_j_per_k},
                        {"cm_j_per_k", m.cm_j_per_k},
                        {"rim_k_per_w", m.rim_k_per_w},
                        {"rio_k_per_w", m.rio_k_per_w},
                        {"rmo_k_per_w", m.rmo_k_per_w},
                        {"ai_m2", m.ai_m2},
                        {"am_m2", m.am_m2}};
  json["lag_s"] = report.fit.lag_s;
  json["skipped"] = report.score.filter.skipped;
  json["events"] = report.score.filter.events;
  json["iterations"] = report.fit.iterations;
  json["fit_wall_s"] = report.fit_wall_s;
  return json.dump() + "\n";
}

std::string fit_text(const FitReport& report) {
  char line[256];
  std::string text;
  const auto add = [&](const auto&... parts) {
    std::snprintf(line, sizeof line, parts...);
    text += line;
  };
  const std::string kind(thermal::to_string(report.fit.kind));
  add("model        %s, %s\n", kind.c_str(), report.fit.accepted ? "accepted" : "not accepted");
  text += "             " + report.fit.reason + "\n";
  add("UA           %.1f W/K\n", report.fit.ua_w_per_k);
  add("lag          %.0f s\n", report.fit.lag_s);
  add("fitted in    %.3f s, %d iterations\n\n", report.fit_wall_s, report.fit.iterations);
  text += "horizon      forecast    persistence    forecasts\n";
  for (std::size_t h = 0; h < thermal::kErrorHorizonsH.size(); ++h) {
    add("%4.0f h       %5s K     %5s K        %zu\n", thermal::kErrorHorizonsH[h],
        cell(report.score.rmse_k[h], "%.2f").c_str(),
        cell(report.score.persistence_k[h], "%.2f").c_str(), report.score.n[h]);
  }
  const auto percent = [](const std::optional<double>& share) {
    return share ? std::optional(100 * *share) : std::nullopt;
  };
  add("\n24 h demand  CV(RMSE) %s %%, bias %s %%, n = %zu\n",
      cell(percent(report.demand.cv_rmse), "%.1f").c_str(),
      cell(percent(report.demand.bias), "%+.1f").c_str(), report.demand.n);
  add("readings     %u used, %u skipped by the gate, %u events\n", report.score.filter.readings,
      report.score.filter.skipped, report.score.filter.events);
  return text;
}

}  // namespace hearth::simulator
