// The image of a state database, changed here and there or cut. Asserts: it is refused with a
// documented code, or it is a database whose digest is that of its rows, whose own image opens as
// the same, and which takes or refuses the next entry without harm.
#include "log/codec.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/history.h"

namespace tablog::fuzz {
namespace {

using storage::StateDatabase;

constexpr std::size_t kPageBytes = 4096;

// Pieces of the input laid over the image of a sound database; then perhaps another number of
// pages.
Bytes take_image(Input& input) {
  Bytes image = history().image;
  const std::uint8_t pages = input.u8();
  while (!input.empty()) {
    const std::size_t at = input.number<std::uint32_t>() % image.size();
    const ByteView piece = input.bytes(input.u8());
    std::ranges::copy(piece.first(std::min(piece.size(), image.size() - at)),
                      image.begin() + static_cast<std::ptrdiff_t>(at));
  }
  if (pages != 0) image.resize(pages * kPageBytes);
  return image;
}

bool is_sound(StateDatabase& database) {
  const auto digest = database.recompute_digest();
  return digest && *digest == database.digest();
}

void check_same(StateDatabase& database) {
  const auto image = database.snapshot();
  check(image.has_value(), "a database that opened has an image");
  const auto again = StateDatabase::from_image(*image);
  if (!again) return check_code(again.error(), {ErrorCode::kCorrupt});
  check((*again)->applied() == database.applied() && (*again)->chain() == database.chain() &&
            (*again)->store() == database.store() && (*again)->digest() == database.digest() &&
            (*again)->sessions() == database.sessions(),
        "the image of an image is the same");
}

void check_next(StateDatabase& database) {
  Entry entry = history().entries[1].entry;
  entry.index = next(database.applied());
  std::get<Event>(entry.body).args[0].value = std::int64_t{77};
  const auto encoded = encode(std::move(entry));
  const Index before = database.applied();
  const auto applied = database.apply(encoded->entry, *encoded->bytes);
  if (applied && database.commit()) {
    check(database.applied() == next(before), "an entry that is applied counts");
  } else {
    check(database.applied() == before && !database.in_transaction(),
          "an entry that is refused leaves no trace");
  }
}

}  // namespace
}  // namespace tablog::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tablog::fuzz;
  Input input(view_of(data, size));
  const auto database = StateDatabase::from_image(take_image(input));
  if (!database) {
    check_code(database.error(), {tablog::ErrorCode::kCorrupt, tablog::ErrorCode::kNewerFormat});
    return 0;
  }
  check(is_sound(**database), "a digest is that of the rows");
  check_same(**database);
  static_cast<void>((*database)->query("SELECT * FROM todo JOIN note ON note.todo = todo.id", {}));
  check_next(**database);
  return 0;
}
