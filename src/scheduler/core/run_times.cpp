#include "scheduler/core/run_times.h"

#include <algorithm>
#include <cmath>

#include "common/normal.h"

namespace hearth::scheduler {
namespace {

constexpr double kNewestWeight = 0.05;  // at least, of the newest run
constexpr double kNameRunsMin = 5;
constexpr double kTenantRunsMin = 20;
constexpr std::size_t kNamesMax = 20'000;  // further names count for their tenant only
constexpr double kShortestS = 0.001;
// HEAT section 5: median 580 s, P90 4,600 s.
const double kPublishedMean = std::log(580.0);
const double kPublishedSigma = std::log(4600.0 / 580.0) / 1.2815515655446004;
constexpr double kEstimateSigma =
    0.5;  // of a submitter never seen before: P90 is 1.9 times (choice)
constexpr double kSigmaMin = 0.05;

}  // namespace

void RunTimes::Moments::take(double log_s) {
  weight += 1;
  const double share = std::max(kNewestWeight, 1 / weight);
  const double off = log_s - mean;
  mean += share * off;
  variance = (1 - share) * (variance + share * off * off);
}

void RunTimes::take(Entry& entry, double log_s) {
  entry.moments.take(log_s);
  entry.changed = learned_;
}

void RunTimes::learn(const protocol::JobSpec& spec, Duration nominal) {
  ++learned_;
  const double log_s = std::log(std::max(kShortestS, to_seconds(nominal)));
  take(by_tenant_[spec.tenant], log_s);
  const auto key = std::pair{spec.tenant, spec.name};
  if (by_name_.size() < kNamesMax || by_name_.contains(key)) take(by_name_[key], log_s);
  if (spec.expected_run_time > Duration::zero()) {
    take(estimate_errors_[spec.tenant], log_s - std::log(to_seconds(spec.expected_run_time)));
  }
}

std::vector<RunTimes::Row> RunTimes::rows(std::uint64_t learned) const {
  std::vector<Row> rows;
  const auto add = [&](Of of, const TenantId& tenant, const std::string& name, const Entry& entry) {
    if (learned == 0 || entry.changed > learned) rows.push_back({of, tenant, name, entry.moments});
  };
  for (const auto& [key, entry] : by_name_) add(Of::kName, key.first, key.second, entry);
  for (const auto& [tenant, entry] : by_tenant_) add(Of::kTenant, tenant, "", entry);
  for (const auto& [tenant, entry] : estimate_errors_) add(Of::kEstimate, tenant, "", entry);
  return rows;
}

void RunTimes::restore(const Row& row) {
  const auto& m = row.moments;
  // Written so that NaN fails too: what was kept may be damaged.
  const bool sound = std::abs(m.mean) < 50 && m.variance >= 0 && m.variance < 1e4 && m.weight > 0;
  if (!sound) return;
  if (row.of == Of::kTenant) by_tenant_[row.tenant].moments = m;
  if (row.of == Of::kEstimate) estimate_errors_[row.tenant].moments = m;
  if (row.of == Of::kName && by_name_.size() < kNamesMax) {
    by_name_[{row.tenant, row.name}].moments = m;
  }
}

RunTimes::Moments RunTimes::moments_of(const protocol::JobSpec& spec) const {
  const auto name = by_name_.find({spec.tenant, spec.name});
  const bool estimated = spec.expected_run_time > Duration::zero();
  // A name under which very different estimates are submitted says less than the estimate.
  constexpr double kAlike = 0.7;
  if (name != by_name_.end() && name->second.moments.weight >= kNameRunsMin &&
      (!estimated || name->second.moments.variance < kAlike * kAlike)) {
    return name->second.moments;
  }
  if (estimated) {
    Moments moments{std::log(to_seconds(spec.expected_run_time)), kEstimateSigma * kEstimateSigma,
                    1};
    const auto error = estimate_errors_.find(spec.tenant);
    if (error != estimate_errors_.end() && error->second.moments.weight >= kTenantRunsMin) {
      moments.mean += error->second.moments.mean;
      moments.variance = error->second.moments.variance;
    }
    return moments;
  }
  const auto tenant = by_tenant_.find(spec.tenant);
  if (tenant != by_tenant_.end() && tenant->second.moments.weight >= kTenantRunsMin) {
    return tenant->second.moments;
  }
  return {kPublishedMean, kPublishedSigma * kPublishedSigma, 1};
}

RunTimeQuantiles RunTimes::remaining(const protocol::JobSpec& spec, Duration elapsed) const {
  const Moments moments = moments_of(spec);
  const double sigma = std::max(kSigmaMin, std::sqrt(std::max(0.0, moments.variance)));
  const double elapsed_s = std::max(0.0, to_seconds(elapsed));
  const double passed =
      elapsed_s > 0 ? normal_cdf((std::log(elapsed_s) - moments.mean) / sigma) : 0.0;
  const auto quantile = [&](double share) {
    const double p = passed + share * (1 - passed);
    double total_s = std::exp(moments.mean + sigma * normal_quantile(p));
    if (spec.maximum_run_time > Duration::zero()) {
      total_s = std::min(total_s, to_seconds(spec.maximum_run_time));
    }
    constexpr double kLongestS = 1e8;  // some years: no run time is worth more digits
    // Rounded to milliseconds before any decision.
    return from_seconds(std::clamp(total_s - elapsed_s, 0.0, kLongestS));
  };
  return {quantile(0.5), quantile(0.9)};
}

}  // namespace hearth::scheduler
