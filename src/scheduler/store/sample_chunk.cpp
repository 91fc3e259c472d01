#include "scheduler/store/sample_chunk.h"

#include <utility>

namespace hearth::scheduler {
namespace {

void put_number(std::string& bytes, std::uint32_t number) {
  for (; number >= 0x80; number >>= 7) bytes.push_back(static_cast<char>(0x80 | (number & 0x7f)));
  bytes.push_back(static_cast<char>(number));
}

// None at the end of the bytes, or where a number has too many groups.
std::optional<std::uint32_t> take_number(std::string_view& bytes) {
  std::uint32_t number = 0;
  for (unsigned shift = 0; shift < 28 && !bytes.empty(); shift += 7) {
    const auto group = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    number |= static_cast<std::uint32_t>(group & 0x7f) << shift;
    if ((group & 0x80) == 0) return number;
  }
  return std::nullopt;
}

std::uint32_t zigzag(std::int32_t difference) {
  return difference < 0 ? static_cast<std::uint32_t>(-difference) * 2 - 1
                        : static_cast<std::uint32_t>(difference) * 2;
}

std::int32_t unzigzag(std::uint32_t number) {
  const auto half = static_cast<std::int32_t>((number + 1) / 2);
  return number % 2 == 1 ? -half : half;
}

}  // namespace

bool SampleChunk::set(std::size_t row, std::size_t column, std::int16_t value) {
  return std::exchange(values_[column * rows_ + row], value) != value;
}

// Columns follow each other as one row of values. A difference of 0 is followed by how many more
// zeros follow it.
std::string SampleChunk::pack() const {
  std::string bytes;
  std::int32_t before = kMissing;
  for (std::size_t i = 0; i < values_.size();) {
    const std::int32_t difference = values_[i] - before;
    before = values_[i++];
    put_number(bytes, zigzag(difference));
    if (difference != 0) continue;
    std::uint32_t more = 0;
    for (; i < values_.size() && values_[i] == before; ++i) ++more;
    put_number(bytes, more);
  }
  return bytes;
}

std::optional<SampleChunk> SampleChunk::unpack(std::string_view bytes, std::size_t rows,
                                               std::size_t columns) {
  SampleChunk chunk(rows, columns);
  std::int32_t before = kMissing;
  for (std::size_t i = 0; i < chunk.values_.size();) {
    const auto difference = take_number(bytes);
    if (!difference) return std::nullopt;
    before += unzigzag(*difference);
    if (before < INT16_MIN || before > INT16_MAX) return std::nullopt;
    chunk.values_[i++] = static_cast<std::int16_t>(before);
    if (*difference != 0) continue;
    const auto more = take_number(bytes);
    if (!more || *more > chunk.values_.size() - i) return std::nullopt;
    for (std::uint32_t k = 0; k < *more; ++k)
      chunk.values_[i++] = static_cast<std::int16_t>(before);
  }
  if (!bytes.empty()) return std::nullopt;
  return chunk;
}

}  // namespace hearth::scheduler
