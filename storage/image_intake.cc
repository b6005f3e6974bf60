#include "storage/image_intake.h"

#include <sqlite3.h>

#include <algorithm>
#include <cassert>
#include <string>
#include <string_view>
#include <utility>

#include "log/size.h"
#include "storage/profile.h"
#include "storage/state_open.h"
#include "storage/vfs_file.h"

namespace tablog::storage {

namespace {

constexpr auto kPage = static_cast<std::size_t>(kPageBytes);
constexpr std::string_view kMagic("SQLite format 3\0", 16);
constexpr std::size_t kPageBytesAt = 16;  // u16, big-endian
constexpr std::size_t kVersionsAt = 18;   // write and read version; 1: no WAL

std::unexpected<Error> bad_image(const char* what) {
  return fail(ErrorCode::kCorrupt, std::string("not the image of a state database: ") + what);
}

Result<void> check_header(ByteView page) {
  const auto magic = std::as_bytes(std::span(kMagic));
  if (!std::ranges::equal(page.first(magic.size()), magic))
    return bad_image("it has no SQLite header");
  const auto byte = [&](std::size_t at) { return static_cast<unsigned>(page[at]); };
  if ((byte(kPageBytesAt) << 8U | byte(kPageBytesAt + 1)) != kPage)
    return bad_image("its pages have another size");
  if (byte(kVersionsAt) != 1 || byte(kVersionsAt + 1) != 1) return bad_image("it is in WAL mode");
  return {};
}

// What there is of the image: its first page, which SQLite looks at again and again, and the pages
// that are being copied.
struct Window {
  std::uint64_t image_bytes{};
  Bytes first;
  std::uint64_t offset{};
  ByteView pages;

  [[nodiscard]] ByteView find(std::uint64_t at, std::size_t size) const {
    if (at + size <= first.size()) return ByteView(first).subspan(to_size(at), size);
    if (at < offset || at + size > offset + pages.size()) return {};
    return pages.subspan(to_size(at - offset), size);
  }
};

class WindowFile final : public VfsFile {
 public:
  explicit WindowFile(const Window& window) : window_(window) {}

  int read(std::uint64_t offset, std::span<std::byte> out) override {
    const ByteView found = window_.find(offset, out.size());
    if (found.size() == out.size()) {
      std::ranges::copy(found, out.begin());
      return SQLITE_OK;
    }
    std::ranges::fill(out, std::byte{});
    return offset + out.size() > window_.image_bytes ? SQLITE_IOERR_SHORT_READ : SQLITE_IOERR_READ;
  }
  int write(std::uint64_t /*offset*/, ByteView /*data*/) override { return SQLITE_READONLY; }
  int truncate(std::uint64_t /*bytes*/) override { return SQLITE_READONLY; }
  int size(std::uint64_t& bytes) override {
    bytes = window_.image_bytes;
    return SQLITE_OK;
  }

 private:
  const Window& window_;
};

int x_open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* out_flags) {
  file->pMethods = nullptr;
  if (path == nullptr || (flags & SQLITE_OPEN_MAIN_DB) == 0) return SQLITE_CANTOPEN;
  give_to_sqlite(file, std::make_unique<WindowFile>(*static_cast<Window*>(vfs->pAppData)));
  if (out_flags != nullptr) *out_flags = flags;
  return SQLITE_OK;
}

int x_delete(sqlite3_vfs*, const char*, int) {
  return SQLITE_IOERR_DELETE;
}

// It has no journal, and no WAL.
int x_access(sqlite3_vfs*, const char*, int, int* out) {
  *out = 0;
  return SQLITE_OK;
}

int x_full_pathname(sqlite3_vfs*, const char* path, int bytes, char* out) {
  sqlite3_snprintf(bytes, out, "%s", path);
  return SQLITE_OK;
}

std::string next_name() {
  static unsigned count = 0;
  return "tablog-image-" + std::to_string(++count);
}

struct FinishBackup {
  void operator()(sqlite3_backup* backup) const { sqlite3_backup_finish(backup); }
};

}  // namespace

// The image is the source of a backup, which asks for its pages in their order, so many as a step
// is told. The other way, sqlite3_deserialize(), wants all of it in one piece; and a database that
// it has made has a size limit, and keeps its pages twice.
struct ImageIntake::Impl {
  Window window;
  Bytes begun;  // of a page whose other bytes have not come
  std::uint64_t copied{};
  std::string name = next_name();
  sqlite3_vfs vfs = vfs_base(name.c_str());
  // In the order of dependence.
  Connection to;
  Connection from;
  std::unique_ptr<sqlite3_backup, FinishBackup> backup;

  explicit Impl(Connection database) : to(std::move(database)) {
    vfs.pAppData = &window;
    vfs.xOpen = x_open;
    vfs.xDelete = x_delete;
    vfs.xAccess = x_access;
    vfs.xFullPathname = x_full_pathname;
    [[maybe_unused]] const int registered = sqlite3_vfs_register(&vfs, 0);
    assert(registered == SQLITE_OK);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() {
    close();
    sqlite3_vfs_unregister(&vfs);
  }
  void close() {
    backup.reset();
    from = Connection{};
  }

  [[nodiscard]] Result<void> open();
  [[nodiscard]] Result<void> copy(ByteView pages);
};

Result<void> ImageIntake::Impl::open() {
  if (auto checked = check_header(window.first); !checked) return checked;
  Result<Connection> opened = Connection::open("/image", SQLITE_OPEN_READONLY, name.c_str());
  if (!opened) return fail(opened.error());
  from = std::move(*opened);
  backup.reset(sqlite3_backup_init(to.get(), "main", from.get(), "main"));
  if (backup) return {};
  return fail(sql_error(to.get(), sqlite3_errcode(to.get()), ErrorCode::kCorrupt));
}

// Whole pages, that come next.
Result<void> ImageIntake::Impl::copy(ByteView pages) {
  if (pages.empty()) return {};
  window.offset = copied;
  window.pages = pages;
  if (copied == 0) {
    window.first = Bytes(pages.begin(), pages.begin() + kPage);
    if (auto opened = open(); !opened) return opened;
  }
  const int code = sqlite3_backup_step(backup.get(), static_cast<int>(pages.size() / kPage));
  copied += pages.size();
  window.pages = {};
  if (code == (copied == window.image_bytes ? SQLITE_DONE : SQLITE_OK)) return {};
  if (code == SQLITE_OK || code == SQLITE_DONE)
    return bad_image("it has another number of pages than it says");
  return fail(sql_error(to.get(), code, ErrorCode::kCorrupt));
}

ImageIntake::ImageIntake(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ImageIntake::~ImageIntake() = default;

Result<std::unique_ptr<ImageIntake>> ImageIntake::begin(std::uint64_t bytes) {
  if (bytes < kPage || bytes % kPage != 0) return bad_image("its size is not whole pages");
  Result<Connection> to = open_in_memory();
  if (!to) return fail(to.error());
  auto impl = std::make_unique<Impl>(std::move(*to));
  impl->window.image_bytes = bytes;
  return std::unique_ptr<ImageIntake>(new ImageIntake(std::move(impl)));
}

Result<void> ImageIntake::add(ByteView piece) {
  Impl& impl = *impl_;
  if (piece.size() > impl.window.image_bytes - impl.copied - impl.begun.size())
    return bad_image("it is longer than it was said to be");
  if (!impl.begun.empty()) {
    const std::size_t missing = std::min(kPage - impl.begun.size(), piece.size());
    impl.begun.insert(impl.begun.end(), piece.begin(),
                      piece.begin() + static_cast<std::ptrdiff_t>(missing));
    piece = piece.subspan(missing);
    if (impl.begun.size() < kPage) return {};
    if (auto copied = impl.copy(impl.begun); !copied) return copied;
    impl.begun.clear();
  }
  const std::size_t whole = piece.size() / kPage * kPage;
  if (auto copied = impl.copy(piece.first(whole)); !copied) return copied;
  const ByteView rest = piece.subspan(whole);
  impl.begun.assign(rest.begin(), rest.end());
  return {};
}

Result<Connection> ImageIntake::finish() {
  if (impl_->copied != impl_->window.image_bytes) return bad_image("it is cut");
  impl_->close();
  return std::move(impl_->to);
}

}  // namespace tablog::storage
