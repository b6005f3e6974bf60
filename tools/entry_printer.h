// EntryPrinter: entries as `dump` and `tail` show them: a line each, or a row.
#pragma once

#include "log/entry.h"
#include "tools/output.h"

namespace tablog::tools {

class EntryPrinter {
 public:
  // `last`: about the highest index to come, for the width of its column. Begins the rows.
  EntryPrinter(Output& output, Index last);

  void print(const Entry& entry);
  void finish();

 private:
  Output& output_;
  Table table_;
};

}  // namespace tablog::tools
