#include "simulator/workload.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <sstream>

#include "simulator/draws.h"

namespace hearth::simulator {
namespace {

using protocol::ServiceClass;

constexpr double kP90 = 1.2815515655;  // standard normal
constexpr double kRunMinS = 5;
// Sizes of jobs with several tasks: Pareto with this exponent, from 2 up to batch_max.
constexpr double kBatchExponent = 1.05;
// Instances per hour over their course of the day: lognormal, so that the 90 % quantile is about
// nine times the median as in the published traces (batches do the rest).
constexpr double kBurstSigma = 1.0;
constexpr int kMidnightBurst = 3;

// Of a working day, from 10 to 16 h the most; a burst at midnight (HEAT section 5).
constexpr std::array<double, 24> kCourse = {kMidnightBurst,
                                            0.6,
                                            0.4,
                                            0.3,
                                            0.3,
                                            0.3,
                                            0.4,
                                            0.7,
                                            1.2,
                                            1.8,
                                            2.4,
                                            2.6,
                                            2.4,
                                            2.5,
                                            2.6,
                                            2.4,
                                            1.8,
                                            1.4,
                                            1.1,
                                            0.9,
                                            0.8,
                                            0.7,
                                            0.6,
                                            0.6};

class Classes {
 public:
  Classes(const Scenario& scenario, std::uint64_t seed)
      : work_(scenario.work),
        class_dice_(generator(seed, Stream::kClasses)),
        estimate_dice_(generator(seed, Stream::kEstimates)) {}

  void dress(Job& job, const std::vector<float>& nominal_s) {
    const double dice = uniform(class_dice_);
    job.service_class = dice < work_.reserved_share                      ? ServiceClass::kReserved
                        : dice < work_.reserved_share + work_.flex_share ? ServiceClass::kFlex
                                                                         : ServiceClass::kOnDemand;
    double mean_s = 0, longest_s = 0;
    for (std::uint32_t i = 0; i < job.task_count; ++i) {
      const double run_s = static_cast<double>(nominal_s[job.first_task + i]);
      mean_s += run_s / job.task_count;
      longest_s = std::max(longest_s, run_s);
    }
    const bool silent = uniform(estimate_dice_) < work_.no_estimate_share;
    const double guess = lognormal(estimate_dice_, 1, work_.estimate_sigma);
    if (!silent) job.estimate_s = std::max(1.0, mean_s * guess);
    // A reserved batch is wanted in time: at the latest after twice its longest task and four
    // hours.
    if (job.service_class == ServiceClass::kReserved) {
      job.deadline = job.submitted + from_seconds(2 * longest_s + 4 * 3600);
    }
  }

 private:
  const Scenario::Work& work_;
  Random class_dice_;
  Random estimate_dice_;
};

// Times of arrival: hours weighted by their course and a burst each, uniform within the hour.
class Arrivals {
 public:
  Arrivals(const Scenario& scenario, std::uint64_t seed)
      : random_(generator(seed, Stream::kArrivals)) {
    const int hours = std::max(1, scenario.minutes_of_work() / 60);
    double sum = 0;
    for (int h = 0; h < hours; ++h) {
      const UtcTime at = scenario.start + std::chrono::hours{h};
      const std::chrono::weekday day{std::chrono::floor<std::chrono::days>(at)};
      const bool weekend = day.iso_encoding() > 5;
      const double course = kCourse[static_cast<std::size_t>(h % 24)] * (weekend ? 0.5 : 1);
      sum += course * lognormal(random_, 1, kBurstSigma);
      cumulated_.push_back(sum);
    }
    length_h_ = static_cast<double>(scenario.minutes_of_work()) / 60 / hours;
  }

  Duration draw() {
    const double at = uniform(random_) * cumulated_.back();
    const auto hour = std::upper_bound(cumulated_.begin(), cumulated_.end(), at);
    const auto index = static_cast<double>(hour - cumulated_.begin());
    return from_seconds((index + uniform(random_)) * length_h_ * 3600);
  }

 private:
  Random random_;
  std::vector<double> cumulated_;
  double length_h_ = 1;
};

// The published traces are of about a thousand hosts: a smaller fleet has smaller batches.
constexpr double kHostsOfTraces = 1024;

std::uint32_t draw_size(const Scenario& scenario, Random& random) {
  const auto& work = scenario.work;
  const double largest = work.batch_max * std::min(1.0, scenario.nodes / kHostsOfTraces);
  const double dice = uniform(random), tail = uniform(random);
  if (dice < work.single_share || largest < 2) return 1;
  const double size = 2 * std::pow(1 - tail, -1 / kBatchExponent);
  return static_cast<std::uint32_t>(std::min(size, largest));
}

double draw_run(const Scenario::Work& work, Random& random) {
  const double sigma = std::log(work.p90_s / work.median_s) / kP90;
  double run_s = work.max_s + 1;
  while (run_s > work.max_s) run_s = lognormal(random, work.median_s, sigma);
  return std::max(kRunMinS, run_s);
}

// Jobs were appended in any order; afterwards they go by time, their tasks with them.
Workload in_order(std::vector<Job> jobs, const std::vector<float>& nominal_s) {
  std::stable_sort(jobs.begin(), jobs.end(),
                   [](const Job& a, const Job& b) { return a.submitted < b.submitted; });
  Workload work;
  for (std::uint32_t index = 0; index < jobs.size(); ++index) {
    auto& job = jobs[index];
    const auto first = static_cast<std::uint32_t>(work.nominal_s.size());
    for (std::uint32_t i = 0; i < job.task_count; ++i) {
      work.nominal_s.push_back(nominal_s[job.first_task + i]);
      work.job_of.push_back(index);
    }
    job.first_task = first;
  }
  work.jobs = std::move(jobs);
  return work;
}

}  // namespace

double Workload::core_seconds() const {
  return std::accumulate(nominal_s.begin(), nominal_s.end(), 0.0);
}

Workload generate_work(const Scenario& scenario, std::uint64_t seed, double core_seconds) {
  auto run_dice = generator(seed, Stream::kRunTimes);
  Arrivals arrivals{scenario, seed};
  Classes classes{scenario, seed};
  std::vector<Job> jobs;
  std::vector<float> nominal_s;
  // Tasks of one job resemble each other: a median for the job, a spread of a tenth within it.
  constexpr double kWithinJob = 0.1;
  for (double left_s = core_seconds; left_s > 0;) {
    Job job;
    job.first_task = static_cast<std::uint32_t>(nominal_s.size());
    const std::uint32_t size = draw_size(scenario, run_dice);
    const double run_s = draw_run(scenario.work, run_dice);
    job.task_count = 0;
    while (job.task_count < size && left_s > 0) {
      const double own = size == 1 ? run_s : lognormal(run_dice, run_s, kWithinJob);
      nominal_s.push_back(static_cast<float>(std::min(own, scenario.work.max_s)));
      left_s -= static_cast<double>(nominal_s.back());
      ++job.task_count;
    }
    job.submitted = arrivals.draw();
    classes.dress(job, nominal_s);
    jobs.push_back(job);
  }
  return in_order(std::move(jobs), nominal_s);
}

Result<Workload> work_of_trace(const std::string& swf_text, const Scenario& scenario,
                               std::uint64_t seed, double core_seconds) {
  struct Line {
    double submit_s, run_s;
    std::uint32_t processors;
  };
  std::vector<Line> lines;
  double total_s = 0;
  std::stringstream text{swf_text};
  int number = 0;
  for (std::string line; std::getline(text, line);) {
    ++number;
    if (line.empty() || line[0] == ';' || line == "\r") continue;
    std::stringstream columns{line};
    double id = 0, submit_s = 0, wait_s = 0, run_s = 0, processors = 0;
    if (!(columns >> id >> submit_s >> wait_s >> run_s >> processors)) {
      return fail(ErrorCode::kInvalidArgument,
                  "line " + std::to_string(number) + ": not five numbers, as SWF begins");
    }
    if (run_s <= 0 || processors < 1) continue;
    lines.push_back({submit_s, run_s, static_cast<std::uint32_t>(processors)});
    total_s += run_s * std::floor(processors);
  }
  if (lines.empty()) return fail(ErrorCode::kInvalidArgument, "no job in the trace");
  std::stable_sort(lines.begin(), lines.end(),
                   [](const Line& a, const Line& b) { return a.submit_s < b.submit_s; });
  // As many copies of the trace beside each other as the work asks for, each shifted by its own
  // share of the days; the last one is cut off where the work is complete.
  const double span_s = std::max(1.0, lines.back().submit_s - lines.front().submit_s);
  const double days_s = scenario.minutes_of_work() * 60.0;
  Classes classes{scenario, seed};
  std::vector<Job> jobs;
  std::vector<float> nominal_s;
  double left_s = core_seconds;
  for (int copy = 0; left_s > 0; ++copy) {
    const double shift_s = days_s * std::fmod(0.381966 * copy, 1.0);
    for (std::size_t k = 0; k < lines.size() && left_s > 0; ++k) {
      const auto& line = lines[k];
      Job job;
      job.first_task = static_cast<std::uint32_t>(nominal_s.size());
      job.task_count = line.processors;
      for (std::uint32_t i = 0; i < job.task_count; ++i) {
        nominal_s.push_back(static_cast<float>(line.run_s));
      }
      left_s -= line.run_s * line.processors;
      const double share = (line.submit_s - lines.front().submit_s) / span_s;
      job.submitted = from_seconds(std::fmod(share * days_s * 0.9999 + shift_s, days_s));
      classes.dress(job, nominal_s);
      jobs.push_back(job);
    }
  }
  return in_order(std::move(jobs), nominal_s);
}

}  // namespace hearth::simulator
