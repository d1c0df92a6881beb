// What the core reads by itself: expressions, the formulas of networks, the text of words.count, both
// word2vec formats, and the arrays of counts, as an own file brings them.
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
  std::size_t one_in = 1;  // of the inputs that are asked for: what takes long gets fewer
};

// Throws what is no error of Stochos, and so a fault, unless the law holds.
void want(bool holds, const char* law);
bool same(double a, double b);  // bit for bit, but for the bits of what is no number

std::vector<Target> targets();
Target network_target();
Target counts_target();
Target text_target();

}  // namespace fuzz
