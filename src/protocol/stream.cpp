#include "protocol/stream.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace hearth::protocol {
namespace {

constexpr std::array<std::string_view, 4> kStopReasonNames = {"job cancelled", "superseded",
                                                              "drained", "heat"};

std::string fixed(double value) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.2f", value);
  return buffer;
}

std::string list(const std::vector<AttemptId>& attempts) {
  std::string text;
  for (const auto attempt : attempts) text += " " + to_string(attempt);
  return text;
}

std::string list(const std::vector<HeldAttempt>& attempts) {
  std::string text;
  for (const auto& held : attempts) {
    text += " " + to_string(held.attempt) + "=" + to_string(held.task) + (held.started ? "+" : "");
  }
  return text;
}

std::string describe(const Telemetry& t) {
  return "air=" + fixed(t.air_temperature_c.value) + " power=" + fixed(t.power_w.value) +
         " wanted=" + fixed(t.power_wanted.value) + " limits=" + std::to_string(t.limits_revision);
}

std::string describe(const Setpoint& s) {
  std::string text(to_string(s.mode));
  if (s.mode == SetpointMode::kConstant) text += " " + fixed(s.value.value);
  return text + " revision=" + std::to_string(s.revision.counter) + "/" +
         std::string(to_string(s.revision.origin));
}

struct Print {
  std::string operator()(const Hello& m) const {
    return "hello " + m.facts.node.value + " session=" + std::to_string(m.session_counter) + " " +
           describe(m.telemetry);
  }
  std::string operator()(const HelloAttempts& m) const { return "holds" + list(m.attempts); }
  std::string operator()(const HelloResults& m) const { return "has results" + list(m.attempts); }
  std::string operator()(const HelloEnd&) const { return "hello end"; }
  std::string operator()(const Report& m) const { return "report " + describe(m.telemetry); }
  std::string operator()(const AttemptsStarted& m) const { return "started" + list(m.attempts); }
  std::string operator()(const TaskResult& m) const {
    return "result " + to_string(m.report.attempt) + " " + to_string(m.report.task) + " " +
           std::string(to_string(m.report.failure));
  }
  std::string operator()(const AttemptsReturned& m) const { return "returned" + list(m.attempts); }
  std::string operator()(const SetpointInForce& m) const {
    return "setpoint " + describe(m.setpoint);
  }
  std::string operator()(const Welcome&) const { return "welcome"; }
  std::string operator()(const JobDetails& m) const { return "details of " + to_string(m.job); }
  std::string operator()(const StartAttempt& m) const {
    return "start " + to_string(m.attempt) + " " + to_string(m.task);
  }
  std::string operator()(const StopAttempt& m) const {
    return "stop " + to_string(m.attempt) + ": " + std::string(to_string(m.reason));
  }
  std::string operator()(const ResultsAcknowledged& m) const {
    return "acknowledge" + list(m.attempts);
  }
  std::string operator()(const LimitsChanged& m) const {
    return "limits " + std::to_string(m.limits.revision) + " t_ref=" + fixed(m.limits.t_ref.value) +
           " p_max=" + fixed(m.limits.p_max.value);
  }
  std::string operator()(const SetpointOrdered& m) const { return "set " + describe(m.setpoint); }
  std::string operator()(const PlanChanged& m) const {
    return "plan of " + std::to_string(m.plan.hours.size()) + " h" +
           (m.plan.model ? " with a model" : "");
  }
};

// The two usual exponents exactly, and without the cost of any.
double raised(double base, double exponent) {
  if (exponent == 1) return base;
  if (exponent == 2) return base * base;
  return std::pow(base, exponent);
}

}  // namespace

double power_share(const SpeedLaw& law, double speed) {
  const double s = std::clamp(speed, 0.0, 1.0);
  if (s >= law.speed_min) return raised(s, law.exponent);
  return raised(law.speed_min, law.exponent) * s / law.speed_min;
}

double speed_at(const SpeedLaw& law, double share) {
  return SpeedCurve{law}(share);
}

SpeedCurve::SpeedCurve(const SpeedLaw& law)
    : law_(law),
      share_at_min_(raised(law.speed_min, law.exponent)),
      inverse_exponent_(1 / law.exponent) {}

double SpeedCurve::operator()(double share) const {
  const double p = std::clamp(share, 0.0, 1.0);
  if (p < share_at_min_) return law_.speed_min * p / share_at_min_;
  return law_.exponent == 2 ? std::sqrt(p) : raised(p, inverse_exponent_);
}

std::string_view to_string(StopReason reason) {
  return kStopReasonNames[static_cast<std::size_t>(reason)];
}
std::string to_string(const AgentMessage& message) {
  return std::visit(Print{}, message);
}
std::string to_string(const SchedulerMessage& message) {
  return std::visit(Print{}, message);
}

}  // namespace hearth::protocol
