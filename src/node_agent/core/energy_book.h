// Attributes every joule once (promise 6): to an attempt, filler, idle or resistance.
//
// From cumulative counters: each pass splits the meter's delta. Filler and resistance get what
// their own counters say; attempts get their CPU seconds (at full speed) times the node's joules
// per CPU second, (max - idle) / cores, cheaper where they are slowed by frequency; never more than
// what remains; the rest is idle. An attempt that ends
// between two passes is charged at that rate at once and the next pass books it; what that pass
// cannot cover it carries forward. So the fields always add up to the meter.
#pragma once

#include <optional>

#include "common/flat_map.h"
#include "common/ids.h"
#include "common/time.h"
#include "node_agent/core/event.h"
#include "protocol/heat.h"

namespace hearth::node_agent {

class EnergyBook {
 public:
  EnergyBook(std::string boot_id, double joules_per_cpu_s);

  // `adopted`: it ran before this agent did. Its use until it is first seen was booked by the
  // agent before; its own account begins with that, estimated at the same rate.
  void begin(AttemptId attempt, bool adopted);
  void cpu_read(const CpuTimeRead& event);

  // What a CPU second of this attempt costs from now on, of what it costs at full speed.
  void set_cost(AttemptId attempt, double share);

  // Splits what the meter counted since the last pass. Without a meter power_w is integrated.
  void sensors_read(const SensorsRead& event, TimePoint now);

  // Ends the attempt's account at `cpu_s` in all and returns its energy.
  Joules end(AttemptId attempt, double cpu_s);

  // CPU time of the attempt as last read.
  double cpu_s(AttemptId attempt) const;

  // Mean busy cores between the last two passes; unset until it ran through a whole one.
  std::optional<double> busy_cores(AttemptId attempt) const;

  const protocol::EnergyLedger& ledger() const { return ledger_; }

  // Mean electric power since the last call; unset where the meter did not move on.
  std::optional<Watts> take_mean_power();

 private:
  struct Account {
    bool adopted = false;
    double cost = 1;          // of a CPU second at full speed
    double cpu_booked_s = 0;  // of what was read, already charged
    double cpu_read_s = 0;
    std::optional<double> busy_cores;
    bool seen = false;
    int passes = 0;
    Joules energy;
  };
  Joules used_since_last_pass(const SensorsRead& event, TimePoint now);
  void charge_attempts(Joules remainder, double elapsed_s);

  double joules_per_cpu_s_;
  protocol::EnergyLedger ledger_;
  FlatMap<AttemptId, Account> accounts_;
  Joules owed_;  // charged to ended attempts, not yet booked
  Joules last_meter_;
  Joules last_filler_;
  Joules last_resistance_;
  std::optional<TimePoint> last_pass_;
  Joules mean_from_;
  std::optional<TimePoint> mean_since_;
};

}  // namespace hearth::node_agent
