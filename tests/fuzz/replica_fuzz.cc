// The replica worker's module, through its boundary, with a leader that the fuzzer speaks for:
// inputs of any bytes, messages of any content, chunks of a snapshot, batches of the log. Asserts
// what boundary_kit.h says of everything that comes out.
#include "storage/profile.h"
#include "tests/fuzz/boundary_kit.h"
#include "tests/fuzz/history.h"
#include "tests/log/samples.h"
#include "web/host/boundary.h"

namespace tablog::fuzz {
namespace {

constexpr std::uint8_t kConfigure = 0;
constexpr std::uint8_t kMessage = 9;
constexpr std::uint8_t kTick = 10;
constexpr std::uint8_t kLastOutput = 12;
constexpr std::size_t kStepsMax = 64;

const ClientId kSelf = samples::id<ClientId>(7);
const Envelope kLeader{.store = samples::id<StoreId>(0x40),
                       .term = Term::of(Generation{0}, 3),
                       .from = {.tab = samples::id<ClientId>(0x50), .role = Role::kLeader}};

Bytes configuration(std::uint8_t mode) {
  const Schema wanted = schema();
  host::Writer writer;
  writer.u8(kConfigure);
  writer.id(kSelf);
  writer.u8(mode);
  writer.u64(1U << 20U);
  writer.u32(wanted.version);
  writer.u32(1);
  writer.text(wanted.migrations.front());
  writer.u32(static_cast<std::uint32_t>(wanted.materializers.size()));
  for (const Materializer& each : wanted.materializers) {
    writer.text(each.type);
    writer.text(each.sql);
  }
  writer.u32(0);  // upcasters
  writer.u32(0);  // flags
  return writer.take();
}

class Driver {
 public:
  explicit Driver(std::uint8_t mode) : boundary_([this] { return time_.clock; }) {
    give(configuration(mode));
  }

  void step(Input& input) {
    switch (input.u8() % 6) {
      case 0:
        return give(input.bytes(input.u16()));
      case 1:
        if (const auto message = take_message(input, kLeader))
          give(message_input(kMessage, *message));
        return;
      case 2:
        time_.pass(std::chrono::milliseconds{input.u16()});
        return give(Bytes(1, std::byte{kTick}));
      case 3:
        return hear(chunk(input));
      case 4:
        return hear(committed(input));
      default:
        return hear(Announce{.leader = kLeader.from.tab,
                             .head = Index{input.u8()},
                             .chain = history().chains.back()});
    }
  }

 private:
  void give(ByteView bytes) { static_cast<void>(sent(boundary_.step(bytes), kLastOutput)); }
  void hear(MessageBody body) {
    give(message_input(kMessage, {.store = kLeader.store,
                                  .term = kLeader.term,
                                  .from = kLeader.from,
                                  .body = std::move(body)}));
  }

  // A piece of the image, in quarters of it, with one byte changed where the input wants that.
  static TransferChunk chunk(Input& input) {
    const Bytes& image = history().image;
    const std::size_t quarter = image.size() / 4;
    const std::size_t begin = input.u8() % 5 * quarter;
    const std::size_t end = std::min(image.size(), begin + input.u8() % 5 * quarter);
    Bytes bytes(image.begin() + static_cast<std::ptrdiff_t>(begin),
                image.begin() + static_cast<std::ptrdiff_t>(end));
    const std::size_t at = input.u16();
    const auto flip = static_cast<std::byte>(input.u8());
    if (at < bytes.size()) bytes[at] ^= flip;
    return {.call = 0,
            .transfer = input.u8() % 4U,
            .offset = begin,
            .total_bytes = image.size() + input.u8() % 2U,
            .index = Index{history().entries.size()},
            .chain = history().chains.back(),
            .result = std::move(bytes)};
  }

  static Committed committed(Input& input) {
    const std::size_t count = history().entries.size();
    const std::size_t from = input.u8() % (count + 1);
    const std::size_t to = std::min(count, from + input.u8() % (count + 1));
    Committed message{.previous = Index{from},
                      .previous_chain = history().chains[from],
                      .entries = {},
                      .head = Index{input.u8()},
                      .durable = Index{to},
                      .checkpoint = {},
                      .digest = history().digests[to]};
    for (std::size_t i = from; i < to; ++i) message.entries.push_back(history().entries[i].bytes);
    const std::uint8_t wrong = input.u8();
    if (wrong == 1) message.digest = Digest{};
    if (wrong == 2) message.previous_chain = ChainHash{};
    if (wrong == 3) message.digest.reset();
    return message;
  }

  Time time_;
  host::ReplicaBoundary boundary_;
};

}  // namespace
}  // namespace tablog::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tablog::fuzz;
  Input input(view_of(data, size));
  Driver driver(input.u8() % 2);
  for (std::size_t left = kStepsMax; left > 0 && !input.empty(); --left) driver.step(input);
  return 0;
}
