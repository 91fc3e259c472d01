#include "node_agent/runner/outputs.h"

#include <fnmatch.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

namespace hearth::node_agent::runner {
namespace {

namespace fs = std::filesystem;

bool is_output(const std::string& path, const protocol::JobSpec& spec) {
  const bool is_input = std::any_of(spec.inputs.begin(), spec.inputs.end(),
                                    [&](const auto& input) { return input.path == path; });
  return !is_input &&
         std::any_of(spec.outputs.begin(), spec.outputs.end(), [&](const auto& pattern) {
           return ::fnmatch(pattern.c_str(), path.c_str(), FNM_PATHNAME | FNM_PERIOD) == 0;
         });
}

}  // namespace

std::vector<OutputFile> find_outputs(const std::string& scratch, const protocol::JobSpec& spec) {
  std::vector<OutputFile> found;
  if (spec.outputs.empty()) return found;
  std::error_code error;
  for (auto entry = fs::recursive_directory_iterator(
           scratch, fs::directory_options::skip_permission_denied, error);
       !error && entry != fs::recursive_directory_iterator{}; entry.increment(error)) {
    struct stat info {};
    if (::lstat(entry->path().c_str(), &info) != 0 || !S_ISREG(info.st_mode)) continue;
    auto path = entry->path().lexically_relative(scratch).string();
    if (is_output(path, spec)) {
      found.push_back({std::move(path), static_cast<std::uint64_t>(info.st_size)});
    }
  }
  std::sort(found.begin(), found.end(),
            [](const auto& a, const auto& b) { return a.path < b.path; });
  return found;
}

}  // namespace hearth::node_agent::runner
