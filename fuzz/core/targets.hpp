// What the core reads by itself: expressions, and both word2vec formats.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "mutate.hpp"

namespace fuzz {

struct Target {
  std::string name;
  // Reads an input: its error in words, or nothing. What it throws beside, or a report of a sanitizer, is a
  // fault.
  std::function<std::string(const std::string&)> run;
  Words seeds, tokens;
};

std::vector<Target> targets();

}  // namespace fuzz
