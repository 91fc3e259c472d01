// SQLite without its pitfalls: connections and statements that clean up, errors as values.
//
// One connection and its statements belong to one thread at a time.
#pragma once

#include <concepts>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace hearth::scheduler {

// Bytes rather than text.
struct Blob {
  std::string_view bytes;
};

// One row while a query runs; each call reads the next column.
class Row {
 public:
  explicit Row(sqlite3_stmt* statement) : statement_(statement) {}

  std::int64_t integer();
  std::uint64_t number() { return static_cast<std::uint64_t>(integer()); }
  double real();
  std::string text();  // also blobs; empty for NULL
  // Whether the next column is NULL; does not move on.
  [[nodiscard]] bool next_is_null() const;

 private:
  sqlite3_stmt* statement_;
  int column_ = 0;
};

// A prepared statement. One that could not be prepared fails when it is run.
class Statement {
 public:
  Statement(sqlite3* database, std::string_view sql);
  ~Statement();
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&&) = delete;

  // Runs a statement that returns no rows. Fails with kAlreadyExists where a key is taken,
  // kResourceExhausted where the disk is full, kUnavailable where the disk or a lock fails,
  // kInternal otherwise.
  template <class... Values>
  Result<> run(const Values&... values) {
    bind_all(values...);
    return finish();
  }

  // Calls visit(Row) -> Result<bool> for each row until it answers false or an error.
  template <class Visit, class... Values>
  Result<> each(Visit&& visit, const Values&... values) {
    bind_all(values...);
    while (true) {
      auto more = step();
      if (more && *more) more = visit(Row(statement_));
      if (more && *more) continue;
      reset();
      if (!more) return tl::unexpected(std::move(more.error()));
      return {};
    }
  }

 private:
  template <class... Values>
  void bind_all(const Values&... values) {
    int column = 0;
    (bind(++column, values), ...);
  }
  void bind(int column, std::int64_t value);
  void bind(int column, std::integral auto value) {
    bind(column, static_cast<std::int64_t>(value));
  }
  void bind(int column, double value);  // NaN, which SQL has not, becomes 0
  void bind(int column, std::string_view text);
  void bind(int column, Blob blob);
  void bind(int column, std::optional<int> value);
  void bind(int column, std::optional<std::int64_t> value);

  Result<bool> step();  // whether there is a row
  Result<> finish();
  void reset();

  sqlite3* database_;
  sqlite3_stmt* statement_ = nullptr;
  std::optional<Error> broken_;
};

// Who else may have the file open. What connections have to share about a log (WAL) lies in a file
// for others, and in memory for ourselves alone: then opening and reading take nothing of the disk.
enum class Sharing { kProcesses, kOurselves };

class Database {
 public:
  // Opens or creates the file.
  static Result<Database> open(const std::string& path, Sharing sharing = Sharing::kProcesses);

  // Any number of statements without parameters or rows of interest.
  Result<> execute(const std::string& sql);

  // The one number that a query answers.
  Result<std::int64_t> number(std::string_view sql);

  // Rows that the last statement changed.
  [[nodiscard]] std::uint64_t changes() const;

  // Prepared once, kept for the life of the connection. `sql` is a literal.
  Statement& statement(std::string_view sql);

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  Database(std::string path, sqlite3* handle);

  struct Close {
    void operator()(sqlite3* handle) const;
  };
  std::string path_;
  std::unique_ptr<sqlite3, Close> handle_;
  std::map<std::string_view, Statement> statements_;  // destroyed before the connection
};

}  // namespace hearth::scheduler
