#include <algorithm>
#include <memory>
#include <queue>

#include <nlohmann/json.hpp>

#include "log/size.h"
#include "tools/log_lines.h"
#include "tools/new_file.h"
#include "tools/salvage_log.h"

namespace tablog::tools {

namespace {

// The entries of one span, one after the other. Its part is read again: what the scan had found may
// be gone where a writer is at work, and then the span ends earlier.
class Cursor {
 public:
  Cursor(const SalvageSource& source, const Span& span)
      : span_(&span),
        part_(&source.parts[span.part]),
        window_(*part_->source, part_->bytes),
        offset_(span.begin) {}

  // False: there are no more.
  Result<bool> advance() {
    while (offset_ < span_->end) {
      auto frame = frame_at(window_, offset_, span_->salt);
      if (!frame) return fail(frame.error());
      if (!*frame) return false;
      at_ = offset_;
      offset_ += frame_bytes((*frame)->header.body_bytes);
      if ((*frame)->entry) {
        frame_ = **std::move(frame);
        return true;
      }
    }
    return false;
  }

  [[nodiscard]] Index index() const { return frame_.header.index; }
  [[nodiscard]] ByteView body() const { return frame_.body; }
  [[nodiscard]] bool chained() const { return span_->chained; }

  [[nodiscard]] Json line() const {
    Json line = json_of_line(*frame_.entry, frame_.body);
    line["chained"] = span_->chained;
    line["slot"] = part_->name;
    line["offset"] = at_;
    return line;
  }

 private:
  const Span* span_;
  const SalvagePart* part_;
  Window window_;
  std::uint64_t offset_;
  std::uint64_t at_{};  // of the frame
  FoundFrame frame_{};
};

using Cursors = std::vector<std::unique_ptr<Cursor>>;

Result<void> write_index(const Cursors& same, NewFile& file, WrittenEntries& written) {
  std::vector<const Cursor*> distinct;
  for (const auto& cursor : same) {
    const bool known = std::ranges::any_of(distinct, [&](const Cursor* other) {
      return std::ranges::equal(other->body(), cursor->body());
    });
    if (known) continue;
    distinct.push_back(cursor.get());
    ++written.entries;
    if (cursor->chained()) ++written.chained;
    if (distinct.size() == 2 && written.duplicated.size() < WrittenEntries::kDuplicatesMax) {
      written.duplicated.push_back(cursor->index());
    }
    if (distinct.size() > 1) ++written.duplicates;
    if (auto added = file.append(line_text(cursor->line())); !added) return added;
  }
  return {};
}

}  // namespace

Result<WrittenEntries> write_entries(const std::string& path, const SalvageSource& source,
                                     const Scanned& scanned) {
  auto file = NewFile::create(path);
  if (!file) return fail(file.error());
  WrittenEntries written;
  Cursors open;  // those that have not ended; each stands at an entry
  auto next_span = scanned.spans.begin();
  while (next_span != scanned.spans.end() || !open.empty()) {
    Index at = next_span != scanned.spans.end() ? next_span->first : kIndexMax;
    for (const auto& cursor : open) at = std::min(at, cursor->index());
    for (; next_span != scanned.spans.end() && next_span->first == at; ++next_span) {
      auto cursor = std::make_unique<Cursor>(source, *next_span);
      const auto begun = cursor->advance();
      if (!begun) return fail(begun.error());
      if (*begun) open.push_back(std::move(cursor));
    }
    const auto others =
        std::ranges::partition(open, [&](const auto& cursor) { return cursor->index() == at; });
    Cursors same(std::make_move_iterator(open.begin()), std::make_move_iterator(others.begin()));
    open.erase(open.begin(), others.begin());
    std::ranges::stable_sort(
        same, [](const auto& a, const auto& b) { return a->chained() && !b->chained(); });
    if (auto told = write_index(same, *file, written); !told) return fail(told.error());
    for (auto& cursor : same) {
      const auto more = cursor->advance();
      if (!more) return fail(more.error());
      if (*more) open.push_back(std::move(cursor));
    }
  }
  if (auto placed = file->place(); !placed) return fail(placed.error());
  return written;
}

}  // namespace tablog::tools
