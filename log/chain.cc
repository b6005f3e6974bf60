#include "log/chain.h"

#include "log/hash.h"

namespace tablog {

ChainHash extend_chain(const ChainHash& previous, ByteView entry_bytes) {
  return hash128<ChainHash>({ByteView(previous.bytes), entry_bytes});
}

}  // namespace tablog
