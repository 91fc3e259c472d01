#include "scheduler/store/sqlite.h"

#include <sqlite3.h>

#include <cmath>

namespace hearth::scheduler {
namespace {

constexpr int kBusyTimeoutMs = 10'000;

ErrorCode code_of(int result) {
  switch (result & 0xff) {
    case SQLITE_CONSTRAINT:
      return ErrorCode::kAlreadyExists;
    case SQLITE_FULL:
      return ErrorCode::kResourceExhausted;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return ErrorCode::kUnavailable;
    default:
      return ErrorCode::kInternal;
  }
}

Error error_of(sqlite3* database) {
  const char* file = sqlite3_db_filename(database, "main");
  return Error{code_of(sqlite3_extended_errcode(database)),
               std::string(file == nullptr ? "" : file) + ": " + sqlite3_errmsg(database)};
}

}  // namespace

std::int64_t Row::integer() {
  return sqlite3_column_int64(statement_, column_++);
}

double Row::real() {
  return sqlite3_column_double(statement_, column_++);
}

std::string Row::text() {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column_));
  const int size = sqlite3_column_bytes(statement_, column_);
  ++column_;
  return bytes == nullptr ? std::string() : std::string(bytes, static_cast<std::size_t>(size));
}

bool Row::next_is_null() const {
  return sqlite3_column_type(statement_, column_) == SQLITE_NULL;
}

Statement::Statement(sqlite3* database, std::string_view sql) : database_(database) {
  if (sqlite3_prepare_v3(database, sql.data(), static_cast<int>(sql.size()),
                         SQLITE_PREPARE_PERSISTENT, &statement_, nullptr) != SQLITE_OK) {
    broken_ = error_of(database);
  }
}

Statement::~Statement() {
  sqlite3_finalize(statement_);
}

Statement::Statement(Statement&& other) noexcept
    : database_(other.database_),
      statement_(std::exchange(other.statement_, nullptr)),
      broken_(std::move(other.broken_)) {}

void Statement::bind(int column, std::int64_t value) {
  sqlite3_bind_int64(statement_, column, value);
}

void Statement::bind(int column, double value) {
  sqlite3_bind_double(statement_, column, std::isnan(value) ? 0.0 : value);
}

void Statement::bind(int column, std::string_view text) {
  sqlite3_bind_text(statement_, column, text.empty() ? "" : text.data(),
                    static_cast<int>(text.size()), SQLITE_TRANSIENT);
}

void Statement::bind(int column, Blob blob) {
  sqlite3_bind_blob(statement_, column, blob.bytes.empty() ? "" : blob.bytes.data(),
                    static_cast<int>(blob.bytes.size()), SQLITE_TRANSIENT);
}

void Statement::bind(int column, std::optional<int> value) {
  bind(column, value ? std::optional<std::int64_t>(*value) : std::nullopt);
}

void Statement::bind(int column, std::optional<std::int64_t> value) {
  if (value) {
    bind(column, *value);
  } else {
    sqlite3_bind_null(statement_, column);
  }
}

Result<bool> Statement::step() {
  if (broken_) return tl::unexpected(*broken_);
  const int result = sqlite3_step(statement_);
  if (result == SQLITE_ROW) return true;
  if (result == SQLITE_DONE) return false;
  return tl::unexpected(error_of(database_));
}

Result<> Statement::finish() {
  const auto row = step();
  reset();
  if (!row) return tl::unexpected(row.error());
  return {};
}

void Statement::reset() {
  sqlite3_reset(statement_);
}

Database::Database(std::string path, sqlite3* handle) : path_(std::move(path)), handle_(handle) {}

void Database::Close::operator()(sqlite3* handle) const {
  sqlite3_close_v2(handle);
}

Result<Database> Database::open(const std::string& path, Sharing sharing) {
  sqlite3* handle = nullptr;
  const int flags =
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const char* system = sharing == Sharing::kOurselves ? "unix-excl" : nullptr;
  const int result = sqlite3_open_v2(path.c_str(), &handle, flags, system);
  Database database(path, handle);
  if (result != SQLITE_OK) {
    return fail(code_of(result), path + ": " + sqlite3_errstr(result));
  }
  sqlite3_busy_timeout(handle, kBusyTimeoutMs);
  return database;
}

Result<> Database::execute(const std::string& sql) {
  if (sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    return tl::unexpected(error_of(handle_.get()));
  }
  return {};
}

Result<std::int64_t> Database::number(std::string_view sql) {
  std::int64_t answer = 0;
  const auto done = Statement(handle_.get(), sql).each([&](Row row) -> Result<bool> {
    answer = row.integer();
    return false;
  });
  if (!done) return tl::unexpected(done.error());
  return answer;
}

std::uint64_t Database::changes() const {
  return static_cast<std::uint64_t>(sqlite3_changes64(handle_.get()));
}

Statement& Database::statement(std::string_view sql) {
  const auto found = statements_.find(sql);
  if (found != statements_.end()) return found->second;
  return statements_.emplace(sql, Statement(handle_.get(), sql)).first->second;
}

}  // namespace hearth::scheduler
