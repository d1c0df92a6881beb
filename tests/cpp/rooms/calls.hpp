// Small calls of every room of the core, each with an answer that says whether it went right.
#pragma once
#include <functional>
#include <string>
#include <vector>

namespace rooms {

struct Call {
  std::string name;
  std::function<double()> run;  // makes everything that it needs
  bool exact = true;            // no worker takes part, and so none comes to keep memory of its own
};

std::vector<Call> words_calls();
std::vector<Call> reactions_calls();
std::vector<Call> tensor_calls();

inline std::vector<Call> all_calls() {
  std::vector<Call> made = words_calls();
  for (const auto& more : {reactions_calls(), tensor_calls()})
    made.insert(made.end(), more.begin(), more.end());
  return made;
}

}  // namespace rooms
