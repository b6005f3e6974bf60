// Overloaded: one visitor of several lambdas, for std::visit.
#pragma once

namespace tablog {

template <class... Handlers>
struct Overloaded : Handlers... {
  using Handlers::operator()...;
};

}  // namespace tablog
