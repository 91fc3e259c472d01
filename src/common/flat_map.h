// A map for a handful of entries: pairs in one piece of memory, ordered by key.
//
// Used like std::map, in the same order, and cheaper to walk; inserting and erasing move what comes
// behind, and invalidate every iterator and reference.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "common/check.h"

namespace hearth {

template <class Key, class Value>
class FlatMap {
 public:
  using Entry = std::pair<Key, Value>;
  using iterator = typename std::vector<Entry>::iterator;
  using const_iterator = typename std::vector<Entry>::const_iterator;

  [[nodiscard]] bool empty() const { return entries_.empty(); }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  iterator begin() { return entries_.begin(); }
  iterator end() { return entries_.end(); }
  [[nodiscard]] const_iterator begin() const { return entries_.begin(); }
  [[nodiscard]] const_iterator end() const { return entries_.end(); }

  iterator find(const Key& key) { return entries_.begin() + place_of(key); }
  [[nodiscard]] const_iterator find(const Key& key) const {
    return entries_.begin() + place_of(key);
  }
  [[nodiscard]] bool contains(const Key& key) const { return find(key) != end(); }
  // Requires that it is there.
  Value& at(const Key& key) {
    const auto found = find(key);
    CHECK(found != end());
    return found->second;
  }
  Value& operator[](const Key& key) {
    const auto place = std::ranges::lower_bound(entries_, key, {}, &Entry::first);
    if (place != entries_.end() && place->first == key) return place->second;
    return entries_.emplace(place, key, Value{})->second;
  }

  std::size_t erase(const Key& key) {
    const auto found = find(key);
    if (found == end()) return 0;
    entries_.erase(found);
    return 1;
  }
  iterator erase(iterator place) { return entries_.erase(place); }

 private:
  // So few that looking at each is quickest.
  [[nodiscard]] std::ptrdiff_t place_of(const Key& key) const {
    return std::ranges::find(entries_, key, &Entry::first) - entries_.begin();
  }

  std::vector<Entry> entries_;
};

}  // namespace hearth
