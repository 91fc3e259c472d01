#include "protocol/indices.h"

#include <algorithm>
#include <charconv>

namespace hearth::protocol {
namespace {

struct Range {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
};

std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc{} || number > kIndexMax) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(parsed.ptr - text.data()));
  return number;
}

// Takes one range and the comma behind it; nothing where there is none.
std::optional<Range> take_range(std::string_view& text) {
  const auto first = take_number(text);
  if (!first) return std::nullopt;
  Range range{*first, *first};
  if (text.starts_with('-')) {
    text.remove_prefix(1);
    const auto last = take_number(text);
    if (!last || *last < *first) return std::nullopt;
    range.last = *last;
  }
  if (text.empty()) return range;
  if (!text.starts_with(',') || text.size() == 1) return std::nullopt;
  text.remove_prefix(1);
  return range;
}

}  // namespace

std::optional<std::uint64_t> count_indices(std::string_view text) {
  std::uint64_t count = 0;
  std::optional<std::uint64_t> before;
  while (!text.empty()) {
    const auto range = take_range(text);
    if (!range || (before && range->first <= *before)) return std::nullopt;
    before = range->last;
    count += range->last - range->first + 1;
  }
  return count;
}

std::uint64_t index_at(std::string_view text, std::uint64_t position) {
  std::uint64_t left = position;
  while (!text.empty()) {
    const auto range = take_range(text);
    if (!range) break;
    const auto size = range->last - range->first + 1;
    if (left < size) return range->first + left;
    left -= size;
  }
  return position;
}

IndexList::IndexList(std::string_view text) {
  while (!text.empty()) {
    const auto range = take_range(text);
    if (!range) break;
    parts_.push_back({count_, range->first});
    count_ += range->last - range->first + 1;
  }
}

std::uint64_t IndexList::at(std::uint64_t position) const {
  if (position >= count_) return position;
  const auto behind = std::upper_bound(
      parts_.begin(), parts_.end(), position,
      [](std::uint64_t wanted, const Part& part) { return wanted < part.position; });
  const auto& part = *(behind - 1);
  return part.first + (position - part.position);
}

std::string to_index_list(const std::vector<std::uint64_t>& indices) {
  std::string text;
  for (std::size_t i = 0; i < indices.size();) {
    std::size_t end = i + 1;
    while (end < indices.size() && indices[end] == indices[end - 1] + 1) ++end;
    if (!text.empty()) text += ',';
    text += std::to_string(indices[i]);
    if (end - i > 1) text += '-' + std::to_string(indices[end - 1]);
    i = end;
  }
  return text;
}

}  // namespace hearth::protocol
