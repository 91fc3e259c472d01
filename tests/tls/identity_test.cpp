#include "tls/identity.h"

#include <gmock/gmock.h>

namespace hearth::tls {
namespace {

TEST(Identity, UrisAreReadBackTheSame) {
  for (const auto* uri :
       {"hearth://node/n1", "hearth://zone/kitchen/name/ann",
        "hearth://tenant/bank/role/read/name/bob", "hearth://tenant/bank/role/submit/name/risk.1",
        "hearth://tenant/bank/role/operate/name/eve"}) {
    const auto identity = parse_identity(uri);
    ASSERT_TRUE(identity) << uri;
    EXPECT_EQ(to_uri(*identity), uri);
  }
}

TEST(Identity, NothingElseIsOne) {
  for (const auto* uri :
       {"", "hearth://", "hearth://node/", "hearth://node", "hearth://node/a b", "http://node/n1",
        "hearth://node/n1/x", "hearth://zone//name/ann", "hearth://zone/kitchen/name/",
        "hearth://tenant//role/read/name/bob", "hearth://tenant/bank/role/read/name/",
        "hearth://tenant/bank/role/node/name/bob", "hearth://tenant/bank/role/resident/name/bob",
        "hearth://tenant/bank/role/root/name/bob", "hearth://tenant/bank/name/bob"}) {
    EXPECT_FALSE(parse_identity(uri)) << uri;
  }
}

TEST(Identity, ACertificateHasExactlyOne) {
  EXPECT_EQ(identity_of({"spiffe://x/y", "hearth://node/n1"})->name, "n1");
  EXPECT_FALSE(identity_of({"spiffe://x/y"}));
  EXPECT_FALSE(identity_of({"hearth://node/n1", "hearth://node/n2"}));
}

}  // namespace
}  // namespace hearth::tls
