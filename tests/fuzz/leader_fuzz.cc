// The leader worker's module, through its boundary, on files in memory: it leads, and the fuzzer
// speaks for the platform and for the other tabs. Asserts what boundary_kit.h says of everything
// that comes out; and that the store, when the worker is gone, opens again and holds what its log
// says.
#include "storage/memory_file.h"
#include "storage/store.h"
#include "tests/fuzz/boundary_kit.h"
#include "tests/fuzz/history.h"
#include "tests/log/samples.h"
#include "web/host/boundary.h"

namespace tablog::fuzz {
namespace {

enum : std::uint8_t {
  kConfigure = 0,
  kLockGranted = 1,
  kFilesOpened = 2,
  kMessage = 4,
  kBatchDue = 5,
  kTick = 6,
  kLocksSeen = 7
};
constexpr std::uint8_t kLastOutput = 15;
constexpr std::size_t kStepsMax = 32;
constexpr std::uint32_t kLogSlots = 3;
constexpr std::uint32_t kPoolSlots = 6;

const ClientId kSelf = samples::id<ClientId>(9);
const ClientId kOther = samples::id<ClientId>(7);

class Driver {
 public:
  Driver()
      : boundary_(
            std::in_place, [this] { return time_.clock; },
            [this](std::uint32_t handle) { return open_file(handle); }) {
    host::Writer config;
    config.u8(kConfigure);
    config.id(kSelf);
    config.id(samples::id<StoreId>(0x40));
    config.u64(1);
    config.u32(schema().version);
    config.boolean(true);   // in memory
    config.boolean(false);  // keeps no snapshots
    give(config.take());
    give(Bytes(1, std::byte{kLockGranted}));
    give(files());
    give(locks(true));
    give(message_input(
        kMessage,
        said(Join{.applied = {}, .chain = {}, .wants_entries = true, .schema = schema()})));
    give(Bytes(1, std::byte{kBatchDue}));
    check(!store_.is_zero(), "a worker that got the lock and files leads");
  }

  void step(Input& input) {
    switch (input.u8() % 7) {
      case 0:
        return give(input.bytes(input.u16()));
      case 1:
        if (const auto message = take_message(input, envelope()))
          give(message_input(kMessage, *message));
        return;
      case 2:
        time_.pass(std::chrono::milliseconds{input.u16()});
        return give(Bytes(1, std::byte{kTick}));
      case 3:
      case 4:
        return give(Bytes(1, std::byte{kBatchDue}));
      case 5:
        return give(message_input(kMessage, said(append(input))));
      default:
        return give(locks(input.u8() != 0));
    }
  }

  // The worker ends; what it leaves behind is looked at.
  void stop() {
    boundary_.reset();
    auto files = storage::StoreFiles{.log = disk_.open_slots("l").value(),
                                     .pool = disk_.open_slots("p").value()};
    const auto store = storage::Store::open(std::move(files), {.fresh = {}, .generation = {}});
    check(store.has_value(), "a store opens after its leader is gone");
    const auto digest = (*store)->state().recompute_digest();
    check(digest && *digest == (*store)->state().digest(), "its digest is that of its rows");
    check((*store)->state().applied() == (*store)->log().head().index,
          "its state is that of its log");
  }

 private:
  void give(ByteView bytes) {
    for (const Message& message : sent(boundary_->step(bytes), kLastOutput)) {
      store_ = message.store;
      term_ = message.term;
    }
  }
  [[nodiscard]] Envelope envelope() const {
    return {.store = store_, .term = term_, .from = {.tab = kOther, .role = Role::kReplica}};
  }
  [[nodiscard]] Message said(MessageBody body) const {
    const Envelope with = envelope();
    return {.store = with.store, .term = with.term, .from = with.from, .body = std::move(body)};
  }

  // Handles below kLogSlots are the log's, then the pool's; others are new files of either.
  std::unique_ptr<storage::File> open_file(std::uint32_t handle) {
    const bool log = handle < kLogSlots || handle % 2 == 0;
    auto file =
        disk_.open((log ? "l" : "p") + std::to_string(handle) + "-" + std::to_string(++opened_));
    return std::move(*file);
  }
  static Bytes files() {
    host::Writer out;
    out.u8(kFilesOpened);
    out.u32(0);  // generation
    std::uint32_t handle = 0;
    for (const std::uint32_t count : {kLogSlots, kPoolSlots}) {
      out.u32(count);
      for (std::uint32_t left = count; left > 0; --left) {
        out.text("slot" + std::to_string(handle));
        out.u32(count == kLogSlots ? handle : 2 * handle + 1);
        ++handle;
      }
    }
    return out.take();
  }
  Bytes locks(bool other_lives) const {
    host::Writer out;
    out.u8(kLocksSeen);
    out.f64(std::chrono::duration<double, std::milli>(time_.clock.monotonic).count());
    out.boolean(true);
    out.u32(other_lives ? 2 : 1);
    out.id(kSelf);
    if (other_lives) out.id(kOther);
    out.id(kSelf);  // leads
    return out.take();
  }

  // The other tab's next request, or the same again.
  AppendRequests append(Input& input) {
    const std::uint8_t kind = input.u8();
    if ((kind & 1U) == 0) ++number_;
    AppendRequest request{.number = {number_},
                          .settled_through = {(kind & 2U) == 0 ? 0U : number_ - 1},
                          .schema_version = (kind & 4U) == 0 ? 1U : 0U,
                          .durability = (kind & 8U) == 0 ? Durability::kFull : Durability::kRelaxed,
                          .expected_index = {},
                          .leader_deaths = static_cast<std::uint32_t>(kind >> 6U),
                          .request_hash = 0,
                          .payload = {}};
    if ((kind & 16U) == 0) {
      request.payload = std::vector{
          Event{.type = "todo.added",
                .args = {{"id", std::int64_t{input.u8()}}, {"title", std::string("t")}}}};
    } else {
      const ByteView sql = input.bytes(input.u8());
      request.payload = Exec{.sql = {reinterpret_cast<const char*>(sql.data()), sql.size()}};
    }
    request.request_hash = hash_payload(request.payload);
    return {.client = kOther, .requests = {std::move(request)}};
  }

  Time time_;
  storage::MemoryDisk disk_;
  std::uint64_t opened_{};
  StoreId store_;
  Term term_;
  std::uint64_t number_{};
  std::optional<host::LeaderBoundary> boundary_;
};

}  // namespace
}  // namespace tablog::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tablog::fuzz;
  Input input(view_of(data, size));
  Driver driver;
  for (std::size_t left = kStepsMax; left > 0 && !input.empty(); --left) driver.step(input);
  driver.stop();
  return 0;
}
