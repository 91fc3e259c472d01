#include "common/digest.h"

#include <gtest/gtest.h>

namespace hearth {
namespace {

// FIPS 180-2, appendix B.1, and the well-known digest of nothing.
TEST(Digest, MatchesThePublishedVectors) {
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Digest, DoesNotDependOnHowTheBytesArrive) {
  Sha256 hash;
  hash.update("a");
  hash.update("bc");
  EXPECT_EQ(hash.finish(), sha256("abc"));
}

TEST(Digest, KnowsItsOwnForm) {
  EXPECT_TRUE(is_valid_digest(sha256("x")));
  EXPECT_FALSE(is_valid_digest("BA78"));
  EXPECT_FALSE(is_valid_digest(std::string(64, 'A')));
}

}  // namespace
}  // namespace hearth
