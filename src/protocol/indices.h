// Lists of task indices as text: "3,5,9-20", rising, each index once.
//
// A job over a part of a larger array names them so; its task 0, 1, ... stand for them in order.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hearth::protocol {

inline constexpr std::uint64_t kIndexMax = 1'000'000'000'000;

// How many a list names; nothing where it is not such a list. Empty text names none.
std::optional<std::uint64_t> count_indices(std::string_view text);

// The one at `position`, from 0, of a sound list; `position` itself where the list is empty or ends
// before it.
std::uint64_t index_at(std::string_view text, std::uint64_t position);

// A sound list read once, for who asks it often.
class IndexList {
 public:
  explicit IndexList(std::string_view text);

  bool empty() const { return parts_.empty(); }
  std::uint64_t at(std::uint64_t position) const;  // as index_at()

 private:
  struct Part {
    std::uint64_t position = 0;  // of its first index
    std::uint64_t first = 0;
  };
  std::vector<Part> parts_;
  std::uint64_t count_ = 0;
};

// Of rising numbers, in ranges.
std::string to_index_list(const std::vector<std::uint64_t>& indices);

}  // namespace hearth::protocol
