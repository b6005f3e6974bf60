#include "faults.h"

namespace tablog {

void throw_fault(const char* file, int line) {
  throw kj::Exception(kj::Exception::Type::FAILED, file, line, kj::str(file, ":", line));
}

}  // namespace tablog
