// hearth-agent: reads its configuration, wires the parts together, runs until told to stop; and
// the commands by which people on the spot speak to the agent that runs.
#include <CLI/CLI.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "common/log.h"
#include "common/notify.h"
#include "node_agent/config.h"
#include "node_agent/rpc/artifact_client.h"
#include "node_agent/rpc/enrolment.h"
#include "node_agent/rpc/scheduler_stream.h"
#include "node_agent/runtime/agent_loop.h"
#include "node_agent/runtime/agent_status.h"
#include "node_agent/runtime/isolation.h"
#include "node_agent/runtime/stop_tasks.h"
#include "tls/credential_watch.h"

namespace {

namespace asio = boost::asio;
namespace agent = hearth::node_agent;
namespace log = hearth::log;

constexpr int kExitFailure = 1;
constexpr int kExitUsage = 64;
constexpr int kExitUnavailable = 69;  // no agent runs, or the state directory cannot be had
constexpr int kExitConfig = 78;       // EX_CONFIG: restarting will not help
constexpr int kPoolThreads = 2;
constexpr const char* kDefaultConfig = "/etc/hearth/agent.json";
constexpr const char* kDefaultState = "/var/lib/hearth-agent";

struct Options {
  std::string config = kDefaultConfig;
  std::string state_directory = kDefaultState;
  agent::ChoiceWords words;
  std::string output = "text";
  std::string grace = "5s";
  std::string token_file;
  std::string notify_socket;
  std::uint64_t watchdog_us = 0;  // 0: nobody watches
  bool check = false;
  bool print_config = false;
};

int fail_with(const hearth::Error& error, int exit_code) {
  std::cerr << "hearth-agent: " << error.message << "\n";
  return exit_code;
}

std::string default_runner_path() {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  return self.parent_path() / "hearth-runner";
}

agent::AgentLoopConfig loop_config(const agent::Config& config) {
  agent::AgentLoopConfig loop;
  loop.state_directory = config.state_directory;
  loop.sensor_period = config.sensor_period;
  loop.runners.state_directory = config.state_directory;
  loop.runners.runner_path = config.runner_path;
  loop.runners.node = config.agent.facts.node.value;
  loop.runners.slots = config.agent.facts.cores;
  loop.runners.watchdog = config.watchdog;
  loop.tails = config.tails;
  auto& runners = loop.runners;
  const auto& isolation = config.isolation;
  runners.confinement.processes_max = isolation.processes_max;
  runners.confinement.readable_paths = isolation.readable_paths;
  runners.confinement.grants_network = isolation.grants_network;
  runners.confinement.memory_bytes = config.agent.facts.memory_bytes;
  runners.confinement.scratch_bytes = isolation.scratch_bytes;
  if (isolation.scratch_bytes == 0) {
    const auto slots = static_cast<std::uint64_t>(runners.slots);
    runners.confinement.scratch_bytes = config.agent.facts.memory_bytes / 4 / slots;
  }
  if (config.task_user_id > 0) {
    runners.task_user = static_cast<uid_t>(config.task_user_id);
  } else {
    runners.user_per_slot = true;
    runners.task_user = isolation.users_from > 0 ? static_cast<uid_t>(isolation.users_from)
                                                 : agent::first_task_user(config.state_directory);
  }
  return loop;
}

int civil_minute_of_day() {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm civil{};
  ::localtime_r(&now, &civil);
  return civil.tm_hour * 60 + civil.tm_min;
}

// Settles how tasks will be walled off, and what the node says of it.
hearth::Result<> settle_isolation(const agent::Config& config, agent::AgentLoopConfig& loop,
                                  hearth::protocol::NodeFacts& facts) {
  const auto wish = agent::parse_isolation_wish(config.isolation.level);
  HEARTH_TRY(found,
             agent::find_isolation(wish.value_or(agent::IsolationWish::kAuto), loop.runners));
  loop.runners.confinement.level = found.level;
  facts.isolated = found.isolated;
  facts.grants_network = config.isolation.grants_network;
  facts.isolation_note = found.note;
  // A user that somebody named holds without any isolation, too.
  if (found.level == agent::runner::Isolation::kNone && config.task_user_id == 0) {
    loop.runners.task_user.reset();
  }
  return {};
}

std::unique_ptr<agent::Heater> make_heater(const agent::HeaterConfig& config) {
  if (config.driver == "sysfs") return std::make_unique<agent::SysfsHeater>(config.sysfs);
  if (config.boiler) {
    auto boiler = *config.boiler;
    boiler.start_minute = civil_minute_of_day();
    return std::make_unique<agent::SimulatedBoiler>(boiler);
  }
  return std::make_unique<agent::SimulatedHeater>(config.simulated);
}

// Tells the supervisor thrice in its timeout that the loop turns: it ends an agent that hangs.
class Heartbeat {
 public:
  Heartbeat(asio::io_context& io, std::string socket, std::uint64_t timeout_us)
      : timer_(io), socket_(std::move(socket)), period_(timeout_us / 3) {}

  void start() {
    hearth::notify(socket_, "READY=1");
    if (period_ > std::chrono::microseconds::zero()) beat();
  }

 private:
  void beat() {
    hearth::notify(socket_, "WATCHDOG=1");
    timer_.expires_after(period_);
    timer_.async_wait([this](const boost::system::error_code& cancelled) {
      if (!cancelled) beat();
    });
  }

  asio::steady_timer timer_;
  std::string socket_;
  std::chrono::microseconds period_;
};

// A certificate that has ended keeps no agent from heating: it goes on without the scheduler.
hearth::Result<std::unique_ptr<hearth::tls::CredentialWatch>> watch_credentials(
    const agent::Config& config) {
  const auto files = config.enrolled ? agent::enrolled_paths(config.state_directory) : config.tls;
  std::error_code error;
  if (config.enrolled && !std::filesystem::exists(files.certificate, error)) {
    return hearth::fail(hearth::ErrorCode::kFailedPrecondition,
                        "this node is not enrolled: `hearth admin enrol --node " +
                            config.agent.facts.node.value +
                            "` makes a token, and `hearth-agent enrol` takes it");
  }
  return hearth::tls::CredentialWatch::start({.files = files,
                                              .directory = config.state_directory + "/tls",
                                              .chained = true,
                                              .clock_in_doubt = true});
}

int run(agent::Config config, const Options& options) {
  log::to_stderr();
  log::set_level(config.log_level);
  ::setenv("TZ", config.time_zone.c_str(), 1);
  ::tzset();
  auto state = agent::AgentStateStore::open(config.state_directory);
  if (!state) return fail_with(state.error(), kExitUnavailable);
  auto loop_settings = loop_config(config);
  if (auto settled = settle_isolation(config, loop_settings, config.agent.facts); !settled) {
    return fail_with(settled.error(), settled.error().code == hearth::ErrorCode::kFailedPrecondition
                                          ? kExitConfig
                                          : kExitUnavailable);
  }
  asio::io_context io{1};
  asio::thread_pool pool{kPoolThreads};
  const agent::SchedulerStreamConfig stream{config.reconnect_min, config.reconnect_max};
  std::unique_ptr<hearth::tls::CredentialWatch> credentials;
  std::optional<hearth::tls::CredentialPaths> staged;
  if (config.tls.any() || config.enrolled) {
    auto watch = watch_credentials(config);
    if (!watch) {
      return fail_with({watch.error().code, "tls: " + watch.error().message}, kExitConfig);
    }
    credentials = std::move(*watch);
    staged = credentials->staged();
  }
  const auto channel = agent::open_channel(config.scheduler, stream, staged);
  agent::SchedulerStream link{io, channel, stream};
  agent::ArtifactClient transfer{channel};
  const auto on_pool = [&pool](std::function<void()> work) { asio::post(pool, std::move(work)); };
  agent::CertificateRenewal renewal{io, on_pool, channel, config.state_directory};
  auto artifacts =
      agent::ArtifactCache::open(config.state_directory + "/cache", config.cache_bytes);
  if (!artifacts) return fail_with(artifacts.error(), kExitUnavailable);
  agent::ResultSpool spool{config.state_directory + "/spool"};
  const auto heater = make_heater(config.heater);
  agent::AgentLoop loop{io,
                        loop_settings,
                        config.agent,
                        {**state, spool, *heater, link, *artifacts, transfer, on_pool}};

  asio::signal_set stop{io, SIGINT, SIGTERM};
  stop.async_wait([&](auto, int signal) {
    log::info("stopping", {{"signal", signal}});
    hearth::notify(options.notify_socket, "STOPPING=1");
    transfer.cancel();
    renewal.stop();
    loop.stop([&io] { io.stop(); });
  });
  if (const auto begun = loop.start(); !begun) return fail_with(begun.error(), kExitUnavailable);
  log::info("agent_started", {{"node", config.agent.facts.node},
                              {"scheduler", config.scheduler},
                              {"isolation", config.agent.facts.isolation_note}});
  if (config.enrolled) renewal.start();
  Heartbeat heartbeat{io, options.notify_socket, options.watchdog_us};
  heartbeat.start();
  io.run();
  pool.join();
  return 0;
}

hearth::Result<std::string> read_text(const std::string& path) {
  std::stringstream text;
  std::ifstream file{path};
  if (!(text << file.rdbuf())) {
    return hearth::fail(hearth::ErrorCode::kNotFound, path + ": cannot be read");
  }
  return text.str();
}

hearth::Result<agent::Config> read_config(const Options& options) {
  HEARTH_TRY(text, read_text(options.config));
  auto config = agent::parse_config(text);
  if (!config) {
    return hearth::fail(config.error().code, options.config + ": " + config.error().message);
  }
  return config;
}

int run_agent(const Options& options) {
  auto config = read_config(options);
  if (!config) return fail_with(config.error(), kExitConfig);
  if (config->runner_path.empty()) config->runner_path = default_runner_path();
  if (options.print_config) std::cout << agent::print_config(*config);
  if (options.check && !options.print_config) std::cout << options.config << ": ok\n";
  if (options.check || options.print_config) return 0;
  return run(std::move(*config), options);
}

int ask(const Options& options, const agent::ControlRequest& request) {
  const auto answer = agent::ask_agent(options.state_directory, request);
  if (!answer) {
    return fail_with(answer.error(), answer.error().code == hearth::ErrorCode::kUnavailable
                                         ? kExitUnavailable
                                         : kExitFailure);
  }
  if (options.output == "json") {
    std::cout << answer->dump(2) << "\n";
  } else {
    std::cout << agent::print_status(*answer);
  }
  return 0;
}

int set(const Options& options) {
  const auto now = std::chrono::floor<hearth::Duration>(std::chrono::system_clock::now());
  const auto request = agent::parse_choice(options.words, now);
  if (!request) return fail_with(request.error(), kExitUsage);
  return ask(options, *request);
}

int enrol(const Options& options) {
  const auto config = read_config(options);
  if (!config) return fail_with(config.error(), kExitConfig);
  const auto text = read_text(options.token_file == "-" ? "/dev/stdin" : options.token_file);
  if (!text) return fail_with(text.error(), kExitUsage);
  const auto token = agent::parse_enrolment_token(*text);
  if (!token) {
    return fail_with({token.error().code, options.token_file + ": " + token.error().message},
                     kExitUsage);
  }
  const auto& node = config->agent.facts.node.value;
  if (token->node != node) {
    return fail_with({hearth::ErrorCode::kInvalidArgument,
                      options.token_file + ": a token for node " + token->node + ", but this is " +
                          node + " (node_id in " + options.config + ")"},
                     kExitUsage);
  }
  const auto certificate = agent::enrol(*token, config->state_directory);
  if (!certificate) {
    const bool unreached = certificate.error().code == hearth::ErrorCode::kUnavailable;
    return fail_with(
        {certificate.error().code, token->enrolment + ": " + certificate.error().message},
        unreached ? kExitUnavailable : kExitFailure);
  }
  std::cout << "enrolled: node " << node << ", serial " << certificate->serial << ", until "
            << hearth::to_string(certificate->not_after) << "; the agent renews it by itself\n";
  if (!config->enrolled) {
    std::cout << "write into " << options.config << ": \"scheduler\": \"" << token->scheduler
              << "\", \"tls\": {\"enrolled\": true}\n";
  }
  return 0;
}

int stop_tasks(const Options& options) {
  const auto grace = hearth::parse_duration(options.grace);
  if (!grace) return fail_with(grace.error(), kExitUsage);
  std::error_code error;
  if (!std::filesystem::is_directory(options.state_directory, error)) {
    return fail_with(
        {hearth::ErrorCode::kNotFound, options.state_directory + ": no such state directory"},
        kExitUnavailable);
  }
  const auto state = agent::AgentStateStore::open(options.state_directory);  // for its lock
  if (!state) return fail_with(state.error(), kExitUnavailable);
  const auto stopped = agent::stop_tasks(options.state_directory, *grace);
  if (!stopped) return fail_with(stopped.error(), kExitUnavailable);
  std::cout << *stopped << " tasks stopped\n";
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app{
      "Heats a room with computations: the agent of one node.\n\n"
      "Without a command it runs the agent."};
  app.set_version_flag("--version", "hearth-agent " HEARTH_VERSION);
  app.add_option("--config", options.config, "Configuration file")->capture_default_str();
  app.add_flag("--check", options.check, "Validate the configuration and exit (78: it is wrong)");
  app.add_flag("--print-config", options.print_config,
               "Print the configuration with every default and exit");
  app.add_option("--notify-socket", options.notify_socket)->envname("NOTIFY_SOCKET")->group("");
  app.add_option("--watchdog-usec", options.watchdog_us)->envname("WATCHDOG_USEC")->group("");
  app.require_subcommand(0, 1);

  const auto with_state = [&](CLI::App* command) {
    command->add_option("--state-dir", options.state_directory, "State directory of the agent")
        ->capture_default_str();
    return command;
  };
  const auto with_output = [&](CLI::App* command) {
    command->add_option("-o,--output", options.output, "text or json")
        ->check(CLI::IsMember({"text", "json"}));
    return with_state(command);
  };
  auto* set_command = with_output(app.add_subcommand("set", "Choose what the room should have"));
  auto& words = options.words;
  set_command
      ->add_option("choice", words.choice, "A temperature in degC, off, boost, holiday, or home")
      ->required();
  set_command->add_option("--for", words.lasting, "Only for a while, like 30m");
  set_command->add_option("--until", words.until,
                          "A holiday's end, like 2026-01-03T18:00+01:00 or +14d: warm by then");
  set_command->add_option("--from", words.from, "A holiday's start; left out: now");
  set_command->add_option("--away", words.away, "degC meanwhile; left out: 12");
  set_command->footer(
      "Examples:\n"
      "  hearth-agent set 20.5\n"
      "  hearth-agent set boost --for 1h\n"
      "  hearth-agent set holiday --until +14d --away 12\n"
      "  hearth-agent set home    (ends the holiday: what was before holds again)");
  auto* status_command = with_output(app.add_subcommand("status", "What the agent sees and does"));
  auto* reset_command = with_output(app.add_subcommand("reset", "Clear a latched trip"));
  auto* stop_command = with_state(app.add_subcommand(
      "stop-tasks", "End every task and runner of an agent that does not run any more"));
  stop_command->add_option("--grace", options.grace, "From SIGTERM to SIGKILL")
      ->capture_default_str();
  auto* enrol_command = app.add_subcommand(
      "enrol", "Turn a token of `hearth admin enrol` into this node's certificate");
  enrol_command->add_option("TOKEN_FILE", options.token_file, "- for standard input")->required();
  enrol_command->fallthrough();
  enrol_command->footer(
      "Once, before the agent starts; with \"tls\": {\"enrolled\": true} in its configuration it\n"
      "uses the certificate, and renews it.\n"
      "Example:\n"
      "  hearth-agent enrol n1.token");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    return app.exit(problem) == 0 ? 0 : kExitUsage;
  }
  if (set_command->parsed()) return set(options);
  if (status_command->parsed()) return ask(options, agent::AskStatus{});
  if (reset_command->parsed()) return ask(options, agent::ResetTrip{});
  if (enrol_command->parsed()) return enrol(options);
  if (stop_command->parsed()) return stop_tasks(options);
  return run_agent(options);
}
