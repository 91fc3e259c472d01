#include "scheduler/trust/selector.h"

#include <algorithm>
#include <cctype>

#include "common/ids.h"

namespace hearth::scheduler {
namespace {

// As OpenSSL and people write it: colons, capitals and zeros in front are nothing.
Result<std::string> normal_serial(const std::string& text) {
  std::string digits;
  for (const char c : text) {
    if (c == ':') continue;
    if (std::isxdigit(static_cast<unsigned char>(c)) == 0) {
      return fail(ErrorCode::kInvalidArgument, "serial: not hexadecimal: " + text);
    }
    digits += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  constexpr std::size_t kDigitsMost = 40;  // RFC 5280: 20 octets
  if (digits.empty() || digits.size() > kDigitsMost) {
    return fail(ErrorCode::kInvalidArgument, "serial: not 1 to 40 digits: " + text);
  }
  return digits;
}

}  // namespace

Result<CertificateSelector> checked(CertificateSelector selector) {
  const int kinds = !selector.serial.empty() + !selector.node.empty() + !selector.tenant.empty() +
                    !selector.zone.empty();
  if (kinds != 1) {
    return fail(ErrorCode::kInvalidArgument, "exactly one of serial, node, tenant and zone");
  }
  if (!selector.name.empty() && selector.tenant.empty() && selector.zone.empty()) {
    return fail(ErrorCode::kInvalidArgument, "name: only with a tenant or a zone");
  }
  for (const auto* name : {&selector.node, &selector.tenant, &selector.zone, &selector.name}) {
    if (!name->empty() && !is_valid_name(*name)) {
      return fail(ErrorCode::kInvalidArgument, "not a name of 1-64 of [A-Za-z0-9._-]: " + *name);
    }
  }
  if (!selector.serial.empty()) {
    HEARTH_TRY(serial, normal_serial(selector.serial));
    selector.serial = serial;
  }
  return selector;
}

bool matches(const CertificateSelector& selector, const tls::Identity& identity,
             const tls::Certificate& certificate) {
  if (!selector.serial.empty()) return selector.serial == certificate.serial;
  if (!selector.node.empty()) {
    return identity.role == tls::Role::kNode && identity.name == selector.node;
  }
  if (!selector.name.empty() && selector.name != identity.name) return false;
  if (!selector.zone.empty()) return selector.zone == identity.zone;
  return !selector.tenant.empty() && selector.tenant == identity.tenant;
}

std::string to_words(const CertificateSelector& selector) {
  if (!selector.serial.empty()) return "serial " + selector.serial;
  if (!selector.node.empty()) return "node " + selector.node;
  const auto whole = selector.zone.empty() ? "tenant " + selector.tenant : "zone " + selector.zone;
  return selector.name.empty() ? whole : selector.name + " of " + whole;
}

}  // namespace hearth::scheduler
