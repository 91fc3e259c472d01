#include "node_agent/runner/sandbox_root.h"

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "node_agent/runner/descriptor.h"

namespace hearth::node_agent::runner {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kHostName = "hearth";
constexpr const char* kReadable[] = {
    "/usr",
    // Where they are no links into /usr.
    "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32",
    // What loaders, interpreters and TLS clients look up; no keys and no names of people.
    "/etc/alternatives", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d",
    "/etc/localtime", "/etc/ssl/certs", "/etc/fonts", "/etc/mime.types", "/etc/python3",
    // How many processors there are, for programs that start as many threads.
    "/sys/devices/system/cpu"};
constexpr const char* kDevices[] = {"null", "zero", "full", "random", "urandom"};
constexpr std::pair<const char*, const char*> kLinks[] = {{"task/tmp", "tmp"},
                                                          {"/task/shm", "dev/shm"},
                                                          {"/proc/self/fd", "dev/fd"},
                                                          {"/proc/self/fd/0", "dev/stdin"},
                                                          {"/proc/self/fd/1", "dev/stdout"},
                                                          {"/proc/self/fd/2", "dev/stderr"}};
constexpr std::pair<const char*, const char*> kTexts[] = {
    {"etc/passwd", "root:x:0:0::/:/usr/sbin/nologin\n"},
    {"etc/group", "root:x:0:\n"},
    {"etc/hosts", "127.0.0.1 localhost hearth\n::1 localhost\n"},
    {"etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n"}};

tl::unexpected<Error> fail_errno(const std::string& what) {
  return fail(errno == ENOENT ? ErrorCode::kInvalidArgument : ErrorCode::kInternal,
              what + ": " + std::strerror(errno));
}

Result<> protect(const std::string& path, std::uint64_t attributes, unsigned flags) {
  mount_attr wanted{};
  wanted.attr_set = attributes;
  if (::mount_setattr(AT_FDCWD, path.c_str(), flags, &wanted, sizeof wanted) == 0) return {};
  return fail_errno(path);
}

// What a bind mount is put upon.
bool make_place(const fs::path& place, bool is_directory) {
  std::error_code error;
  fs::create_directories(is_directory ? place : place.parent_path(), error);
  if (error || is_directory) return !error;
  return Descriptor{::open(place.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0444)}.get() >= 0;
}

// Shows `path` of the node at the same place below `root`; a link stays one.
Result<> show(const std::string& root, const std::string& path) {
  std::error_code error;
  const auto place = root + path;
  if (fs::exists(fs::symlink_status(place, error))) return {};  // lies in what is shown already
  if (fs::is_symlink(path, error)) {
    fs::create_directories(fs::path{place}.parent_path(), error);
    fs::copy_symlink(path, place, error);
    return {};
  }
  if (!fs::exists(path, error)) return fail(ErrorCode::kInvalidArgument, path + ": does not exist");
  if (!make_place(place, fs::is_directory(path, error)) ||
      ::mount(path.c_str(), place.c_str(), nullptr, MS_BIND | MS_REC, nullptr) != 0) {
    return fail_errno(path);
  }
  return protect(place, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, AT_RECURSIVE);
}

Result<> show_devices(const std::string& root) {
  for (const char* device : kDevices) {
    const auto path = std::string{"/dev/"} + device;
    const auto place = root + path;
    if (!make_place(place, false) ||
        ::mount(path.c_str(), place.c_str(), nullptr, MS_BIND, nullptr) != 0) {
      return fail_errno(path);
    }
    auto done = protect(place, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, 0);
    if (!done) return done;
  }
  return {};
}

Result<> leave_the_nodes_namespaces() {
  if (::unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWUTS) != 0) return fail_errno("namespaces");
  // What the node mounts later is seen by the runner; what is mounted here, by nobody else.
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0) return fail_errno("mounts");
  // A service manager may forbid it (ProtectHostname): then tasks see the node's name.
  (void)::sethostname(kHostName.data(), kHostName.size());
  const Descriptor any{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  ifreq loopback{};
  std::memcpy(loopback.ifr_name, "lo", 3);
  loopback.ifr_flags = IFF_UP | IFF_RUNNING;
  if (!any || ::ioctl(any.get(), SIOCSIFFLAGS, &loopback) != 0) return fail_errno("loopback");
  return {};
}

// For tasks that have a network: a copy, since the file is often replaced or a link to elsewhere.
void copy_resolver(const std::string& root) {
  std::ifstream resolver{"/etc/resolv.conf"};
  std::ofstream{root + "/etc/resolv.conf"} << resolver.rdbuf();
  std::ofstream{root + "/etc/nsswitch.conf"} << "passwd: files\ngroup: files\nhosts: files dns\n";
}

}  // namespace

Result<> build_sandbox_root(const std::string& at, const std::vector<std::string>& readable_paths,
                            bool names) {
  if (auto left = leave_the_nodes_namespaces(); !left) return left;
  std::error_code error;
  fs::create_directories(at, error);
  if (::mount("hearth-root", at.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, "size=4m,mode=755") != 0) {
    return fail_errno(at);
  }
  const auto umask = ::umask(022);
  for (const char* directory : {"/proc", "/dev", "/task", "/etc"}) {
    fs::create_directory(at + directory, error);
  }
  for (const auto& [target, place] : kLinks) fs::create_symlink(target, at + "/" + place, error);
  for (const auto& [place, text] : kTexts) std::ofstream{at + "/" + place} << text;
  if (names) copy_resolver(at);
  Result<> done = show_devices(at);
  for (const char* path : kReadable) {
    if (!done) break;
    if (fs::exists(fs::symlink_status(path, error))) done = show(at, path);
  }
  for (const auto& path : readable_paths) {
    if (!done) break;
    done = show(at, path);
  }
  ::umask(umask);
  if (!done) return done;
  return protect(at, MOUNT_ATTR_RDONLY, 0);
}

}  // namespace hearth::node_agent::runner
