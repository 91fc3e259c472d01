#include "node_agent/runner/control_group.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <optional>
#include <string_view>

#include "node_agent/runner/descriptor.h"

namespace hearth::node_agent::runner {
namespace {

constexpr const char* kFamily = "hearth";
constexpr int kKillPassesMax = 50;
constexpr int kPeriodUs = 100'000;
constexpr const char* kShares = "16384";  // as much as sixteen processes (choice)
constexpr std::uint64_t kNoMemoryLimit = 1ull << 62;

bool exists(const std::string& path) {
  return ::access(path.c_str(), F_OK) == 0;
}

bool make_directory(const std::string& path) {
  return ::mkdir(path.c_str(), 0755) == 0 || errno == EEXIST;
}

// In one write(2), as the kernel's files want it.
Result<> write_value(const std::string& path, const std::string& value) {
  const Descriptor file{::open(path.c_str(), O_WRONLY | O_CLOEXEC)};
  if (file && ::write(file.get(), value.data(), value.size()) >= 0) return {};
  return fail(ErrorCode::kInternal, path + ": " + std::strerror(errno));
}

std::string read_value(const std::string& path) {
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

// The number after `key` and a space at the beginning of a line; 0 if there is none.
std::uint64_t number_after(const std::string& text, std::string_view key) {
  const auto with_space = std::string{key} + " ";
  auto at = text.starts_with(with_space) ? 0 : text.find("\n" + with_space);
  if (at == std::string::npos) return 0;
  if (at != 0) ++at;
  std::uint64_t number = 0;
  std::from_chars(text.data() + at + with_space.size(), text.data() + text.size(), number);
  return number;
}

// Whether there was anybody to kill.
bool kill_members(const std::string& directory) {
  const auto text = read_value(directory + "/cgroup.procs");
  const char* at = text.data();
  const char* end = at + text.size();
  bool any = false;
  while (at < end) {
    pid_t member = 0;
    at = std::from_chars(at, end, member).ptr + 1;
    if (member <= 0) continue;  // 0: a member that we cannot see
    ::kill(member, SIGKILL);
    any = true;
  }
  return any;
}

void kill_until_empty(const std::string& directory) {
  for (int pass = 0; pass < kKillPassesMax && kill_members(directory); ++pass) ::usleep(1000);
}

class NoGroup : public ControlGroup {
 public:
  Result<> set_limits(const GroupLimits&) override { return {}; }
  std::vector<int> entrances() const override { return {}; }
  void kill_all() override {}
  std::uint64_t out_of_memory_kills() const override { return 0; }
  std::string lacks() const override { return "memory, processes, CPU"; }
};

// What both versions share: directories, one entrance each, removed at the end.
class GroupDirectories : public ControlGroup {
 public:
  ~GroupDirectories() override {
    entrances_.clear();
    for (const auto& directory : directories_) ::rmdir(directory.c_str());
  }

  std::vector<int> entrances() const override {
    std::vector<int> numbers;
    for (const auto& entrance : entrances_) numbers.push_back(entrance.get());
    return numbers;
  }

  std::string lacks() const override { return lacks_; }

 protected:
  bool add(const std::string& directory) {
    if (!make_directory(directory)) return false;
    Descriptor entrance{::open((directory + "/cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC)};
    if (!entrance) return false;
    kill_until_empty(directory);
    directories_.push_back(directory);
    entrances_.push_back(std::move(entrance));
    return true;
  }

  void miss(const char* what) { lacks_ += (lacks_.empty() ? "" : ", ") + std::string{what}; }

  std::vector<std::string> directories_;

 private:
  std::vector<Descriptor> entrances_;
  std::string lacks_;
};

class GroupsOfVersion1 : public GroupDirectories {
 public:
  GroupsOfVersion1(const std::string& root, const std::string& name) {
    memory_ = open(root, "memory", name, "memory");
    pids_ = open(root, "pids", name, "processes");
    cpu_ = open(root, "cpu", name, "CPU");
    // Without it all slots together would weigh as much as one process of the node.
    (void)write_value(root + "/cpu/" + kFamily + "/cpu.shares", kShares);
  }

  Result<> set_limits(const GroupLimits& limits) override {
    const auto memory = limits.memory_bytes > 0 ? limits.memory_bytes : kNoMemoryLimit;
    const auto pids = limits.processes > 0 ? std::to_string(limits.processes) : "max";
    const int quota = limits.cores > 0 ? limits.cores * kPeriodUs : -1;
    if (memory_) {
      // Nothing of a task in a home's swap.
      (void)write_value(*memory_ + "/memory.swappiness", "0");
      auto set = write_value(*memory_ + "/memory.limit_in_bytes", std::to_string(memory));
      if (!set) return set;
    }
    if (pids_) {
      if (auto set = write_value(*pids_ + "/pids.max", pids); !set) return set;
    }
    if (cpu_) return write_value(*cpu_ + "/cpu.cfs_quota_us", std::to_string(quota));
    return {};
  }

  void kill_all() override {
    if (!directories_.empty()) kill_until_empty(pids_.value_or(directories_.front()));
  }

  std::uint64_t out_of_memory_kills() const override {
    return memory_ ? number_after(read_value(*memory_ + "/memory.oom_control"), "oom_kill") : 0;
  }

 private:
  std::optional<std::string> open(const std::string& root, const char* controller,
                                  const std::string& name, const char* what) {
    const auto family = root + "/" + controller + "/" + kFamily;
    const auto directory = family + "/" + name;
    if (exists(root + "/" + controller + "/cgroup.procs") && make_directory(family) &&
        add(directory)) {
      return directory;
    }
    miss(what);
    return std::nullopt;
  }

  std::optional<std::string> memory_;
  std::optional<std::string> pids_;
  std::optional<std::string> cpu_;
};

// Beside the service manager's groups, not below the agent's own: a group with children that are
// limited takes no processes, so that systemd could not start the agent again among its tasks.
class GroupOfVersion2 : public GroupDirectories {
 public:
  GroupOfVersion2(const std::string& root, const std::string& name) {
    const auto family = root + "/" + kFamily;
    if (make_directory(family)) {
      for (const char* controller : {"+memory", "+pids", "+cpu"}) {
        (void)write_value(root + "/cgroup.subtree_control", controller);
        (void)write_value(family + "/cgroup.subtree_control", controller);
      }
      (void)add(family + "/" + name);
    }
    memory_ = offers("/memory.max", "memory");
    pids_ = offers("/pids.max", "processes");
    cpu_ = offers("/cpu.max", "CPU");
  }

  Result<> set_limits(const GroupLimits& limits) override {
    const auto number = [](auto value) { return value > 0 ? std::to_string(value) : "max"; };
    if (memory_) {
      (void)write_value(own("/memory.swap.max"), "0");
      auto set = write_value(own("/memory.max"), number(limits.memory_bytes));
      if (!set) return set;
    }
    if (pids_) {
      if (auto set = write_value(own("/pids.max"), number(limits.processes)); !set) return set;
    }
    if (!cpu_) return {};
    return write_value(own("/cpu.max"),
                       number(limits.cores * kPeriodUs) + " " + std::to_string(kPeriodUs));
  }

  void kill_all() override {
    if (directories_.empty()) return;
    if (!write_value(own("/cgroup.kill"), "1")) kill_until_empty(directories_.front());
  }

  std::uint64_t out_of_memory_kills() const override {
    return memory_ ? number_after(read_value(own("/memory.events")), "oom_kill") : 0;
  }

 private:
  std::string own(const char* file) const { return directories_.front() + file; }
  bool offers(const char* file, const char* what) {
    if (!directories_.empty() && exists(own(file))) return true;
    miss(what);
    return false;
  }

  bool memory_ = false;
  bool pids_ = false;
  bool cpu_ = false;
};

}  // namespace

std::unique_ptr<ControlGroup> open_control_group(const std::string& root, const std::string& name) {
  if (exists(root + "/cgroup.controllers")) return std::make_unique<GroupOfVersion2>(root, name);
  for (const char* controller : {"memory", "pids", "cpu"}) {
    if (exists(root + "/" + controller + "/cgroup.procs")) {
      return std::make_unique<GroupsOfVersion1>(root, name);
    }
  }
  return std::make_unique<NoGroup>();
}

}  // namespace hearth::node_agent::runner
