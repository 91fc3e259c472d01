#include "node_agent/runner/process_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <optional>

#include "node_agent/runner/descriptor.h"

namespace hearth::node_agent::runner {
namespace {

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};
using Directory = std::unique_ptr<DIR, CloseDirectory>;

// The whole of a small file below /proc; empty if its process is gone.
std::string read_proc(const std::string& path) {
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  std::string text;
  char buffer[4096];
  while (file) {
    const auto count = ::read(file.get(), buffer, sizeof buffer);
    if (count <= 0) break;
    text.append(buffer, static_cast<std::size_t>(count));
  }
  return text;
}

std::string proc(pid_t process, const char* file) {
  return "/proc/" + std::to_string(process) + "/" + file;
}

// The number at the start of `text` after spaces, which is then cut off; 0 at the end.
std::uint64_t take_number(std::string_view& text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  std::uint64_t number = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), number).ptr;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

void skip_words(std::string_view& text, int count) {
  for (; count > 0; --count) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    text.remove_prefix(std::min(text.find(' '), text.size()));
  }
}

// Children belong to threads: each thread has a list of those it forked.
void append_children(pid_t process, std::vector<pid_t>& found) {
  const auto threads_path = proc(process, "task");
  const Directory threads{::opendir(threads_path.c_str())};
  if (!threads) return;
  while (const auto* entry = ::readdir(threads.get())) {
    if (entry->d_name[0] == '.') continue;
    const auto text = read_proc(threads_path + "/" + entry->d_name + "/children");
    std::string_view rest = text;
    while (const auto child = take_number(rest)) found.push_back(static_cast<pid_t>(child));
  }
}

struct ProcessStat {
  char state = 'X';
  double cpu_s = 0;
};

std::optional<ProcessStat> read_stat(pid_t process) {
  static const double ticks_per_s = static_cast<double>(::sysconf(_SC_CLK_TCK));
  const auto text = read_proc(proc(process, "stat"));
  const auto name_end = text.rfind(')');  // the name before may hold anything
  if (name_end == std::string::npos || name_end + 2 >= text.size()) return std::nullopt;
  std::string_view rest = std::string_view{text}.substr(name_end + 2);
  ProcessStat stat{rest.front(), 0};
  skip_words(rest, 11);  // state to cmajflt; utime, stime, cutime, cstime follow
  std::uint64_t ticks = 0;
  for (int i = 0; i < 4; ++i) ticks += take_number(rest);
  stat.cpu_s = static_cast<double>(ticks) / ticks_per_s;
  return stat;
}

constexpr int kStopPassesMax = 8;

}  // namespace

std::vector<pid_t> processes_below() {
  std::vector<pid_t> found;
  append_children(::getpid(), found);
  for (std::size_t i = 0; i < found.size(); ++i) append_children(found[i], found);
  return found;
}

TreeUsage read_usage(const std::vector<pid_t>& processes) {
  static const auto page_bytes = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  TreeUsage usage;
  for (const pid_t process : processes) {
    const auto stat = read_stat(process);
    if (!stat) continue;
    usage.cpu_s += stat->cpu_s;
    if (stat->state == 'Z' || stat->state == 'X') continue;
    if (stat->state != 'T') usage.all_stopped = false;
    const auto text = read_proc(proc(process, "statm"));
    std::string_view rest = text;
    skip_words(rest, 1);
    usage.resident_bytes += take_number(rest) * page_bytes;
  }
  return usage;
}

std::uint64_t read_proportional_bytes(const std::vector<pid_t>& processes) {
  std::uint64_t bytes = 0;
  for (const pid_t process : processes) {
    const auto text = read_proc(proc(process, "smaps_rollup"));
    const auto line = text.find("\nPss:");
    if (line == std::string::npos) continue;
    std::string_view rest = std::string_view{text}.substr(line + 5);
    bytes += take_number(rest) * 1024;
  }
  return bytes;
}

void signal_all(const std::vector<pid_t>& processes, int signal) {
  for (const pid_t process : processes) ::kill(process, signal);
}

void stop_tree() {
  std::vector<pid_t> stopped;
  for (int pass = 0; pass < kStopPassesMax; ++pass) {
    auto found = processes_below();
    std::sort(found.begin(), found.end());
    if (found == stopped) return;
    signal_all(found, SIGSTOP);
    stopped = std::move(found);
  }
}

void continue_tree() {
  signal_all(processes_below(), SIGCONT);
}

std::vector<pid_t> processes_with_environment(std::string_view entry) {
  std::vector<pid_t> found;
  const Directory processes{::opendir("/proc")};
  const std::string inner = std::string(1, '\0') + std::string{entry} + std::string(1, '\0');
  while (const auto* item = processes ? ::readdir(processes.get()) : nullptr) {
    const auto process = static_cast<pid_t>(std::atoi(item->d_name));
    if (process <= 1) continue;
    const auto environment = std::string(1, '\0') + read_proc(proc(process, "environ"));
    if (environment.find(inner) != std::string::npos) found.push_back(process);
  }
  return found;
}

}  // namespace hearth::node_agent::runner
