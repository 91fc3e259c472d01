// Whose certificates a revocation is about.
#pragma once

#include <string>

#include "common/result.h"
#include "tls/certificate.h"
#include "tls/identity.h"

namespace hearth::scheduler {

// Exactly one of serial, node, tenant and zone; `name` beside the last two, empty: everybody.
struct CertificateSelector {
  std::string serial;  // lower-case hex digits
  std::string node;
  std::string tenant;
  std::string zone;
  std::string name;

  friend bool operator==(const CertificateSelector&, const CertificateSelector&) = default;
};

// With the serial number as certificates have it. kInvalidArgument: nobody, more than one, or what
// cannot be a name or a number.
Result<CertificateSelector> checked(CertificateSelector selector);

bool matches(const CertificateSelector& selector, const tls::Identity& identity,
             const tls::Certificate& certificate);

// "serial 4a1f", "node n1", "tenant bank", "ann of tenant bank", "zone kitchen", ...: different
// ones have different words.
std::string to_words(const CertificateSelector& selector);

}  // namespace hearth::scheduler
