// Every allocation of a decoder fails: what comes of it is std::bad_alloc or the right result,
// never a wrong one and never an error that would make bytes in memory look damaged. In the product
// nothing catches it (wasm is built without exceptions): the worker ends, and the next one
// recovers. Its own program, because it replaces operator new. Leaks are the asan preset's to find.
#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

#include "log/codec.h"
#include "tests/log/samples.h"

namespace {

std::uint64_t allocations_left = UINT64_MAX;

void* allocate(std::size_t bytes) {
  if (allocations_left != UINT64_MAX) {
    if (allocations_left == 0) return nullptr;
    --allocations_left;
  }
  return std::malloc(bytes == 0 ? 1 : bytes);
}

}  // namespace

void* operator new(std::size_t bytes) {
  if (void* memory = allocate(bytes)) return memory;
  throw std::bad_alloc();
}
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  return allocate(bytes);
}
// Not inlined: GCC would take the pair for mismatched.
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t /*bytes*/) noexcept {
  std::free(memory);
}

namespace tablog {
namespace {

std::uint64_t allocations_failed = 0;

// Decodes with the allocation `number` and all after it failing; counts the failures.
template <class Expected, class Decode>
void decode_with_every_failure(const Expected& expected, const Decode& decode) {
  std::uint64_t failures = 0;
  for (bool done = false; !done; ++failures) {
    Result<Expected> result;
    allocations_left = failures;
    try {
      result = decode();
      done = true;
    } catch (const std::bad_alloc&) {
    }
    allocations_left = UINT64_MAX;
    if (!done) continue;
    ASSERT_TRUE(result) << result.error().message;
    ASSERT_EQ(*result, expected);
  }
  allocations_failed += failures - 1;
}

TEST(CodecMemoryTest, AnEntryDecodesOrThereIsNoMemory) {
  for (const EntryBody& body : samples::bodies()) {
    Entry entry = samples::entry(Index{5});
    entry.body = body;
    const Bytes bytes = encode_entry(entry).value();
    decode_with_every_failure(entry, [&] { return decode_entry(bytes); });
  }
  EXPECT_GT(allocations_failed, 0U);
}

TEST(CodecMemoryTest, AMessageDecodesOrThereIsNoMemory) {
  for (const Message& message : samples::messages()) {
    const Bytes bytes = encode_message(message);
    decode_with_every_failure(message, [&] { return decode_message(bytes); });
  }
}

}  // namespace
}  // namespace tablog
