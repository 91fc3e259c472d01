#include "node_agent/core/command.h"

#include <cstdio>

namespace hearth::node_agent {
namespace {

std::string watts(Watts power) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.1fW", power.value);
  return buffer;
}

struct Print {
  std::string operator()(const Send& c) const { return "send " + to_string(c.message); }
  std::string operator()(const OfferResult& c) const { return "offer " + to_string(c.attempt); }
  std::string operator()(const ForgetResult& c) const { return "forget " + to_string(c.attempt); }
  std::string operator()(const FetchInputs& c) const { return "fetch for " + to_string(c.attempt); }
  std::string operator()(const StartTask& c) const {
    return "start " + to_string(c.attempt) + " " + to_string(c.task);
  }
  std::string operator()(const StopTask& c) const {
    return "stop " + to_string(c.attempt) + " as " + std::string(to_string(c.failure)) +
           " within " + hearth::to_string(c.grace);
  }
  std::string operator()(const SetSpeed& c) const {
    return "speed " + to_string(c.attempt) + " " + std::to_string(c.permille);
  }
  std::string operator()(const SetPowerCap& c) const { return "cap " + watts(c.cap); }
  std::string operator()(const SetFiller& c) const {
    return "filler " + watts(c.filler) + " resistance " + watts(c.resistance) +
           (c.circulate ? " circulate" : "");
  }
  std::string operator()(const SpoolResult& c) const {
    return "spool " + to_string(c.report.attempt) + " " + std::string(to_string(c.report.failure));
  }
  std::string operator()(const DiscardAttempt& c) const {
    return "discard " + to_string(c.attempt);
  }
  std::string operator()(const StoreSetpoint& c) const {
    return "store " + to_string(protocol::AgentMessage{protocol::SetpointInForce{c.setpoint}});
  }
  std::string operator()(const StoreEpoch& c) const {
    return "store epoch " + std::to_string(c.epoch);
  }
  std::string operator()(const StorePlan& c) const {
    return "store " + to_string(protocol::SchedulerMessage{protocol::PlanChanged{c.plan}});
  }
  std::string operator()(const StoreDraws& c) const {
    return "store draws of " + std::to_string(c.half_hours) + " half hours";
  }
  std::string operator()(const StoreNearCase& c) const {
    return "store near case of " + std::to_string(c.bias.stops) + " stops";
  }
  std::string operator()(const PowerBoards& c) const {
    return std::string("boards ") + (c.on ? "on" : "off");
  }
  std::string operator()(const RecordHygiene& c) const {
    return "record hygiene " + std::string(to_string(c.record.result));
  }
  std::string operator()(const CloseStream& c) const { return "close stream: " + c.reason; }
};

}  // namespace

std::string to_string(const Command& command) {
  return std::visit(Print{}, command);
}

}  // namespace hearth::node_agent
