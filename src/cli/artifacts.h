// Files to and from the scheduler's artifact store.
//
// Files are streamed, never held whole. Failures of local files are kInvalidArgument naming the
// file. Blocking.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "cli/client.h"

namespace hearth::cli {

struct LocalArtifact {
  std::string file;
  std::string digest;
  std::uint64_t size_bytes = 0;
  bool executable = false;  // as the file's mode says
};

using OnBytes = std::function<void(std::uint64_t done, std::uint64_t total)>;

Result<LocalArtifact> hash_file(const std::string& file);

// Those of `digests` that the scheduler does not have.
Result<std::vector<std::string>> find_missing(Client& client,
                                              const std::vector<std::string>& digests);

// Uploads it, whether or not it is stored.
Result<> upload(Client& client, const LocalArtifact& artifact, const OnBytes& on_bytes);

// Writes the artifact to `file` ("-": standard output), making its directories; under its final
// name only once complete and checked against the digest.
Result<> download(Client& client, const std::string& digest, const std::string& file,
                  const OnBytes& on_bytes);

Result<std::string> read_file(const std::string& file);
// Whole or not at all.
Result<> write_file(const std::string& file, std::string_view bytes);

}  // namespace hearth::cli
