// One side's credentials as a set of three files, replaced all at once or not at all.
//
// Two sets lie beside each other in a directory of ours behind a symbolic link, "current", which
// moves from one to the other. What put() has answered survives a loss of power.
#pragma once

#include <string>

#include "tls/certificate.h"

namespace hearth::tls {

class CredentialDirectory {
 public:
  explicit CredentialDirectory(std::string directory) : directory_(std::move(directory)) {}

  // Where the set in force is.
  [[nodiscard]] CredentialPaths paths() const;

  // Writes nothing where it is in force already. Makes the directory, for its owner alone, if it is
  // missing. kUnavailable: it cannot be written.
  Result<> put(const Credentials& credentials);

 private:
  std::string directory_;
};

}  // namespace hearth::tls
