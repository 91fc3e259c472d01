#include "node_agent/runtime/output_keeper.h"

#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

#include "common/digest.h"
#include "node_agent/runner/outputs.h"
#include "node_agent/store/files.h"

namespace hearth::node_agent {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kOutputsMax = 10'000;
constexpr std::size_t kBufferBytes = 256 * 1024;

Result<std::string> digest_of(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  if (!file) return fail(ErrorCode::kInternal, path + ": cannot be read");
  Sha256 hash;
  std::string buffer(kBufferBytes, '\0');
  while (file) {
    file.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    hash.update(std::string_view{buffer}.substr(0, static_cast<std::size_t>(file.gcount())));
  }
  if (file.bad()) return fail(ErrorCode::kInternal, path + ": cannot be read");
  return hash.finish();
}

Result<> link_or_copy(const std::string& source, const std::string& target) {
  if (::link(source.c_str(), target.c_str()) == 0 || errno == EEXIST) return {};
  std::error_code error;
  fs::copy_file(source, target, fs::copy_options::overwrite_existing, error);
  if (error) return fail(ErrorCode::kInternal, target + ": " + error.message());
  return {};
}

}  // namespace

Result<std::vector<protocol::OutputArtifact>> keep_outputs(const std::string& scratch,
                                                           const protocol::JobSpec& spec,
                                                           const std::string& directory) {
  const auto found = runner::find_outputs(scratch, spec);
  if (found.size() > kOutputsMax) {
    return fail(ErrorCode::kInvalidArgument,
                "outputs: " + std::to_string(found.size()) + " files, over 10000");
  }
  if (auto made = make_directories(directory); !made) return tl::unexpected(made.error());
  std::vector<protocol::OutputArtifact> outputs;
  for (const auto& file : found) {
    const auto path = scratch + "/" + file.path;
    HEARTH_TRY(digest, digest_of(path));
    if (auto kept = link_or_copy(path, directory + "/" + digest); !kept) {
      return tl::unexpected(kept.error());
    }
    outputs.push_back({file.path, digest, file.size_bytes});
  }
  return outputs;
}

Result<> upload_outputs(const std::vector<protocol::OutputArtifact>& outputs,
                        const std::string& directory, ArtifactTransfer& transfer) {
  if (outputs.empty()) return {};
  std::vector<std::string> digests;
  for (const auto& output : outputs) digests.push_back(output.digest);
  HEARTH_TRY(missing, transfer.find_missing(digests));
  for (const auto& digest : missing) {
    if (auto sent = transfer.upload(digest, directory + "/" + digest); !sent) return sent;
  }
  return {};
}

}  // namespace hearth::node_agent
