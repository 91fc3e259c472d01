// Pages of nodes, zones, sites and artifacts, which are listed by name: what a request asks for,
// and the cut.
#pragma once

#include <string>
#include <vector>

#include "common/blob_store.h"
#include "scheduler/core/view.h"
#include "scheduler/rpc/cursor.h"

namespace hearth::scheduler {

template <class Request>
std::string query_of_page(Request request) {
  request.clear_page_size();
  request.clear_page_token();
  return request.GetTypeName() + request.SerializeAsString();
}

struct NamePage {
  std::string query;
  std::string after;  // a name
  std::size_t limit = 0;
};

template <class Request>
Result<NamePage> parse_name_page(const Request& request) {
  NamePage page{query_of_page(request), {}, 0};
  HEARTH_TRY(limit, page_size(request.page_size()));
  HEARTH_TRY(after, parse_page_token(page.query, request.page_token()));
  page.limit = limit;
  page.after = after;
  return page;
}

inline const std::string& name_of(const NodeView& view) {
  return view.facts.node.value;
}
inline const std::string& name_of(const ZoneView& view) {
  return view.zone.value;
}
inline const std::string& name_of(const SiteView& view) {
  return view.site.value;
}
inline const std::string& name_of(const BlobStore::Stored& blob) {
  return blob.digest;
}

// Drops what is not on the page; the token of the next one where there is more.
template <class View>
std::string cut(std::vector<View>& views, const NamePage& page) {
  std::erase_if(views, [&](const View& view) { return name_of(view) <= page.after; });
  if (views.size() <= page.limit) return {};
  views.resize(page.limit);
  return to_page_token(page.query, name_of(views.back()));
}

}  // namespace hearth::scheduler
