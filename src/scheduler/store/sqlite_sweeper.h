// Deletes, piece by piece, what a store file is to forget.
//
// Lives on the store's writing thread, between its transactions; the connection must outlive it.
#pragma once

#include "scheduler/store/sqlite.h"
#include "scheduler/store/store.h"

namespace hearth::scheduler {

class SqliteSweeper {
 public:
  explicit SqliteSweeper(Database& database) : database_(database) {}

  // One transaction; where it fails nothing was deleted.
  Result<Swept> sweep(const SweepOrder& order);

 private:
  Result<> sweep_all(const SweepOrder& order, Swept& swept);
  Result<> sweep_job(JobId job, std::uint64_t staging, std::size_t rows_max, Swept& swept);
  Result<> sweep_events(const SweepOrder& order, Swept& swept);
  // Runs a statement that deletes at most as many rows as are left of the bound.
  template <class... Values>
  Result<> erase(std::string_view sql, std::size_t rows_max, const Values&... values);

  Database& database_;
  std::size_t left_ = 0;      // of the bound
  std::uint64_t erased_ = 0;  // rows of one job, in this piece
};

}  // namespace hearth::scheduler
