#include "node_agent/store/result_spool.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>

#include "common/log.h"
#include "hearth/node/v1/node.pb.h"
#include "node_agent/store/files.h"
#include "wire/node.h"
#include "wire/output.h"

namespace hearth::node_agent {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMagic = "HRTHRES1";
constexpr std::size_t kHeaderBytes = 16;  // the magic, then the record's checksum
constexpr std::size_t kRecordBytesMax = 64 * 1024 * 1024;
constexpr std::size_t kRecentBytesMax = 4 * 1024 * 1024;
constexpr std::size_t kDraftsMax = 1000;

// FNV-1a: finds what a power cut tore; nobody forges files in here.
std::uint64_t checksum(std::string_view bytes) {
  std::uint64_t hash = 0xCBF29CE484222325u;
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
  return hash;
}

std::string with_header(std::string_view record) {
  const auto sum = checksum(record);
  std::string file(kMagic);
  file.append(reinterpret_cast<const char*>(&sum), sizeof sum);
  file += record;
  return file;
}

// The record, checked; nothing if the file is damaged.
std::optional<std::string> without_header(std::string file) {
  std::uint64_t sum = 0;
  if (file.size() < kHeaderBytes || !file.starts_with(kMagic)) return std::nullopt;
  std::memcpy(&sum, file.data() + kMagic.size(), sizeof sum);
  file.erase(0, kHeaderBytes);
  if (checksum(file) != sum) return std::nullopt;
  return file;
}

}  // namespace

ResultSpool::ResultSpool(std::string directory) : directory_(std::move(directory)) {}

std::string ResultSpool::path_of(AttemptId attempt) const {
  return directory_ + "/" + to_string(attempt);
}
std::string ResultSpool::draft_path(std::size_t number) const {
  return directory_ + "/drafts/" + std::to_string(number);
}
std::string ResultSpool::output_directory(AttemptId attempt) const {
  return directory_ + "/outputs/" + to_string(attempt);
}
std::string ResultSpool::output_path(AttemptId attempt, const std::string& digest) const {
  return output_directory(attempt) + "/" + digest;
}

Result<std::vector<protocol::HeldAttempt>> ResultSpool::open() {
  std::error_code error;
  fs::remove_all(directory_ + "/drafts", error);
  if (auto made = make_directories(directory_ + "/drafts"); !made) {
    return tl::unexpected(made.error());
  }
  std::vector<std::string> names;
  for (fs::directory_iterator entry{directory_, error}, end; !error && entry != end;
       entry.increment(error)) {
    std::error_code ignored;
    if (entry->is_regular_file(ignored)) names.push_back(entry->path().filename());
  }
  for (const auto& name : names) take_in(name);
  for (fs::directory_iterator entry{directory_ + "/outputs", error}, end; !error && entry != end;
       entry.increment(error)) {
    const auto attempt = parse_attempt_id(entry->path().filename().string());
    std::error_code ignored;
    if (!attempt || !entries_.contains(*attempt)) fs::remove_all(entry->path(), ignored);
  }
  std::vector<protocol::HeldAttempt> found;
  for (const auto& [attempt, entry] : entries_) found.push_back({attempt, entry.task, true});
  return found;
}

void ResultSpool::take_in(const std::string& name) {
  const auto path = directory_ + "/" + name;
  const auto attempt = parse_attempt_id(name);
  if (!attempt) return set_aside(name, attempt.error().message);
  auto file = read_file(path, kRecordBytesMax);
  if (!file) return set_aside(name, "cannot be read");
  const auto record = without_header(std::move(*file));
  node::v1::TaskResult result;
  if (!record || !result.ParseFromString(*record)) return set_aside(name, "damaged");
  const auto report = wire::from_wire(result);
  if (!report || report->attempt != *attempt) {
    return set_aside(name, report ? "holds another attempt" : report.error().message);
  }
  entries_[*attempt] = {report->task, report->outputs, {}, false};
}

void ResultSpool::set_aside(const std::string& name, const std::string& reason) {
  log::warn("spool_file_set_aside", {{"file", directory_ + "/" + name}, {"reason", reason}});
  const auto place = directory_ + "/unreadable";
  if (make_directories(place)) {
    ::rename((directory_ + "/" + name).c_str(), (place + "/" + name).c_str());
  }
}

Result<> ResultSpool::put(const protocol::AttemptReport& report, std::string_view result,
                          const protocol::OutputTails& tails) {
  node::v1::TaskResult message;
  wire::to_wire(report, &message);
  message.set_result(std::string(result));
  wire::to_wire(tails, &message);
  auto record = message.SerializeAsString();
  const auto draft = draft_path(drafts_ > 0 ? --drafts_ : 0);
  const auto written = overwrite_and_rename(draft, with_header(record), path_of(report.attempt));
  auto& entry = entries_[report.attempt];
  entry.task = report.task;
  entry.outputs = report.outputs;
  entry.only_in_memory = !written;
  remember_recent(report.attempt, entry, std::move(record));
  return written;
}

void ResultSpool::change_to_failure(AttemptId attempt, protocol::FailureClass failure,
                                    const std::string& message) {
  const auto record = load(attempt);
  node::v1::TaskResult kept;
  if (!record || !kept.ParseFromString(*record)) return;
  auto report = wire::from_wire(kept);
  if (!report) return;
  report->failure = failure;
  report->message = message;
  report->outputs.clear();
  const auto tails = wire::tails_from_wire(kept);
  (void)put(*report, kept.result(), tails ? *tails : protocol::OutputTails{});
}

void ResultSpool::remember_recent(AttemptId attempt, Entry& entry, std::string record) {
  recent_bytes_ += record.size() - entry.recent.size();
  entry.recent = std::move(record);
  recent_.push_back(attempt);
  while (!recent_.empty()) {
    const auto oldest = entries_.find(recent_.front());
    if (oldest != entries_.end() && recent_bytes_ <= kRecentBytesMax) return;
    recent_.pop_front();
    if (oldest == entries_.end() || oldest->second.only_in_memory) continue;
    recent_bytes_ -= oldest->second.recent.size();
    oldest->second.recent = {};
  }
}

std::optional<std::string> ResultSpool::load(AttemptId attempt) {
  const auto found = entries_.find(attempt);
  if (found == entries_.end()) return std::nullopt;
  if (!found->second.recent.empty()) return found->second.recent;
  auto file = read_file(path_of(attempt), kRecordBytesMax);
  auto record = file ? without_header(std::move(*file)) : std::nullopt;
  if (!record) {
    set_aside(to_string(attempt), "damaged since the start");
    entries_.erase(found);
  }
  return record;
}

std::vector<protocol::OutputArtifact> ResultSpool::outputs_of(AttemptId attempt) const {
  const auto found = entries_.find(attempt);
  if (found == entries_.end()) return {};
  return found->second.outputs;
}

void ResultSpool::forget(AttemptId attempt) {
  const auto found = entries_.find(attempt);
  if (found == entries_.end()) return;
  const auto path = path_of(attempt);
  if (drafts_ < kDraftsMax && ::rename(path.c_str(), draft_path(drafts_).c_str()) == 0) {
    ++drafts_;
  } else {
    ::unlink(path.c_str());
  }
  if (!found->second.outputs.empty()) {
    std::error_code ignored;
    fs::remove_all(output_directory(attempt), ignored);
  }
  recent_bytes_ -= found->second.recent.size();
  entries_.erase(found);
}

}  // namespace hearth::node_agent
