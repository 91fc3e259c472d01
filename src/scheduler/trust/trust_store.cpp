#include "scheduler/trust/trust_store.h"

#include <filesystem>
#include <fstream>

namespace hearth::scheduler {
namespace {

constexpr std::int64_t kApplicationId = 0x48727443;  // "HrtC"
constexpr std::int64_t kVersion = 1;

// Times: milliseconds UTC. `subject`: the selector in words.
constexpr const char* kTables = R"(
CREATE TABLE enrolments (
  token_hash TEXT PRIMARY KEY,
  node TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  expires_ms INTEGER NOT NULL,
  used_ms INTEGER,
  request_key TEXT NOT NULL DEFAULT '',
  certificate TEXT NOT NULL DEFAULT '',
  serial TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;

CREATE TABLE revocations (
  subject TEXT PRIMARY KEY,
  serial TEXT NOT NULL,
  node TEXT NOT NULL,
  tenant TEXT NOT NULL,
  zone TEXT NOT NULL,
  name TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  revoked_by TEXT NOT NULL,
  reason TEXT NOT NULL
) STRICT, WITHOUT ROWID;
)";

std::int64_t to_ms(UtcTime time) {
  return time.time_since_epoch().count();
}

UtcTime from_ms(std::int64_t ms) {
  return UtcTime{Duration{ms}};
}

Result<> prepare(Database& database) {
  // Few writes; and to be read it needs no byte of a full disk.
  auto set = database.execute("PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL");
  if (!set) return set;
  HEARTH_TRY(application, database.number("PRAGMA application_id"));
  HEARTH_TRY(version, database.number("PRAGMA user_version"));
  HEARTH_TRY(tables, database.number("SELECT count(*) FROM sqlite_schema"));
  const auto refuse = [&](const std::string& why) {
    return fail(ErrorCode::kFailedPrecondition, database.path() + ": " + why);
  };
  if (tables == 0) {
    return database.execute("BEGIN IMMEDIATE;" + std::string(kTables) +
                            "PRAGMA application_id = " + std::to_string(kApplicationId) +
                            "; PRAGMA user_version = " + std::to_string(kVersion) + "; COMMIT");
  }
  if (application != kApplicationId) return refuse("not a file of enrolments and revocations");
  if (version > kVersion) {
    return refuse("of a newer version (" + std::to_string(version) + ") than this program knows");
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<TrustStore>> TrustStore::open(const std::string& path) {
  // Made here, so that it never is readable for others.
  { const std::ofstream made{path, std::ios::app}; }
  std::error_code problem;
  std::filesystem::permissions(
      path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write, problem);
  if (problem) return fail(ErrorCode::kUnavailable, path + ": " + problem.message());
  HEARTH_TRY(database, Database::open(path));
  if (auto prepared = prepare(database); !prepared) return tl::unexpected(prepared.error());
  return std::unique_ptr<TrustStore>{new TrustStore{std::move(database)}};
}

Result<> TrustStore::add(const Enrolment& enrolment) {
  return database_
      .statement(
          "INSERT INTO enrolments (token_hash, node, created_ms, created_by, expires_ms) "
          "VALUES (?, ?, ?, ?, ?)")
      .run(enrolment.token_hash, enrolment.node, to_ms(enrolment.created_at), enrolment.created_by,
           to_ms(enrolment.expires_at));
}

template <class... Values>
Result<std::vector<Enrolment>> TrustStore::read(std::string_view sql, const Values&... values) {
  std::vector<Enrolment> all;
  const auto visit = [&](Row row) -> Result<bool> {
    Enrolment one;
    one.token_hash = row.text();
    one.node = row.text();
    one.created_at = from_ms(row.integer());
    one.created_by = row.text();
    one.expires_at = from_ms(row.integer());
    const bool unused = row.next_is_null();
    const auto used_ms = row.integer();
    if (!unused) one.used_at = from_ms(used_ms);
    one.request_key = row.text();
    one.certificate = row.text();
    one.serial = row.text();
    all.push_back(std::move(one));
    return true;
  };
  if (auto done = database_.statement(sql).each(visit, values...); !done) {
    return tl::unexpected(done.error());
  }
  return all;
}

Result<Enrolment> TrustStore::find(const std::string& token_hash) {
  HEARTH_TRY(found, read("SELECT token_hash, node, created_ms, created_by, expires_ms, used_ms, "
                         "request_key, certificate, serial FROM enrolments WHERE token_hash = ?",
                         token_hash));
  if (found.empty()) return fail(ErrorCode::kNotFound, "no such token");
  return std::move(found.front());
}

Result<std::vector<Enrolment>> TrustStore::enrolments() {
  return read(
      "SELECT token_hash, node, created_ms, created_by, expires_ms, used_ms, request_key, "
      "certificate, serial FROM enrolments ORDER BY created_ms DESC, token_hash");
}

Result<> TrustStore::set_used(const Enrolment& enrolment) {
  return database_
      .statement(
          "UPDATE enrolments SET used_ms = ?, request_key = ?, certificate = ?, serial = ? "
          "WHERE token_hash = ?")
      .run(to_ms(enrolment.used_at.value_or(UtcTime{})), enrolment.request_key,
           enrolment.certificate, enrolment.serial, enrolment.token_hash);
}

Result<> TrustStore::remove(const std::string& token_hash) {
  return database_.statement("DELETE FROM enrolments WHERE token_hash = ?").run(token_hash);
}

Result<> TrustStore::remove_open(const std::string& node) {
  return database_.statement("DELETE FROM enrolments WHERE node = ? AND used_ms IS NULL").run(node);
}

Result<> TrustStore::forget_ended_before(UtcTime end) {
  return database_.statement("DELETE FROM enrolments WHERE coalesce(used_ms, expires_ms) < ?")
      .run(to_ms(end));
}

Result<> TrustStore::put(const Revocation& revocation) {
  const auto& selector = revocation.selector;
  return database_
      .statement("INSERT OR REPLACE INTO revocations VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")
      .run(to_words(selector), selector.serial, selector.node, selector.tenant, selector.zone,
           selector.name, to_ms(revocation.at), revocation.by, revocation.reason);
}

Result<bool> TrustStore::remove(const CertificateSelector& selector) {
  auto done =
      database_.statement("DELETE FROM revocations WHERE subject = ?").run(to_words(selector));
  if (!done) return tl::unexpected(done.error());
  return database_.changes() > 0;
}

Result<std::vector<Revocation>> TrustStore::revocations() {
  std::vector<Revocation> all;
  const auto visit = [&](Row row) -> Result<bool> {
    Revocation one;
    one.selector.serial = row.text();
    one.selector.node = row.text();
    one.selector.tenant = row.text();
    one.selector.zone = row.text();
    one.selector.name = row.text();
    one.at = from_ms(row.integer());
    one.by = row.text();
    one.reason = row.text();
    all.push_back(std::move(one));
    return true;
  };
  auto done = database_
                  .statement(
                      "SELECT serial, node, tenant, zone, name, at_ms, revoked_by, reason "
                      "FROM revocations ORDER BY at_ms DESC, subject")
                  .each(visit);
  if (!done) return tl::unexpected(done.error());
  return all;
}

}  // namespace hearth::scheduler
