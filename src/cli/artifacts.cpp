#include "cli/artifacts.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "common/digest.h"

namespace hearth::cli {
namespace {

using artifact::v1::ArtifactService;

constexpr std::size_t kChunkBytes = 512 * 1024;
constexpr std::size_t kDigestsMax = 10'000;

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

tl::unexpected<Error> file_failed(const std::string& file) {
  return fail(ErrorCode::kInvalidArgument, file + ": " + std::strerror(errno));
}

Result<File> open_file(const std::string& file, const char* mode) {
  File opened(std::fopen(file.c_str(), mode));
  if (!opened) return file_failed(file);
  return opened;
}

// Calls `use` with one chunk after another until it returns false.
template <class Use>
Result<> read_chunks(const std::string& file, const Use& use) {
  HEARTH_TRY(opened, open_file(file, "rb"));
  std::string chunk(kChunkBytes, '\0');
  for (;;) {
    const auto count = std::fread(chunk.data(), 1, chunk.size(), opened.get());
    if (count == 0) break;
    if (!use(std::string_view(chunk).substr(0, count))) return {};
  }
  if (std::ferror(opened.get()) != 0) return file_failed(file);
  return {};
}

// Makes the directories above `file`.
Result<> make_parents(const std::string& file) {
  const auto parent = std::filesystem::path(file).parent_path();
  std::error_code error;
  if (!parent.empty()) std::filesystem::create_directories(parent, error);
  if (error) return fail(ErrorCode::kInvalidArgument, parent.string() + ": " + error.message());
  return {};
}

Result<> put_in_place(File part, const std::string& file) {
  const bool written = std::fflush(part.get()) == 0;
  part.reset();
  if (!written || std::rename((file + ".part").c_str(), file.c_str()) != 0)
    return file_failed(file);
  return {};
}

// Reads on from where the last try ended; what came is written and hashed once.
Result<> receive(Client& client, const std::string& digest, const std::string& file, std::FILE* out,
                 const OnBytes& on_bytes) {
  Sha256 hash;
  artifact::v1::DownloadRequest request;
  request.set_digest(digest);
  std::uint64_t total = 0;
  bool written = true;
  const auto done = client.retry([&](grpc::ClientContext& context) {
    const auto stream = client.artifacts().Download(&context, request);
    artifact::v1::DownloadResponse response;
    while (written && stream->Read(&response)) {
      if (response.size_bytes() != 0) total = response.size_bytes();
      const auto& data = response.data();
      written = std::fwrite(data.data(), 1, data.size(), out) == data.size();
      hash.update(data);
      request.set_offset(request.offset() + data.size());
      on_bytes(request.offset(), total);
    }
    if (!written) context.TryCancel();
    const auto status = stream->Finish();
    const bool complete = total > 0 && request.offset() >= total;
    return written && !complete ? status : grpc::Status::OK;
  });
  if (!written) return file_failed(file);
  if (!done) return done;
  if (const auto found = hash.finish(); found != digest) {
    return fail(ErrorCode::kInternal, "artifact " + digest + ": came with digest " + found);
  }
  return {};
}

}  // namespace

Result<LocalArtifact> hash_file(const std::string& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return file_failed(file);
  if (!S_ISREG(status.st_mode)) {
    return fail(ErrorCode::kInvalidArgument, file + ": not a regular file");
  }
  LocalArtifact artifact{file, {}, 0, (status.st_mode & S_IXUSR) != 0};
  Sha256 hash;
  const auto read = read_chunks(file, [&](std::string_view chunk) {
    hash.update(chunk);
    artifact.size_bytes += chunk.size();
    return true;
  });
  if (!read) return tl::unexpected(read.error());
  artifact.digest = hash.finish();
  return artifact;
}

Result<std::vector<std::string>> find_missing(Client& client,
                                              const std::vector<std::string>& digests) {
  std::vector<std::string> missing;
  for (std::size_t next = 0; next < digests.size();) {
    artifact::v1::FindMissingRequest request;
    for (std::size_t i = 0; i < kDigestsMax && next < digests.size(); ++i) {
      request.add_digests(digests[next++]);
    }
    HEARTH_TRY(response,
               client.call(client.artifacts(), &ArtifactService::Stub::FindMissing, request));
    missing.insert(missing.end(), response.missing().begin(), response.missing().end());
  }
  return missing;
}

Result<> upload(Client& client, const LocalArtifact& artifact, const OnBytes& on_bytes) {
  Result<> read;
  const auto done = client.retry([&](grpc::ClientContext& context) {
    artifact::v1::UploadResponse response;
    const auto stream = client.artifacts().Upload(&context, &response);
    artifact::v1::UploadRequest request;
    request.set_digest(artifact.digest);
    request.set_size_bytes(artifact.size_bytes);
    std::uint64_t sent = 0;
    bool open = true;
    read = read_chunks(artifact.file, [&](std::string_view chunk) {
      request.set_data(chunk.data(), chunk.size());
      open = stream->Write(request);
      request.Clear();
      on_bytes(sent += chunk.size(), artifact.size_bytes);
      return open;
    });
    if (sent == 0 && read) stream->Write(request);  // an empty file is an artifact too
    if (!read) context.TryCancel();
    stream->WritesDone();
    const auto status = stream->Finish();
    return read ? status : grpc::Status::OK;
  });
  if (!read) return read;
  if (!done) return fail(done.error().code, artifact.file + ": " + done.error().message);
  return {};
}

Result<> download(Client& client, const std::string& digest, const std::string& file,
                  const OnBytes& on_bytes) {
  if (file == "-") {
    const auto received = receive(client, digest, "standard output", stdout, on_bytes);
    if (received && std::fflush(stdout) != 0) return file_failed("standard output");
    return received;
  }
  if (const auto made = make_parents(file); !made) return made;
  HEARTH_TRY(part, open_file(file + ".part", "wb"));
  if (const auto done = receive(client, digest, file, part.get(), on_bytes); !done) {
    ::unlink((file + ".part").c_str());
    return done;
  }
  return put_in_place(std::move(part), file);
}

Result<std::string> read_file(const std::string& file) {
  std::string bytes;
  const auto read = read_chunks(file, [&](std::string_view chunk) {
    bytes += chunk;
    return true;
  });
  if (!read) return tl::unexpected(read.error());
  return bytes;
}

Result<> write_file(const std::string& file, std::string_view bytes) {
  if (const auto made = make_parents(file); !made) return made;
  HEARTH_TRY(part, open_file(file + ".part", "wb"));
  if (std::fwrite(bytes.data(), 1, bytes.size(), part.get()) != bytes.size())
    return file_failed(file);
  return put_in_place(std::move(part), file);
}

}  // namespace hearth::cli
