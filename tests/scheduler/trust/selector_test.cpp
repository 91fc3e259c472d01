#include "scheduler/trust/selector.h"

#include <gmock/gmock.h>

namespace hearth::scheduler {
namespace {

using tls::Identity;
using tls::Role;

TEST(Selector, MatchesWhomItNames) {
  const Identity ann{Role::kSubmit, "bank", "", "ann"};
  const Identity bob{Role::kRead, "bank", "", "bob"};
  const Identity other_ann{Role::kSubmit, "rival", "", "ann"};
  const Identity ines{Role::kResident, "", "kitchen", "ines"};
  const Identity node{Role::kNode, "", "", "ann"};
  const tls::Certificate certificate{.serial = "4a1f"};
  const struct {
    CertificateSelector selector;
    bool ann, bob, other_ann, ines, node;
  } cases[] = {
      {{.serial = "4a1f"}, true, true, true, true, true},
      {{.serial = "4a1e"}, false, false, false, false, false},
      {{.node = "ann"}, false, false, false, false, true},
      {{.tenant = "bank"}, true, true, false, false, false},
      {{.tenant = "bank", .name = "ann"}, true, false, false, false, false},
      {{.zone = "kitchen"}, false, false, false, true, false},
      {{.zone = "kitchen", .name = "ann"}, false, false, false, false, false},
      {{}, false, false, false, false, false},
  };
  for (const auto& one : cases) {
    const auto hit = [&](const Identity& who) { return matches(one.selector, who, certificate); };
    const auto words = to_words(one.selector);
    EXPECT_EQ(hit(ann), one.ann) << words;
    EXPECT_EQ(hit(bob), one.bob) << words;
    EXPECT_EQ(hit(other_ann), one.other_ann) << words;
    EXPECT_EQ(hit(ines), one.ines) << words;
    EXPECT_EQ(hit(node), one.node) << words;
  }
}

TEST(Selector, NonsenseIsRefused) {
  for (const CertificateSelector& wrong : {CertificateSelector{},
                                           {.node = "n1", .tenant = "bank"},
                                           {.node = "n1", .name = "ann"},
                                           {.name = "ann"},
                                           {.tenant = "a/b"},
                                           {.serial = "4g"},
                                           {.serial = ":"},
                                           {.serial = std::string(41, 'a')}}) {
    EXPECT_FALSE(checked(wrong)) << to_words(wrong);
  }
  EXPECT_EQ(checked({.serial = "4A:1F"})->serial, "4a1f");
  EXPECT_EQ(to_words(checked({.tenant = "bank", .name = "ann"}).value()), "ann of tenant bank");
}

}  // namespace
}  // namespace hearth::scheduler
