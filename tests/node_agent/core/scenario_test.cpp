// Runs every file of tests/node_agent/scenarios: lines in, commands out.
// UPDATE_SCENARIOS=1 rewrites the expected parts; read the diff before you commit it.
#include "support/scenario.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <sstream>
#include <stdexcept>

#include "support.h"

namespace hearth::node_agent::test {
namespace {

// "at 1s  air 19.5 meter=300": the words, and the key=value options among them.
struct Line {
  explicit Line(const std::string& text) {
    std::istringstream in(text);
    std::string word;
    in >> word >> word;
    time = TimePoint{parse_duration(word).value()};
    in >> kind;
    while (in >> word) {
      const auto equals = word.find('=');
      if (equals == std::string::npos) {
        words.push_back(word);
      } else {
        options[word.substr(0, equals)] = word.substr(equals + 1);
      }
    }
  }
  double number(const std::string& key, double otherwise) const {
    return options.contains(key) ? std::stod(options.at(key)) : otherwise;
  }
  AttemptId attempt() const { return parse_attempt_id(words.at(0)).value(); }
  TaskId task() const { return parse_task_id(words.at(1)).value(); }

  TimePoint time;
  std::string kind;
  std::vector<std::string> words;
  std::map<std::string, std::string> options;
};

protocol::Setpoint setpoint_of(const Line& line) {
  protocol::Setpoint setpoint;
  if (line.words.at(0) == "off") {
    setpoint.mode = protocol::SetpointMode::kOff;
  } else {
    setpoint.value = Celsius{std::stod(line.words.at(0))};
  }
  setpoint.revision = {static_cast<std::uint64_t>(line.number("revision", 0)),
                       protocol::SetpointOrigin::kApi};
  return setpoint;
}

std::optional<protocol::SchedulerMessage> scheduler_message(const Line& line) {
  if (line.kind == "details") {
    auto spec = spec_of(*protocol::parse_service_class(line.options.at("class")),
                        static_cast<int>(line.number("cores", 1)));
    if (line.options.contains("input")) spec.inputs.push_back({"", line.options.at("input")});
    return protocol::JobDetails{parse_job_id(line.words.at(0)).value(), spec};
  }
  if (line.kind == "assign") return protocol::StartAttempt{line.attempt(), line.task()};
  if (line.kind == "acknowledge") return protocol::ResultsAcknowledged{{line.attempt()}};
  if (line.kind == "api") return protocol::SetpointOrdered{setpoint_of(line)};
  if (line.kind == "limits") {
    auto limits = limits_of(line.number("t_ref", 20), line.number("p_max", 450),
                            parse_duration(line.options.at("for")).value());
    limits.revision = static_cast<std::uint64_t>(line.number("revision", 1));
    return protocol::LimitsChanged{limits};
  }
  if (line.kind == "stop") {
    for (const auto reason :
         {protocol::StopReason::kJobCancelled, protocol::StopReason::kSuperseded,
          protocol::StopReason::kDrained, protocol::StopReason::kHeat}) {
      if (to_string(reason).ends_with(line.words.at(1))) {
        return protocol::StopAttempt{line.attempt(), reason};
      }
    }
  }
  return std::nullopt;
}

Event parse(const Line& line) {
  if (auto message = scheduler_message(line)) {
    return SchedulerSaid{static_cast<std::uint64_t>(line.number("epoch", 1)), *message};
  }
  if (line.kind == "tick") return TimePassed{};
  if (line.kind == "opened") {
    return StreamOpened{static_cast<std::uint64_t>(line.number("epoch", 1)),
                        static_cast<std::uint64_t>(line.number("session", 1))};
  }
  if (line.kind == "closed") return StreamClosed{};
  if (line.kind == "inputs") return InputsReady{line.attempt()};
  if (line.kind == "no_inputs") {
    return InputsFailed{line.attempt(), protocol::FailureClass::kInputMissing, "not found"};
  }
  if (line.kind == "started") return AttemptStarted{line.attempt()};
  if (line.kind == "reset") return TripReset{};
  if (line.kind == "found") {
    RunnersFound found;
    found.running.push_back(
        {line.attempt(), line.task(), spec_of(protocol::ServiceClass::kOnDemand)});
    found.spooled.push_back({AttemptId{1, 99}, TaskId{JobId{9}, 9}, true});
    return found;
  }
  if (line.kind == "ended") {
    AttemptEnded ended;
    ended.report.attempt = line.attempt();
    ended.report.task = line.task();
    if (line.options.contains("as")) ended.report.failure = protocol::FailureClass::kHeat;
    return ended;
  }
  if (line.kind == "local") {
    LocalSetpointChosen chosen{setpoint_of(line), std::nullopt};
    if (line.options.contains("for")) {
      chosen.boost_for = parse_duration(line.options.at("for")).value();
    }
    return chosen;
  }
  if (line.kind == "air") {
    auto sensors = air_of(std::stod(line.words.at(0)));
    if (line.options.contains("case")) {
      sensors.case_temperature_c = good(line.number("case", 0));
    }
    return sensors;
  }
  throw std::invalid_argument("unknown event: " + line.kind);
}

hearth::test::Respond fresh_agent() {
  const auto agent = std::make_shared<Agent>(small_config(), fresh_state());
  return [agent](const std::string& text) {
    const Line line(text);
    std::vector<std::string> ordered;
    for (const auto& command : agent->apply(parse(line), line.time)) {
      ordered.push_back(to_string(command));
    }
    return ordered;
  };
}

TEST(Scenario, EveryFileReplaysAsWritten) {
  hearth::test::replay_every_file(SCENARIO_DIR, fresh_agent);
}

}  // namespace
}  // namespace hearth::node_agent::test
