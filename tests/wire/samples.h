// Values with every field set to something that is not its default.
#pragma once

#include "protocol/stream.h"

namespace hearth::wire::samples {

using namespace std::chrono_literals;

inline const std::string kDigest(64, 'a');

inline protocol::JobSpec spec() {
  return {.name = "risk 18:00",
          .tenant = TenantId{"bank"},
          .service_class = protocol::ServiceClass::kFlex,
          .priority = 70,
          .task_count = 1859,
          .command = {"python3", "risk.py", "{index}"},
          .environment = {{"LANG", "C.UTF-8"}, {"EMPTY", ""}},
          .inputs = {{kDigest, "bin/risk.py", true}},
          .outputs = {"out/*.csv"},
          .resources = {.cores = 4, .memory_bytes = 1 << 30},
          .expected_run_time = 90s,
          .maximum_run_time = 1h,
          .user_retries = 2,
          .infrastructure_retries = 7,
          .deadline = UtcTime{1'767'420'000'250ms},
          .labels = {{"desk", "equity"}},
          .needs_isolation = true,
          .after = {{JobId{12}, protocol::AfterCondition::kAny}},
          .held = true,
          .maximum_failed_tasks = 3,
          .maximum_failed_percent = 2,
          .deadline_action = protocol::DeadlineAction::kCancel,
          .indices = "3-1861",
          .logs = protocol::LogsKept::kNone,
          .no_residential = true,
          .needs_network = true,
          .secrets = {{"DB_PASSWORD", protocol::Secret{"hunter2"}}}};
}

inline protocol::AttemptReport report() {
  return {.attempt = {3, 41},
          .task = {JobId{7}, 12},
          .failure = protocol::FailureClass::kUserError,
          .exit_code = 3,
          .message = "exit code 3",
          .started_at = UtcTime{1'767'420'000'001ms},
          .finished_at = UtcTime{1'767'420'009'002ms},
          .nominal_run_time = 8500ms,
          .usage = {.cpu_s = 7.25, .peak_memory_bytes = 123'456, .energy = Joules{812.5}},
          .outputs = {{"out/a.csv", kDigest, 99}}};
}

inline protocol::Setpoint setpoint() {
  return {.mode = protocol::SetpointMode::kProgramme,
          .value = Celsius{21.5},
          .programme = {{0, Celsius{17.0}}, {360, Celsius{20.5}}},
          .revision = {9, protocol::SetpointOrigin::kLocal},
          .holiday = protocol::Holiday{Celsius{11.5}, UtcTime{1h}, UtcTime{50h}}};
}

inline protocol::Telemetry telemetry() {
  return {.air_temperature_c = {19.7, protocol::Quality::kGood},
          .power_w = {312, protocol::Quality::kStale},
          .power_wanted = Watts{350},
          .setpoint = Celsius{20.5},
          .t_ref = Celsius{20.8},
          .limits_revision = 17,
          .safe_mode = true,
          .tripped = true,
          .window_open = true,
          .asleep = true,
          .quiet = true,
          .minute_of_week = 10'079,
          .tank = protocol::TankReading{.top_c = {58, protocol::Quality::kGood},
                                        .middle_c = {52, protocol::Quality::kImplausible},
                                        .bottom_c = {41, protocol::Quality::kStale},
                                        .hygiene_due_in = 3h,
                                        .hygiene_energy = Joules{4.5e6},
                                        .hygiene_active = true,
                                        .hygiene_done = 12},
          .energy = {"boot-1", Joules{1}, Joules{2}, Joules{3}, Joules{4}, Joules{10}}};
}

inline protocol::NodeFacts facts() {
  return {.node = NodeId{"n1"},
          .site = SiteId{"site-1"},
          .zone = ZoneId{"bath"},
          .kind = protocol::NodeKind::kBoiler,
          .cores = 8,
          .memory_bytes = 16ull << 30,
          .off = Watts{3},
          .idle = Watts{40},
          .min_run = Watts{80},
          .max = Watts{900},
          .boot = 45s,
          .speed = {2, 0.5},
          .resistance = Watts{1500},
          .can_sleep = true,
          .follows = true,
          .quiet = {{1320, 360, Watts{150}}},
          .tank = protocol::TankFacts{300, Celsius{41}, Celsius{56}, Celsius{51}, Celsius{61}, 24h},
          .cpu_model = "Some CPU @ 3.4 GHz",
          .static_share = Watts{600},
          .isolated = true,
          .isolation_note = "no user namespaces",
          .agent_version = "0.1.0",
          .residential = false,
          .takes_secrets = true,
          .grants_network = true};
}

inline protocol::ZonePlan plan() {
  return {
      .from = UtcTime{1'767'420'000'250ms},
      .hours = {{Celsius{20}, Celsius{-5}, Watts{400}}, {Celsius{20.5}, Celsius{-6}, Watts{420}}},
      .model = protocol::ZoneModel{1.5e6, 2e7, 0.003, 0.05, 0.02, 1.25, 2.5}};
}

inline std::vector<protocol::AgentMessage> agent_messages() {
  const std::vector<protocol::HeldAttempt> held = {{{3, 41}, {JobId{7}, 12}, true}};
  const std::vector<AttemptId> attempts = {{3, 41}, {4, 1}};
  return {protocol::Hello{2, "install-1", 5, 6, facts(), setpoint(), telemetry()},
          protocol::HelloAttempts{held},
          protocol::HelloResults{held},
          protocol::HelloEnd{},
          protocol::Report{telemetry()},
          protocol::AttemptsStarted{attempts},
          protocol::TaskResult{report()},
          protocol::AttemptsReturned{attempts},
          protocol::SetpointInForce{setpoint()}};
}

inline std::vector<protocol::SchedulerMessage> scheduler_messages() {
  return {protocol::Welcome{"store-1", 3s},
          protocol::JobDetails{JobId{7}, spec(), true},
          protocol::StartAttempt{{3, 41}, {JobId{7}, 12}},
          protocol::StopAttempt{{3, 41}, protocol::StopReason::kHeat},
          protocol::ResultsAcknowledged{{{3, 41}, {3, 42}}},
          protocol::LimitsChanged{{18,
                                   Celsius{20.5},
                                   Watts{100},
                                   Watts{400},
                                   30s,
                                   Celsius{-3.5},
                                   true,
                                   protocol::Follow{Celsius{19.5}, Watts{220}},
                                   {0s, 3600s, 7200s}}},
          protocol::SetpointOrdered{setpoint()},
          protocol::PlanChanged{plan()}};
}

}  // namespace hearth::wire::samples
