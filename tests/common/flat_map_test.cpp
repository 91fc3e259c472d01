// A flat map does what std::map does, in the same order, under a seeded random walk.
#include "common/flat_map.h"

#include <gtest/gtest.h>

#include <map>

#include "common/random.h"

namespace hearth {
namespace {

TEST(FlatMap, DoesWhatStdMapDoes) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    Random random{seed};
    FlatMap<int, int> flat;
    std::map<int, int> model;
    for (int step = 0; step < 300; ++step) {
      const int key = static_cast<int>(random.below(12));
      switch (random.below(4)) {
        case 0:
          flat[key] = step;
          model[key] = step;
          break;
        case 1:
          ASSERT_EQ(flat.erase(key), model.erase(key));
          break;
        case 2:
          flat[key] += 1;
          model[key] += 1;
          break;
        default:
          if (const auto found = flat.find(key); found != flat.end()) {
            flat.erase(found);
            model.erase(key);
          }
      }
      ASSERT_EQ(flat.size(), model.size());
      ASSERT_EQ(flat.contains(key), model.contains(key));
      auto expected = model.begin();
      for (const auto& [k, v] : flat) {
        ASSERT_EQ(k, expected->first);
        ASSERT_EQ(v, expected->second);
        ASSERT_EQ(flat.at(k), v);
        ++expected;
      }
    }
  }
}

}  // namespace
}  // namespace hearth
