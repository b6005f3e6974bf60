// Hash chain over the entries: chain(i) = XXH3-128(chain(i-1) ‖ bytes of entry i); chain(0) is
// zero.
#pragma once

#include "log/entry.h"

namespace tablog {

[[nodiscard]] ChainHash extend_chain(const ChainHash& previous, ByteView entry_bytes);

}  // namespace tablog
