// What the list commands share: reading page after page, and printing a list as JSON.
#pragma once

#include <algorithm>
#include <cctype>
#include <string>
#include <vector>

#include "cli/exit_code.h"
#include "cli/session.h"

namespace hearth::cli {

inline std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

// Reads pages with `fetch`, which sends `request`, until there are `limit` items (0: all).
template <class Item, class Request, class Fetch, class Items>
Result<std::vector<Item>> fetch_pages(Request& request, std::size_t limit, const Fetch& fetch,
                                      const Items& items_of) {
  constexpr std::size_t kPageMax = 1000;
  std::vector<Item> items;
  for (;;) {
    const auto wanted = limit == 0 ? kPageMax : std::min(kPageMax, limit - items.size());
    request.set_page_size(static_cast<unsigned>(wanted));
    HEARTH_TRY(response, fetch());
    for (const auto& item : items_of(response)) items.push_back(item);
    request.set_page_token(response.next_page_token());
    if (response.next_page_token().empty() || (limit != 0 && items.size() >= limit)) return items;
  }
}

// An array with one object a line.
template <class Items>
int print_json_list(Session& session, const Items& items) {
  std::string text = "[";
  for (const auto& item : items) text += (text == "[" ? "\n" : ",\n") + to_json(item);
  session.print_line(text + (items.empty() ? "]" : "\n]"));
  return kExitOk;
}

}  // namespace hearth::cli
