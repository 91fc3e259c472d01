// How things look to people: tables, numbers with units, colours, progress. Pure: text out.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hearth::cli {

enum class Style { kPlain, kGood, kBad, kWarning, kDim, kBold };

// A piece of a table or a sentence. Text from the scheduler may hold anything; it is shown with
// control characters replaced.
struct Cell {
  Cell(std::string cell_text, Style cell_style = Style::kPlain)  // implicit: rows are lists
      : text(std::move(cell_text)), style(cell_style) {}
  Cell(const char* cell_text) : text(cell_text) {}

  std::string text;
  Style style = Style::kPlain;
};

struct Column {
  std::string title;
  bool right = false;  // numbers
};

// Columns as wide as their widest cell, two spaces between them, no space at the end of a line.
class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // Requires one cell per column.
  void add(std::vector<Cell> row);
  bool empty() const { return rows_.empty(); }

  std::string render(bool colour) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

// Lines "Name:  value", the values aligned; rows with an empty value are left out.
std::string render_facts(const std::vector<std::pair<std::string, Cell>>& facts, bool colour);

std::string styled(std::string_view text, Style style, bool colour);

// The columns that UTF-8 text takes on a terminal.
std::size_t display_width(std::string_view text);
// The text without control characters (escape sequences above all) and invalid UTF-8.
std::string printable(std::string_view text);
// At most `width` columns; "…" at the end where cut.
std::string shortened(std::string_view text, std::size_t width);

// "812 J", "34.6 kJ", "1.25 MJ"; "312 W", "1.20 kW"; "21.3 °C"; "512 B", "1.5 GiB"; "1,859".
std::string format_energy(double joules);
std::string format_power(double watts);
std::string format_temperature(double celsius);
// "0.42 kWh", "12.3 kWh", "1,859 kWh".
std::string format_kwh(double joules);
std::string format_bytes(std::uint64_t bytes);
std::string format_count(std::uint64_t count);

// "%.*f" as a string.
std::string fixed(double value, int decimals);

}  // namespace hearth::cli
