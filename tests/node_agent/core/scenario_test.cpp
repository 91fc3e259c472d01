// Runs every file of tests/node_agent/scenarios: lines in, commands out.
// UPDATE_SCENARIOS=1 rewrites the expected parts; read the diff before you commit it.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
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

// The scenario with what the agent really answers in place of what it expects.
std::string replay(const std::string& scenario) {
  Agent agent(small_config(), fresh_state());
  std::vector<Command> pending;
  std::string out;
  bool in_answer = false;
  std::istringstream lines(scenario);
  for (std::string line; std::getline(lines, line);) {
    if (line == "----") {
      out += "----\n";
      for (const auto& command : pending) out += to_string(command) + "\n";
      pending.clear();
      in_answer = true;
    } else if (line.empty()) {
      out += "\n";
      in_answer = false;
    } else if (!in_answer) {
      out += line + "\n";
      if (line[0] == '#') continue;
      const Line parsed(line);
      for (auto& command : agent.apply(parse(parsed), parsed.time)) pending.push_back(command);
    }
  }
  return out;
}

TEST(Scenario, EveryFileReplaysAsWritten) {
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(SCENARIO_DIR)) {
    SCOPED_TRACE(entry.path().filename());
    std::stringstream text;
    text << std::ifstream(entry.path()).rdbuf();
    const auto actual = replay(text.str());
    if (std::getenv("UPDATE_SCENARIOS")) std::ofstream(entry.path()) << actual;
    EXPECT_EQ(text.str(), actual);
    ++files;
  }
  EXPECT_GT(files, 0);
}

}  // namespace
}  // namespace hearth::node_agent::test
