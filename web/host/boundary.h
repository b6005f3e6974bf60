// Boundary: docs/boundary.md in C++. Inputs are decoded in bounds; outputs are buffers that the
// workers carry out or pass on to the page. Pure.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "web/host/leader_host.h"
#include "web/host/replica_host.h"

namespace tablog::host {

class Reader;

// Told of an input that is not as docs/boundary.md has it.
[[nodiscard]] Error other_build();

class Writer;
// How the modules of a single call's worker answer: as the replica worker's module does.
[[nodiscard]] Writer begin_reply(std::uint32_t call);
[[nodiscard]] Bytes other_build_reply();

[[nodiscard]] Schema read_schema(Reader& reader);  // of `configure`, with this engine
void write_digests(Writer& out, Index index, const DigestsByTable& tables);

// A sequence of outputs, each with its length before it.
class Outputs {
 public:
  void add(ByteView output);
  [[nodiscard]] Bytes take() { return std::exchange(out_, {}); }

 private:
  Bytes out_;
};

// The replica worker's module. The first input must be `configure`.
class ReplicaBoundary {
 public:
  explicit ReplicaBoundary(ReplicaHost::Now now) : now_(std::move(now)) {}
  [[nodiscard]] Bytes step(ByteView input);

 private:
  [[nodiscard]] bool handle(ByteView input);
  [[nodiscard]] bool configure(Reader& reader);
  void flush_appends();
  void emit(const std::vector<ReplicaEffect>& effects);

  ReplicaHost::Now now_;
  std::unique_ptr<ReplicaHost> host_;
  // Of the input that is being handled.
  replica::Appends appends_;
  std::vector<RequestNumber> optimistic_;
  Outputs outputs_;
};

// The leader worker's module. `open_file` makes a file of a handle of the platform.
class LeaderBoundary {
 public:
  using OpenFile = std::function<std::unique_ptr<storage::File>(std::uint32_t handle)>;
  LeaderBoundary(ReplicaHost::Now now, OpenFile open_file)
      : now_(std::move(now)), open_file_(std::move(open_file)) {}
  [[nodiscard]] Bytes step(ByteView input);

 private:
  [[nodiscard]] bool handle(ByteView input);
  [[nodiscard]] bool append(Reader& reader);
  [[nodiscard]] std::vector<storage::Slot> slots(Reader& reader);
  void emit(const std::vector<LeaderEffect>& effects);

  ReplicaHost::Now now_;
  OpenFile open_file_;
  std::unique_ptr<LeaderHost> host_;
  Outputs outputs_;
};

}  // namespace tablog::host
