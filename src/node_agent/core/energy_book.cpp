#include "node_agent/core/energy_book.h"

#include <algorithm>

namespace hearth::node_agent {
namespace {

// A counter that went back was reset: what it shows is what it counted since.
Joules advance(Joules& last, Joules now) {
  const Joules delta = now >= last ? now - last : std::max(now, Joules{0});
  last = now;
  return delta;
}

}  // namespace

EnergyBook::EnergyBook(std::string boot_id, double joules_per_cpu_s)
    : joules_per_cpu_s_(joules_per_cpu_s) {
  ledger_.boot_id = std::move(boot_id);
}

void EnergyBook::begin(AttemptId attempt, bool adopted) {
  accounts_[attempt].adopted = adopted;
}

void EnergyBook::cpu_read(const CpuTimeRead& event) {
  for (const auto& item : event.items) {
    const auto found = accounts_.find(item.attempt);
    if (found == accounts_.end()) continue;
    auto& account = found->second;
    if (account.adopted && !account.seen) {
      account.cpu_booked_s = item.cpu_s;
      account.energy = Joules{item.cpu_s * joules_per_cpu_s_};
    }
    account.seen = true;
    account.cpu_read_s = std::max(item.cpu_s, account.cpu_booked_s);
  }
}

void EnergyBook::set_cost(AttemptId attempt, double share) {
  const auto found = accounts_.find(attempt);
  if (found != accounts_.end()) found->second.cost = share;
}

Joules EnergyBook::used_since_last_pass(const SensorsRead& event, TimePoint now) {
  if (event.meter) return advance(last_meter_, *event.meter);
  if (event.power_w.quality != protocol::Quality::kGood || !last_pass_) return {};
  return Watts{std::max(0.0, event.power_w.value)} * (now - *last_pass_);
}

void EnergyBook::sensors_read(const SensorsRead& event, TimePoint now) {
  const Joules used = used_since_last_pass(event, now);
  const Joules filler = std::min(advance(last_filler_, event.filler), used);
  const Joules resistance = std::min(advance(last_resistance_, event.resistance), used - filler);
  ledger_.meter += used;
  ledger_.filler += filler;
  ledger_.resistance += resistance;
  charge_attempts(used - filler - resistance, last_pass_ ? to_seconds(now - *last_pass_) : 0);
  last_pass_ = now;
}

void EnergyBook::charge_attempts(Joules remainder, double elapsed_s) {
  const Joules for_ended = std::min(owed_, remainder);
  owed_ -= for_ended;
  remainder -= for_ended;
  double cpu_s = 0;
  for (const auto& [attempt, account] : accounts_)
    cpu_s += (account.cpu_read_s - account.cpu_booked_s) * account.cost;
  const Joules asked{cpu_s * joules_per_cpu_s_};
  const double share = asked > remainder ? remainder / asked : 1;
  Joules booked;
  for (auto& [attempt, account] : accounts_) {
    const double delta_s = account.cpu_read_s - account.cpu_booked_s;
    const Joules energy{delta_s * account.cost * joules_per_cpu_s_ * share};
    account.cpu_booked_s = account.cpu_read_s;
    account.energy += energy;
    if (account.seen && account.passes++ > 0 && elapsed_s > 0) {
      account.busy_cores = delta_s / elapsed_s;
    }
    booked += energy;
  }
  booked = std::min(booked, remainder);  // the last bit of a sum of shares
  ledger_.attempts += for_ended + booked;
  ledger_.idle += remainder - booked;
}

Joules EnergyBook::end(AttemptId attempt, double cpu_s) {
  const auto found = accounts_.find(attempt);
  if (found == accounts_.end()) return {};
  const auto account = found->second;
  accounts_.erase(found);
  if (account.adopted && !account.seen) return Joules{cpu_s * joules_per_cpu_s_};
  const double rest_s = std::max({cpu_s, account.cpu_read_s, 0.0}) - account.cpu_booked_s;
  const Joules rest{std::max(0.0, rest_s) * account.cost * joules_per_cpu_s_};
  owed_ += rest;
  return account.energy + rest;
}

double EnergyBook::cpu_s(AttemptId attempt) const {
  const auto found = accounts_.find(attempt);
  return found == accounts_.end() ? 0 : found->second.cpu_read_s;
}

std::optional<double> EnergyBook::busy_cores(AttemptId attempt) const {
  const auto found = accounts_.find(attempt);
  if (found == accounts_.end()) return std::nullopt;
  return found->second.busy_cores;
}

std::optional<Watts> EnergyBook::take_mean_power() {
  std::optional<Watts> mean;
  if (mean_since_ && last_pass_ && *last_pass_ > *mean_since_) {
    mean = Watts{(ledger_.meter - mean_from_).value / to_seconds(*last_pass_ - *mean_since_)};
  }
  mean_from_ = ledger_.meter;
  mean_since_ = last_pass_;
  return mean;
}

}  // namespace hearth::node_agent
