#include "node_agent/runner/capture.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace hearth::node_agent::runner {
namespace {

constexpr std::size_t kRecentBytes = 1024;
constexpr int kReadsAtOnce = 80;  // over 1 MiB, what a pipe can hold; a flood must not starve us

void keep_last(std::string& text, std::size_t bytes) {
  if (text.size() > bytes) text.erase(0, text.size() - bytes);
}

}  // namespace

Capture::Capture(std::string path, std::size_t bytes_max)
    : path_(std::move(path)), head_max_(bytes_max - bytes_max / 4), tail_max_(bytes_max / 4) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return;
  reader_ = Descriptor{ends[0]};
  writer_ = Descriptor{ends[1]};
  ::fcntl(reader_.get(), F_SETFL, O_NONBLOCK);
}

void Capture::read_available() {
  char buffer[16 * 1024];
  for (int i = 0; i < kReadsAtOnce && reader_; ++i) {
    const auto count = ::read(reader_.get(), buffer, sizeof buffer);
    if (count > 0) {
      take({buffer, static_cast<std::size_t>(count)});
    } else if (count == 0 || errno != EINTR) {
      if (count == 0 || errno != EAGAIN) reader_.reset();
      return;
    }
  }
}

void Capture::finish() {
  writer_.reset();
  // Everybody who could write is dead, and a pipe holds less than one turn reads.
  read_available();
  reader_.reset();
  if (tail_.size() > tail_max_) keep_last(tail_, tail_max_);
  const auto cut = total_bytes_ - head_bytes_ - tail_.size();
  if (cut > 0) write("\n[... " + std::to_string(cut) + " bytes cut by hearth ...]\n");
  write(tail_);
  file_.reset();
}

std::string Capture::last_line(std::size_t bytes_max) const {
  std::string text = recent_ + tail_.substr(tail_.size() - std::min(tail_.size(), kRecentBytes));
  const auto end = text.find_last_not_of(" \t\r\n");
  if (end == std::string::npos) return {};
  text.resize(end + 1);
  const auto start = text.find_last_of('\n');
  if (start != std::string::npos) text.erase(0, start + 1);
  if (text.size() > bytes_max) text.resize(bytes_max);
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) c = ' ';
  }
  return text;
}

void Capture::take(std::string_view bytes) {
  total_bytes_ += bytes.size();
  const auto head = bytes.substr(0, std::min(bytes.size(), head_max_ - head_bytes_));
  if (!head.empty()) {
    write(head);
    head_bytes_ += head.size();
    recent_ += head;
    keep_last(recent_, kRecentBytes);
  }
  tail_ += bytes.substr(head.size());
  if (tail_.size() > 2 * tail_max_) keep_last(tail_, tail_max_);
}

void Capture::write(std::string_view bytes) {
  if (bytes.empty()) return;
  if (!file_) {
    file_ = Descriptor{::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)};
  }
  while (!bytes.empty() && file_) {
    const auto written = ::write(file_.get(), bytes.data(), bytes.size());
    if (written <= 0 && errno != EINTR) return;  // a full disk costs output, not the task
    if (written > 0) bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace hearth::node_agent::runner
