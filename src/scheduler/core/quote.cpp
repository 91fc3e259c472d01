#include "scheduler/core/quote.h"

#include <algorithm>
#include <cstdio>

namespace hearth::scheduler {
namespace {

constexpr double kHourS = 3600;

// When `core_s` of nominal work will have been done, from now on; unset beyond the forecast.
std::optional<double> time_to_do(double core_s, const CapacityForecast& capacity,
                                 double CapacityQuantiles::*quantile) {
  if (core_s <= 0) return 0.0;
  double done = 0;
  for (std::size_t h = 0; h < capacity.hours.size(); ++h) {
    const double rate = std::max(0.0, capacity.hours[h].cores.*quantile);
    if (done + rate * kHourS >= core_s) {
      return static_cast<double>(h) * kHourS + (core_s - done) / rate;
    }
    done += rate * kHourS;
  }
  return std::nullopt;
}

// While a tenant does `core_s`, others do theirs in proportion to their weights, or all of it: fair
// shares as a fluid, whatever each has had before.
double with_others(double core_s, const QuoteInputs& inputs, const WorkAhead& ahead) {
  return core_s + std::min(ahead.others_core_s, core_s * inputs.others_ratio);
}

QuoteTimes times_at(const QuoteInputs& inputs, const CapacityForecast& capacity,
                    const WorkAhead& ahead, Duration run_time,
                    double CapacityQuantiles::*quantile) {
  const double tasks = static_cast<double>(inputs.spec.task_count);
  const double own_core_s = tasks * inputs.spec.resources.cores * to_seconds(run_time);
  const double ahead_core_s =
      ahead.running_core_s + with_others(ahead.waiting_core_s, inputs, ahead);
  QuoteTimes times;
  const auto start =
      inputs.at_once ? std::optional(0.0) : time_to_do(ahead_core_s, capacity, quantile);
  if (!start) return times;
  times.start = from_seconds(*start);
  // All of it after all that goes before it; and no task is faster than itself.
  const double share_core_s =
      inputs.at_once && own_core_s <= inputs.cores_free_now * to_seconds(run_time)
          ? 0.0  // all of it runs beside what runs
          : ahead.running_core_s + with_others(ahead.waiting_core_s + own_core_s, inputs, ahead);
  const auto worked = time_to_do(share_core_s, capacity, quantile);
  if (!worked) return times;
  times.finish = from_seconds(std::max(*worked, *start + to_seconds(run_time)));
  return times;
}

std::string number(const char* pattern, double value) {
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, pattern, value);
  return buffer;
}

double mean_cores(const CapacityForecast& capacity, double CapacityQuantiles::*quantile) {
  double sum = 0;
  for (const auto& hour : capacity.hours) sum += hour.cores.*quantile;
  return capacity.hours.empty() ? 0 : sum / static_cast<double>(capacity.hours.size());
}

std::string why_late(const QuoteInputs& inputs, const CapacityForecast& capacity,
                     const Quote& quote) {
  const Duration deadline = *inputs.deadline_in;
  if (deadline <= Duration::zero()) return "cannot meet the deadline, because it is past";
  if (inputs.run_time.p90 > deadline) {
    return "cannot meet the deadline, because a single task takes " +
           hearth::to_string(inputs.run_time.p90) + " at P90 and only " +
           hearth::to_string(deadline) + " are left";
  }
  std::string text = "cannot meet the deadline, because ";
  if (!quote.p90.start || *quote.p90.start > deadline - inputs.run_time.p90) {
    text += number("%.0f core-hours",
                   (inputs.ahead_p90.running_core_s +
                    with_others(inputs.ahead_p90.waiting_core_s, inputs, inputs.ahead_p90)) /
                       kHourS) +
            " of other work go first and the homes take ";
  } else {
    const double own = static_cast<double>(inputs.spec.task_count) * inputs.spec.resources.cores *
                       to_seconds(inputs.run_time.p90) / kHourS;
    text += "it needs " + number("%.0f core-hours", own) + " and the homes take ";
  }
  return text +
         number("%.0f cores' heat at P5 over the next 48 h",
                mean_cores(capacity, &CapacityQuantiles::p5)) +
         (quote.p90.finish ? "; it would end after " + hearth::to_string(*quote.p90.finish) : "");
}

}  // namespace

Quote quote(const QuoteInputs& inputs, const CapacityForecast& capacity) {
  Quote answer;
  const double core_s = static_cast<double>(inputs.spec.task_count) * inputs.spec.resources.cores *
                        to_seconds(inputs.run_time.p50);
  answer.energy = Joules{core_s * inputs.per_core.value};
  if (inputs.cores_able < inputs.spec.resources.cores) {
    answer.meets_deadline = !inputs.deadline_in;
    answer.reason = "no node could run a task of it: see `hearth task explain` after a submit";
    return answer;
  }
  if (capacity.hours.empty()) {
    answer.meets_deadline = !inputs.deadline_in;
    answer.reason = "no forecast of the fleet's capacity has been made yet";
    return answer;
  }
  answer.p50 =
      times_at(inputs, capacity, inputs.ahead_p50, inputs.run_time.p50, &CapacityQuantiles::p50);
  answer.p90 =
      times_at(inputs, capacity, inputs.ahead_p90, inputs.run_time.p90, &CapacityQuantiles::p5);
  if (inputs.deadline_in) {
    answer.meets_deadline = answer.p90.finish && *answer.p90.finish <= *inputs.deadline_in;
    if (!answer.meets_deadline) answer.reason = why_late(inputs, capacity, answer);
  } else if (!answer.p90.finish) {
    answer.reason = "at P90 it is not done within the 48 h that are forecast";
  }
  return answer;
}

}  // namespace hearth::scheduler
