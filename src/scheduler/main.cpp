// hearthd: reads its configuration, serves, stops in order when told to.
#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <csignal>
#include <fstream>
#include <iostream>
#include <sstream>

#include "common/log.h"
#include "common/notify.h"
#include "scheduler/daemon.h"
#include "scheduler/store/sqlite_inspect.h"
#include "tls/certificate.h"

namespace {

using hearth::scheduler::Config;

// As in sysexits.h. systemd restarts us after all but kExitConfig.
constexpr int kExitUsage = 64;
constexpr int kExitUnavailable = 69;
constexpr int kExitIo = 74;      // a commit failed: restarted, it begins degraded if need be
constexpr int kExitConfig = 78;  // restarting will not help
constexpr unsigned kStopSeconds = 14;

struct Options {
  std::string config_path;
  std::string listen;
  std::string state_dir;
  std::string notify_socket;
  std::uint64_t watchdog_us = 0;  // 0: nobody watches
  std::string restore;            // a backup
  bool check = false;
  bool print_config = false;
};

hearth::Result<Config> read_config(const Options& options) {
  Config config;
  if (!options.config_path.empty()) {
    std::ifstream file{options.config_path};
    if (!file) return hearth::fail(hearth::ErrorCode::kNotFound, "cannot be read");
    std::stringstream text;
    text << file.rdbuf();
    auto parsed = hearth::scheduler::parse_config(text.str());
    if (!parsed) return parsed;
    config = std::move(*parsed);
  }
  if (!options.listen.empty()) config.listen = options.listen;
  if (!options.state_dir.empty()) config.state_dir = options.state_dir;
  if (auto sound = hearth::scheduler::check_addresses(config); !sound) {
    return tl::unexpected(sound.error());
  }
  return config;
}

// ADDRESS:PORT with the port that was bound; empty stays empty.
std::string with_port(const std::string& address, int port) {
  return address.substr(0, address.rfind(':') + 1) + (address.empty() ? "" : std::to_string(port));
}

// The files of "tls" and "enrolment", which a printed configuration need not have.
hearth::Result<> check_tls(const Config& config) {
  if (!config.tls.any()) return {};
  const auto now = std::chrono::floor<hearth::Duration>(std::chrono::system_clock::now());
  HEARTH_TRY(credentials, hearth::tls::read_credentials(config.tls));
  HEARTH_TRY(checked, hearth::tls::check_credentials(credentials, now, false));
  static_cast<void>(checked);
  if (config.enrolment.certificate.empty()) return {};
  HEARTH_TRY(issuer, hearth::tls::read_credentials({config.enrolment.certificate,
                                                    config.enrolment.key, config.tls.authorities}));
  const auto sound = hearth::tls::check_credentials(issuer, now, true);
  if (!sound) return hearth::fail(sound.error().code, "enrolment: " + sound.error().message);
  return {};
}

// SIGTERM, SIGINT and our own SIGUSR1 wait for run() instead of ending the process; all threads
// inherit that.
sigset_t hold_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGUSR1);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

volatile sig_atomic_t exit_code = 0;
volatile sig_atomic_t stopping = 0;

// What supervisors show, and that we are ready. One that serves again says so, too.
void tell_ready(const Options& options, const std::string& degraded, bool first) {
  std::string state = "READY=1";
  if (!degraded.empty()) state += "\nSTATUS=degraded: " + degraded;
  if (degraded.empty() && !first) state += "\nSTATUS=serving again";
  hearth::notify(options.notify_socket, state);
}

// Serves until a signal comes, and answers which; SIGUSR1: it was degraded and has room again. Then
// `config` has the ports that were bound, for those who know them.
hearth::Result<int> serve(Config& config, const Options& options, const sigset_t& signals,
                          bool first) {
  stopping = 0;
  HEARTH_TRY(daemon, hearth::scheduler::Daemon::start(
                         config, {.on_failed =
                                      [] {
                                        exit_code = kExitIo;
                                        if (stopping == 0) kill(getpid(), SIGTERM);
                                      },
                                  .on_room = [] { kill(getpid(), SIGUSR1); }}));
  const auto ports = daemon->ports();
  config.listen = with_port(config.listen, ports.grpc);
  config.http_listen = with_port(config.http_listen, ports.http);
  config.enrolment.listen = with_port(config.enrolment.listen, ports.enrolment);
  tell_ready(options, daemon->degraded(), first);
  if (options.watchdog_us > 0) {
    const std::chrono::microseconds timeout{options.watchdog_us};
    daemon->watch(std::chrono::duration_cast<hearth::Duration>(timeout),
                  [socket = options.notify_socket] { hearth::notify(socket, "WATCHDOG=1"); });
  }

  int signal = 0;
  sigwait(&signals, &signal);
  stopping = 1;
  // Whatever hangs: a second signal, or time, ends it. What was acknowledged is on disk.
  std::signal(SIGALRM, [](int) { _exit(exit_code); });
  alarm(kStopSeconds);
  if (signal == SIGUSR1) {
    hearth::log::info("room_again");
    exit_code = kExitIo;  // should it hang, it is to be restarted
  } else {
    hearth::log::info("stopping", {{"signal", signal}});
    hearth::notify(options.notify_socket, "STOPPING=1");
    sigprocmask(SIG_UNBLOCK, &signals, nullptr);
  }
  daemon->stop();
  alarm(0);
  if (signal == SIGUSR1) exit_code = 0;
  return signal;
}

int run(Config config, const Options& options) {
  const auto signals = hold_signals();
  for (bool first = true;; first = false) {
    const auto signal = serve(config, options, signals, first);
    if (!signal) {
      hearth::log::error("start_failed", {{"error", signal.error().message}});
      const bool unavailable = signal.error().code == hearth::ErrorCode::kUnavailable;
      return unavailable ? kExitUnavailable : kExitIo;
    }
    if (*signal == SIGUSR1) continue;
    hearth::log::info("stopped");
    return exit_code;
  }
}

int restore(const Config& config, const std::string& backup) {
  const auto path = config.state_dir + "/hearth.db";
  const auto replaced = hearth::scheduler::restore_store_file(path, backup);
  if (!replaced) {
    std::cerr << "hearthd: " << replaced.error().message << "\n";
    return kExitIo;
  }
  std::cout << path << ": restored from " << backup << "\n";
  if (!replaced->empty()) std::cout << "what it replaced: " << *replaced << "\n";
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app{"hearthd: the Hearth scheduler"};
  app.add_option("--config", options.config_path,
                 "Configuration file (JSON); without it: defaults");
  app.add_option("--listen", options.listen, "ADDRESS:PORT for gRPC, over the file's; port 0: any");
  app.add_option("--state-dir", options.state_dir, "Directory of the state, over the file's");
  app.add_flag("--check", options.check, "Check the configuration and exit");
  app.add_option("--restore", options.restore,
                 "Put this backup in the place of the store and exit; hearthd must not run");
  app.add_flag("--print-config", options.print_config, "Print the configuration in force and exit");
  app.add_option("--notify-socket", options.notify_socket)->envname("NOTIFY_SOCKET")->group("");
  app.add_option("--watchdog-usec", options.watchdog_us)->envname("WATCHDOG_USEC")->group("");
  app.set_version_flag("--version", "hearthd " HEARTH_VERSION);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kExitUsage;
  }

  const auto config = read_config(options);
  if (!config) {
    std::cerr << (options.config_path.empty() ? "hearthd" : options.config_path) << ": "
              << config.error().message << "\n";
    return kExitConfig;
  }
  if (const auto sound = check_tls(*config); !options.print_config && !sound) {
    std::cerr << (options.config_path.empty() ? "hearthd" : options.config_path)
              << ": tls: " << sound.error().message << "\n";
    return kExitConfig;
  }
  if (options.print_config) std::cout << to_json(*config) << "\n";
  if (options.check) std::cout << "configuration: ok\n";
  if (options.print_config || options.check) return 0;
  ::umask(077);  // what it keeps is for its user alone
  if (!options.restore.empty()) return restore(*config, options.restore);
  hearth::log::to_stderr();
  hearth::log::set_level(config->log_level);
  return run(*config, options);
}
