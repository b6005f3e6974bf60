// Bindings: the module's exports, docs/boundary.md. One instance is one worker, of one role.
#include <wasi/api.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <optional>
#include <variant>

#include "web/host/boundary.h"
#include "web/host/importer.h"
#include "web/host/past.h"
#include "web/opfs_file.h"

// Imported from the worker: told while a step goes on.
extern "C" [[clang::import_module("env"), clang::import_name("tablog_progress")]] void
tablog_progress(double done, double total);

namespace {

void tell_progress(std::uint64_t done, std::uint64_t total) {
  tablog_progress(static_cast<double>(done), static_cast<double>(total));
}

using tablog::Bytes;
using tablog::ByteView;
using tablog::Clock;

std::chrono::nanoseconds read_clock(__wasi_clockid_t clock) {
  __wasi_timestamp_t time{};
  if (__wasi_clock_time_get(clock, 1, &time) != __WASI_ERRNO_SUCCESS) std::abort();
  return std::chrono::nanoseconds(time);
}

// The clocks of the platform: performance.now() and Date.now(). Not by std::chrono, whose clocks
// can fail, and whose failure brings every text of strerror().
Clock now() {
  using std::chrono::duration_cast;
  return Clock{
      .monotonic = duration_cast<std::chrono::microseconds>(read_clock(__WASI_CLOCKID_MONOTONIC)),
      .wall = duration_cast<std::chrono::milliseconds>(read_clock(__WASI_CLOCKID_REALTIME))};
}

using Boundary = std::variant<tablog::host::ReplicaBoundary, tablog::host::LeaderBoundary,
                              tablog::host::PastBoundary, tablog::host::ImportBoundary>;

// The instance's state: a module has no main() to own it.
std::optional<Boundary>& boundary() {
  static std::optional<Boundary> instance;
  return instance;
}

Bytes& outputs() {
  static Bytes bytes;
  return bytes;
}

enum Role : std::uint32_t { kReplica = 0, kLeader = 1, kPast = 2, kImport = 3 };

}  // namespace

extern "C" {

__attribute__((export_name("tablog_start"))) void tablog_start(std::uint32_t role) {
  if (role == kReplica) {
    boundary().emplace(std::in_place_type<tablog::host::ReplicaBoundary>, now);
  } else if (role == kPast) {
    boundary().emplace(std::in_place_type<tablog::host::PastBoundary>);
  } else if (role == kImport) {
    boundary().emplace(std::in_place_type<tablog::host::ImportBoundary>,
                       tablog::host::open_opfs_file, tell_progress);
  } else {
    boundary().emplace(std::in_place_type<tablog::host::LeaderBoundary>, now,
                       tablog::host::open_opfs_file);
  }
}

__attribute__((export_name("tablog_alloc"))) void* tablog_alloc(std::uint32_t bytes) {
  return std::malloc(bytes);
}

__attribute__((export_name("tablog_free"))) void tablog_free(void* bytes) {
  std::free(bytes);
}

__attribute__((export_name("tablog_step"))) const void* tablog_step(const void* input,
                                                                    std::uint32_t bytes) {
  const ByteView view(static_cast<const std::byte*>(input), bytes);
  outputs() = std::visit([&](auto& each) { return each.step(view); }, boundary().value());
  return outputs().data();
}

__attribute__((export_name("tablog_outputs_bytes"))) std::uint32_t tablog_outputs_bytes() {
  return static_cast<std::uint32_t>(outputs().size());
}
}
