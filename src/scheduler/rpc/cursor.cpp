#include "scheduler/rpc/cursor.h"

#include <charconv>

#include "common/digest.h"

namespace hearth::scheduler {
namespace {

constexpr std::size_t kSealSize = 16;
constexpr std::size_t kPageSizeDefault = 100;
constexpr std::size_t kPageSizeMax = 1000;

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto end = text.data() + text.size();
  const auto [stop, problem] = std::from_chars(text.data(), end, value);
  if (text.empty() || stop != end || problem != std::errc{}) return std::nullopt;
  return value;
}

std::string seal(std::string_view query, std::string_view key) {
  return sha256(std::to_string(query.size()) + ":" + std::string{query} + std::string{key})
      .substr(0, kSealSize);
}

}  // namespace

std::string to_cursor(const std::string& store_id, Sequence seq) {
  return store_id + "-" + std::to_string(seq);
}

Result<Sequence> parse_cursor(std::string_view text, const std::string& store_id, Sequence newest) {
  const auto dash = text.rfind('-');
  const auto seq =
      dash == std::string_view::npos ? std::nullopt : parse_number(text.substr(dash + 1));
  if (!seq || dash == 0) {
    return fail(ErrorCode::kInvalidArgument, "cursor: not one of ours: " + std::string{text});
  }
  if (text.substr(0, dash) != store_id) {
    return fail(
        ErrorCode::kFailedPrecondition,
        "cursor: " + std::string{text} + " belongs to another store; this one is " + store_id);
  }
  if (*seq > newest) {
    return fail(ErrorCode::kInvalidArgument,
                "cursor: beyond the newest, " + to_cursor(store_id, newest));
  }
  return *seq;
}

std::string to_page_token(std::string_view query, std::string_view key) {
  return seal(query, key) + std::string{key};
}

Result<std::string> parse_page_token(std::string_view query, std::string_view token) {
  if (token.empty()) return std::string{};
  if (token.size() > kSealSize) {
    const auto key = token.substr(kSealSize);
    if (token.substr(0, kSealSize) == seal(query, key)) return std::string{key};
  }
  return fail(ErrorCode::kInvalidArgument,
              "page_token: not one of ours for this request: " + std::string{token});
}

Result<std::size_t> page_size(std::uint32_t asked) {
  if (asked > kPageSizeMax) {
    return fail(ErrorCode::kInvalidArgument, "page_size: over 1000: " + std::to_string(asked));
  }
  return asked == 0 ? kPageSizeDefault : asked;
}

Result<std::uint64_t> parse_page_number(std::string_view query, std::string_view token,
                                        std::uint64_t missing) {
  HEARTH_TRY(key, parse_page_token(query, token));
  return parse_number(key).value_or(missing);
}

}  // namespace hearth::scheduler
