#include "simulator/promises.h"

#include <algorithm>
#include <cmath>

#include "simulator/result_text.h"

namespace hearth::simulator {
namespace {

// A promise "must be 0" of a sum of floating-point excesses.
constexpr double kNothing = 1e-3;
constexpr double kSeasonDays = 60;   // fewer say little about how often a band holds
constexpr double kLittleLoad = 0.1;  // up to here the table's 3 % column
constexpr double kFullLoad = 1;      // from here its 110 % column
constexpr double kEqual = 1.001;     // "no worse": rounding is not worse

std::string number(double value) {
  return short_number(value);
}

class Table {
 public:
  explicit Table(const Comparison& comparison)
      : scenario_(comparison.scenario),
        hearth_(comparison.find("hearth")),
        ideal_(comparison.find("ideal")),
        rules_(comparison.find("rule-based")),
        thermostat_(comparison.find("thermostat")) {}

  std::vector<Promise> check() {
    if (!hearth_) return {};
    comfort();
    if (has_work()) work();
    if (thermostat_) ablation();
    fairness();
    if (hearth_->has("tanks")) tanks();
    capacity();
    speed();
    return std::move(promises_);
  }

 private:
  [[nodiscard]] bool has_work() const {
    return scenario_.work.kind != WorkKind::kNone && scenario_.work.load > 0;
  }
  [[nodiscard]] double h(const char* metric) const { return hearth_->mean(metric); }

  void add(std::string name, bool holds, std::string figures) {
    promises_.push_back({std::move(name), holds, std::move(figures)});
  }

  void no_more(const std::string& name, const char* metric, const PolicyRuns& than,
               double factor = 1) {
    const double bound = factor * than.mean(metric);
    add(name, h(metric) <= kEqual * bound + 1e-9,
        number(h(metric)) + " against " + number(bound) + " of " + than.policy +
            (factor == 1 ? "" : " at equal heat"));
  }

  void comfort() {
    const double over = hearth_->most("over_by_compute_kh");
    add("over_by_compute_kh is 0", over <= kNothing, number(over) + " in the worst world");
    if (ideal_) {
      const bool little = !has_work() || scenario_.work.load <= kLittleLoad;
      const double ideal_k = ideal_->mean("rms_error_k");
      const double bound_k = little ? std::max(0.5, ideal_k + 0.15) : ideal_k + 0.4;
      add(little ? "rms_error_k <= max(0.5, ideal + 0.15)" : "rms_error_k <= ideal + 0.4",
          h("rms_error_k") <= bound_k, number(h("rms_error_k")) + " against " + number(bound_k));
    }
    if (!rules_) return;
    add("rms_error_k below rule-based", h("rms_error_k") < rules_->mean("rms_error_k"),
        number(h("rms_error_k")) + " against " + number(rules_->mean("rms_error_k")));
    if (!ideal_) return;
    const double base = ideal_->mean("tdis_kh");
    const double ours = h("tdis_kh") - base;
    const double theirs = rules_->mean("tdis_kh") - base;
    add("tdis_kh over ideal <= a third of rule-based's", ours <= theirs / 3,
        number(ours) + " against " + number(theirs) + " / 3");
  }

  void work() {
    const double lost = h("machine_time_lost_share");
    add("machine_time_lost_share <= 2 %", lost <= 0.02, number(100 * lost) + " %");
    if (!rules_) return;
    no_more("machine_time_lost_share no more than rule-based's", "machine_time_lost_share",
            *rules_);
    const bool full = scenario_.work.load >= kFullLoad;
    // At full load who heats more computes more; the comparison is at equal heat.
    const double heat = rules_->mean("heat_delivered_j") / std::max(1.0, h("heat_delivered_j"));
    const double factor = full ? heat : 1;
    no_more("wait_mean_s no worse than rule-based's", "wait_mean_s", *rules_, factor);
    no_more("slowdown_mean no worse than rule-based's", "slowdown_mean", *rules_, factor);
    const double wanted = (full ? 0.98 / heat : 1 / kEqual) * rules_->mean("core_hours_in_days");
    add(full ? "core_hours_in_days >= 98 % of rule-based's at equal heat"
             : "core_hours_in_days no fewer than rule-based's",
        h("core_hours_in_days") >= wanted,
        number(h("core_hours_in_days")) + " against " + number(wanted));
  }

  void ablation() {
    const double filler = h("filler_energy_j"), theirs = thermostat_->mean("filler_energy_j");
    add("less filler energy than thermostat", filler < theirs,
        number(filler / 3.6e6) + " kWh against " + number(theirs / 3.6e6));
    if (!has_work()) return;
    const double lost = h("machine_time_lost_share");
    const double lost_there = thermostat_->mean("machine_time_lost_share");
    add("less work lost than thermostat", lost < lost_there || (lost == 0 && lost_there == 0),
        number(100 * lost) + " % against " + number(100 * lost_there) + " %");
  }

  void fairness() {
    const double worst_k = hearth_->most("k_max_k");
    add("max K_z <= 0.3 K", worst_k <= 0.3, number(worst_k) + " in the worst world");
    const double correlation = h("k_cpu_rank_correlation");
    // A stronger model has a larger room, which loses less of its heat to an opened window: what
    // ideal shows is the world's own, see node.model_spread.
    add("rank correlation of K_z with the CPU model within 0.1", std::abs(correlation) <= 0.1,
        number(correlation) +
            (ideal_ ? ", ideal " + number(ideal_->mean("k_cpu_rank_correlation")) : ""));
  }

  // What `ideal` cannot meet either is shown beside it: the physical limit.
  void tanks() {
    const double use = hearth_->least("tank_cpu_use_of_allowed");
    if (has_work()) {
      add("tanks' cpu_use >= 60 % of what the draw-off allows", use >= 0.6,
          number(100 * use) + " % in the worst world");
    }
    const double resistance = hearth_->most("resistance_share_beyond_hygiene");
    add("tanks' resistance_share <= 10 % beyond the hygiene lift", resistance <= 0.1,
        number(100 * resistance) + " % in the worst world");
    const double unmet_l = hearth_->most("unmet_litres");
    add("tanks' unmet_litres are 0", unmet_l <= kNothing,
        number(unmet_l) + " in the worst world" +
            (ideal_ ? ", ideal " + number(ideal_->most("unmet_litres")) : ""));
    const double missed = hearth_->most("hygiene_missed");
    add("no hygiene lift is missed", missed <= kNothing, number(missed) + " in the worst world");
  }

  void capacity() {
    if (scenario_.days < kSeasonDays || !hearth_->has("capacity_coverage")) return;
    const double covered = h("capacity_coverage");
    add("the 90 % band of next-day capacity covers 85-95 % of days",
        covered >= 0.85 && covered <= 0.95,
        number(100 * covered) + " %, " + number(100 * hearth_->least("capacity_coverage")) +
            " in the worst world");
  }

  void speed() {
    const double node_days = scenario_.nodes * scenario_.days;
    // On one core: CPU time, since others may share the machine. Complete, with fits: ten minutes.
    const bool complete = scenario_.cores.fit_period_h > 0;
    const double bound_s = (complete ? 600 : 60) * node_days / (14 * 1024);
    add(complete ? "14 days of 1,024 nodes with fits <= 600 s of one core (in proportion)"
                 : "14 days of 1,024 nodes without fits <= 60 s of one core (in proportion)",
        hearth_->most("cpu_s") <= bound_s,
        number(hearth_->most("cpu_s")) + " s against " + number(bound_s) + ", on the clock " +
            number(hearth_->most("wall_s")) + " s");
    const double bytes = hearth_->most("peak_rss_bytes");
    add("memory <= 1 GB", bytes <= 1e9, number(bytes / 1e6) + " MB");
  }

  const Scenario& scenario_;
  const PolicyRuns* hearth_;
  const PolicyRuns* ideal_;
  const PolicyRuns* rules_;
  const PolicyRuns* thermostat_;
  std::vector<Promise> promises_;
};

}  // namespace

std::vector<Promise> promises(const Comparison& comparison) {
  return Table{comparison}.check();
}

}  // namespace hearth::simulator
