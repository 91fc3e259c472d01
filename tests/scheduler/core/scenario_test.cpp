// Runs every file of tests/scheduler/scenarios: what happens, `----`, what is ordered.
// UPDATE_SCENARIOS=1 rewrites the expected parts; read the diff before you commit it.
//
//   config key=value...                     before anything else; times in seconds
//   at 5s submit REQUEST tasks=2 [class=FLEX] [cores=1] [memory_mb=0] [retries=0] [priority=50]
//                                           [expected_s=0] [held=1] [after=j1:SUCCESS]
//                                           [max_failed=0] [max_failed_percent=0]
//                                           [deadline_s=60] [on_deadline=cancel]
//                                           [no_residential=1] [secret=NAME]
//   at 5s sN hello NODE zone=Z [cores=1] [air=19] [setpoint=20|off] [counter=1] [install=i]
//                                           [residential=1] [takes_secrets=1]
//   at 5s sN holds|results a1.2=j1/0+ ...   (+: started)
//   at 5s sN end | started a1.2 | returned a1.2 | closed
//   at 5s sN report air=19 [setpoint=20|off] [limits=1] [power=30]
//   at 5s sN result a1.2 j1/0 ok|USER_ERROR|... [run_ms=100]
//   at 5s clock                             UTC is known, and the same as the time
//   at 5s hold|release|update j1 [priority=50] [deadline_s=60|none]
//   at 5s explain j1/0                      answered with its summary
//   at 5s durable | tick | cancel j1 | drain NODE | undrain NODE | set ZONE 21|off
#include "support/scenario.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <sstream>

#include "scheduler/core/scheduler.h"

namespace hearth::scheduler {
namespace {

using protocol::FailureClass;

struct Line {
  std::vector<std::string> words;
  std::map<std::string, std::string> values;

  explicit Line(const std::string& text) {
    std::istringstream in(text);
    for (std::string word; in >> word;) {
      const auto equals = word.find('=');
      if (equals == std::string::npos || word[0] == 'a') {
        words.push_back(word);
      }
      if (equals != std::string::npos) values[word.substr(0, equals)] = word.substr(equals + 1);
    }
  }
  [[nodiscard]] double number(const std::string& key, double otherwise) const {
    const auto found = values.find(key);
    return found == values.end() ? otherwise : std::stod(found->second);
  }
  [[nodiscard]] std::string text(const std::string& key, const std::string& otherwise) const {
    const auto found = values.find(key);
    return found == values.end() ? otherwise : found->second;
  }
};

std::vector<protocol::HeldAttempt> held_attempts(const Line& line) {
  std::vector<protocol::HeldAttempt> held;
  for (auto word : line.words) {
    const auto equals = word.find('=');
    if (equals == std::string::npos) continue;
    const bool started = word.ends_with('+');
    if (started) word.pop_back();
    held.push_back({*parse_attempt_id(word.substr(0, equals)),
                    *parse_task_id(word.substr(equals + 1)), started});
  }
  return held;
}

std::vector<AttemptId> attempts(const Line& line) {
  std::vector<AttemptId> ids;
  for (std::size_t i = 4; i < line.words.size(); ++i)
    ids.push_back(*parse_attempt_id(line.words[i]));
  return ids;
}

protocol::Telemetry telemetry(const Line& line) {
  protocol::Telemetry t;
  t.air_temperature_c = {line.number("air", 19), protocol::Quality::kGood};
  t.power_w = {line.number("power", 30), protocol::Quality::kGood};
  if (line.text("setpoint", "20") != "off") t.setpoint = Celsius{line.number("setpoint", 20)};
  t.t_ref = t.setpoint.value_or(protocol::kSetpointMin);
  t.limits_revision = static_cast<std::uint64_t>(line.number("limits", 0));
  return t;
}

protocol::Setpoint setpoint(const std::string& text) {
  if (text == "off") return {.mode = protocol::SetpointMode::kOff};
  return {.value = Celsius{std::stod(text)}};
}

protocol::AgentMessage agent_message(const Line& line) {
  const auto& kind = line.words[3];
  if (kind == "hello") {
    protocol::Hello hello;
    hello.installation_id = line.text("install", "i");
    hello.session_counter = static_cast<std::uint64_t>(line.number("counter", 1));
    hello.facts.node = NodeId{line.words[4]};
    hello.facts.zone = ZoneId{line.text("zone", "z1")};
    hello.facts.site = SiteId{line.text("site", "default")};
    hello.facts.cores = static_cast<int>(line.number("cores", 1));
    hello.facts.memory_bytes = static_cast<std::uint64_t>(line.number("memory_mb", 1024)) << 20;
    hello.facts.residential = line.number("residential", 1) != 0;
    hello.facts.takes_secrets = line.number("takes_secrets", 1) != 0;
    hello.facts.static_share = Watts{line.number("share", 500)};
    hello.setpoint = setpoint(line.text("setpoint", "20"));
    hello.telemetry = telemetry(line);
    return hello;
  }
  if (kind == "holds") return protocol::HelloAttempts{held_attempts(line)};
  if (kind == "results") return protocol::HelloResults{held_attempts(line)};
  if (kind == "end") return protocol::HelloEnd{};
  if (kind == "started") return protocol::AttemptsStarted{attempts(line)};
  if (kind == "returned") return protocol::AttemptsReturned{attempts(line)};
  if (kind == "report") return protocol::Report{telemetry(line)};
  EXPECT_EQ(kind, "result");
  protocol::AttemptReport report;
  report.attempt = *parse_attempt_id(line.words[4]);
  report.task = *parse_task_id(line.words[5]);
  for (int f = 0; f <= static_cast<int>(FailureClass::kCancelled); ++f) {
    const auto failure = static_cast<FailureClass>(f);
    if (to_string(failure) == line.words[6]) report.failure = failure;
  }
  report.nominal_run_time = Duration{static_cast<int>(line.number("run_ms", 100))};
  return protocol::TaskResult{report};
}

UtcTime utc(double seconds) {
  return UtcTime{from_seconds(seconds)};
}

void order(const Line& line, protocol::JobSpec& spec) {
  spec.held = line.number("held", 0) != 0;
  if (line.values.contains("max_failed")) {
    spec.maximum_failed_tasks = static_cast<std::uint64_t>(line.number("max_failed", 0));
  }
  if (line.values.contains("max_failed_percent")) {
    spec.maximum_failed_percent = static_cast<int>(line.number("max_failed_percent", 0));
  }
  if (line.values.contains("deadline_s")) spec.deadline = utc(line.number("deadline_s", 0));
  if (line.text("on_deadline", "") == "cancel") {
    spec.deadline_action = protocol::DeadlineAction::kCancel;
  }
  if (!line.values.contains("after")) return;
  const auto& after = line.values.at("after");
  const auto colon = after.find(':');
  using protocol::AfterCondition;
  for (const auto condition :
       {AfterCondition::kSuccess, AfterCondition::kFailure, AfterCondition::kAny}) {
    if (to_string(condition) == after.substr(colon + 1)) {
      spec.after.push_back({*parse_job_id(after.substr(0, colon)), condition});
    }
  }
}

SubmitRequested submit(const Line& line) {
  SubmitRequested event;
  event.call = 1;
  event.request = {TenantId{"bank"}, line.words[3]};
  event.request_hash = line.text("hash", "h");
  event.spec.command = {"true"};
  event.spec.task_count = static_cast<std::uint64_t>(line.number("tasks", 1));
  event.spec.service_class = *protocol::parse_service_class(line.text("class", "ON_DEMAND"));
  event.spec.priority = static_cast<int>(line.number("priority", 50));
  event.spec.user_retries = static_cast<int>(line.number("retries", 0));
  event.spec.expected_run_time = from_seconds(line.number("expected_s", 0));
  event.spec.resources.cores = static_cast<int>(line.number("cores", 1));
  event.spec.resources.memory_bytes = static_cast<std::uint64_t>(line.number("memory_mb", 0)) << 20;
  event.spec.no_residential = line.number("no_residential", 0) != 0;
  if (line.values.contains("secret")) {
    event.spec.secrets[line.values.at("secret")] = protocol::Secret{"hunter2"};
  }
  order(line, event.spec);
  return event;
}

Event update(const Line& line) {
  UpdateRequested event{.call = 5, .job = *parse_job_id(line.words[3]), .reason = "test"};
  if (line.words[2] != "update") event.held = line.words[2] == "hold";
  if (line.values.contains("priority")) event.priority = std::stoi(line.values.at("priority"));
  if (line.values.contains("deadline_s")) {
    event.deadline.emplace();
    if (line.values.at("deadline_s") != "none") *event.deadline = utc(line.number("deadline_s", 0));
  }
  return event;
}

Event parse(const Line& line, const Scheduler& scheduler) {
  const auto& kind = line.words[2];
  if (kind == "submit") return submit(line);
  if (kind == "durable") return CommitDurable{scheduler.last_seq()};
  if (kind == "tick") return TimePassed{};
  if (kind == "clock") return WallClockRead{utc(std::stod(line.words[1]))};
  if (kind == "hold" || kind == "release" || kind == "update") return update(line);
  if (kind == "cancel") return CancelRequested{2, *parse_job_id(line.words[3]), "test"};
  if (kind == "expired") {
    JobsExpired event;
    for (std::size_t i = 3; i < line.words.size(); ++i) {
      event.jobs.push_back(*parse_job_id(line.words[i]));
    }
    return event;
  }
  if (kind == "pause" || kind == "resume") {
    return QueueRequested{6, protocol::parse_service_class(line.words[3]), kind == "pause", "test"};
  }
  if (kind == "quarantine" || kind == "trust") {
    return QuarantineRequested{7, NodeId{line.words[3]}, kind == "quarantine", false, "test"};
  }
  if (kind == "drain") return DrainRequested{3, NodeId{line.words[3]}, true, false};
  if (kind == "undrain") return DrainRequested{3, NodeId{line.words[3]}, false, false};
  if (kind == "set") return SetpointRequested{4, ZoneId{line.words[3]}, setpoint(line.words[4])};
  const SessionId session{std::stoull(kind.substr(1))};
  if (line.words[3] == "closed") return SessionClosed{session};
  return AgentSaid{session, agent_message(line)};
}

SchedulerConfig configure(const Line& line) {
  SchedulerConfig config;
  config.silent_after = from_seconds(line.number("silent_after", 30));
  config.lost_after = from_seconds(line.number("lost_after", 600));
  config.plan_period = from_seconds(line.number("plan_period", 3600));
  config.limits_valid_for = from_seconds(line.number("valid_for", 7200));
  config.dispatch_mark_step = static_cast<std::uint64_t>(line.number("mark_step", 4096));
  config.request_keep = from_seconds(line.number("request_keep", 7 * 86'400));
  config.request_ids_max = static_cast<std::size_t>(line.number("request_ids_max", 1'000'000));
  config.mass_silence_nodes = static_cast<std::size_t>(line.number("mass_silence", 20));
  if (line.values.contains("breaker")) {
    config.sites[SiteId{"default"}] = {Watts{line.number("breaker", 0)},
                                       Watts{line.number("reserve", 0)}};
  }
  return config;
}

hearth::test::Respond fresh_scheduler() {
  struct Cluster {
    SchedulerConfig config;
    std::unique_ptr<Scheduler> scheduler;
  };
  return [cluster = std::make_shared<Cluster>()](const std::string& text) {
    const Line line(text);
    std::vector<std::string> ordered;
    if (line.words[0] == "config") {
      cluster->config = configure(line);
      return ordered;
    }
    auto& scheduler = cluster->scheduler;
    if (!scheduler) {
      DurableState state;
      state.store_id = "test";
      state.epoch = 1;
      scheduler = std::make_unique<Scheduler>(cluster->config, state);
    }
    if (line.words[2] == "explain") {
      const auto told = scheduler->explain_task(*parse_task_id(line.words[3]));
      ordered.push_back(told ? told->summary : told.error().message);
      return ordered;
    }
    const TimePoint now{from_seconds(std::stod(line.words[1]))};
    for (const auto& command : scheduler->apply(parse(line, *scheduler), now)) {
      ordered.push_back(to_string(command));
    }
    return ordered;
  };
}

TEST(Scenario, EveryFileReplaysAsWritten) {
  hearth::test::replay_every_file(SCENARIO_DIR, fresh_scheduler);
}

}  // namespace
}  // namespace hearth::scheduler
