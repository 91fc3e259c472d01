// Cursors and page tokens: the text that clients hand back to us.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "scheduler/core/fact.h"

namespace hearth::scheduler {

// "<store_id>-<seq>": everything up to seq was seen.
std::string to_cursor(const std::string& store_id, Sequence seq);

// kInvalidArgument: not a cursor, or one of the future. kFailedPrecondition: of another store.
Result<Sequence> parse_cursor(std::string_view text, const std::string& store_id, Sequence newest);

// A token that leads behind `key` in the pages of `query` (the request without page fields).
std::string to_page_token(std::string_view query, std::string_view key);

// The key, empty for an empty token. kInvalidArgument: not ours, or of another query.
Result<std::string> parse_page_token(std::string_view query, std::string_view token);

// The size of a page as asked: 0 is 100, at most 1000. kInvalidArgument above.
Result<std::size_t> page_size(std::uint32_t asked);

// Keys that are numbers. `missing` for an empty key.
Result<std::uint64_t> parse_page_number(std::string_view query, std::string_view token,
                                        std::uint64_t missing);

}  // namespace hearth::scheduler
