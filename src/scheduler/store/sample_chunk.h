// A stretch of samples on a fixed grid: rows by time, columns of 16-bit numbers; and as few bytes
// as it takes to keep them. Neighbours hardly differ, so each column is packed as differences,
// zigzag and in 7-bit groups, runs of "the same as before" counted: a quiet room takes 2 to 3 bytes
// a row.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hearth::scheduler {

class SampleChunk {
 public:
  static constexpr std::int16_t kMissing = INT16_MIN;

  // Everything missing.
  SampleChunk(std::size_t rows, std::size_t columns)
      : rows_(rows), columns_(columns), values_(rows * columns, kMissing) {}

  // Whether the value was another one before.
  bool set(std::size_t row, std::size_t column, std::int16_t value);
  [[nodiscard]] std::int16_t at(std::size_t row, std::size_t column) const {
    return values_[column * rows_ + row];
  }

  [[nodiscard]] std::string pack() const;
  // None where the bytes are not a whole chunk of this shape.
  static std::optional<SampleChunk> unpack(std::string_view bytes, std::size_t rows,
                                           std::size_t columns);

  friend bool operator==(const SampleChunk&, const SampleChunk&) = default;

 private:
  std::size_t rows_;
  std::size_t columns_;
  std::vector<std::int16_t> values_;  // column after column
};

}  // namespace hearth::scheduler
