#include "cli/progress.h"

#include <algorithm>

#include "cli/format.h"

namespace hearth::cli {
namespace {

constexpr Duration kWindow = std::chrono::seconds{30};
constexpr std::size_t kBarWidth = 24;

}  // namespace

void Progress::update(Duration now, const Counts& counts) {
  counts_ = counts;
  samples_.push_back({now, counts.done()});
  // One sample older than the window stays: the rate spans at least the window.
  while (samples_.size() > 2 && samples_[1].at <= now - kWindow) samples_.pop_front();
}

std::optional<double> Progress::rate() const {
  if (samples_.empty()) return std::nullopt;
  const auto& first = samples_.front();
  const auto& last = samples_.back();
  if (last.done <= first.done || last.at <= first.at) return std::nullopt;
  return static_cast<double>(last.done - first.done) / to_seconds(last.at - first.at);
}

std::optional<Duration> Progress::remaining() const {
  const auto speed = rate();
  const auto left = counts_.pending + counts_.running;
  if (!speed || left == 0) return std::nullopt;
  return from_seconds(static_cast<double>(left) / *speed);
}

std::string Progress::text() const {
  auto text = format_count(counts_.done()) + "/" + format_count(counts_.total()) + " done";
  const auto add = [&](std::uint64_t count, const char* what) {
    if (count > 0) text += ", " + format_count(count) + " " + what;
  };
  add(counts_.running, "running");
  add(counts_.failed, "failed");
  add(counts_.cancelled, "cancelled");
  if (counts_.pending + counts_.running == 0) return text;
  if (const auto speed = rate()) text += ", " + fixed(*speed, *speed < 10 ? 1 : 0) + "/s";
  if (const auto left = remaining()) text += ", " + to_string(*left) + " left";
  return text;
}

std::string Progress::bar(std::size_t width) const {
  const auto total = std::max<std::uint64_t>(counts_.total(), 1);
  const auto share = static_cast<double>(counts_.done()) / static_cast<double>(total);
  const auto filled = static_cast<std::size_t>(share * kBarWidth);
  std::string bar(filled, '=');
  if (filled < kBarWidth) bar += counts_.running > 0 ? '>' : ' ';
  bar.resize(kBarWidth, ' ');
  auto percent = std::to_string(static_cast<int>(share * 100));
  percent.insert(0, 3 - std::min<std::size_t>(3, percent.size()), ' ');
  return shortened("[" + bar + "] " + percent + " %  " + text(), width);
}

}  // namespace hearth::cli
