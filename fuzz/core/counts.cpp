// The arrays of counts as a file brings them: refused, or safe for all that is computed from them.
#include <algorithm>
#include <cstring>
#include <initializer_list>

#include "base/control.hpp"
#include "base/error.hpp"
#include "targets.hpp"
#include "words/merge.hpp"
#include "words/pmi.hpp"
#include "words/symmetric.hpp"

namespace fuzz {
namespace {

using namespace stochos;

// Three numbers of a byte, how many rows starts, columns and values follow, then the numbers themselves; of
// exactly their size, so that the address sanitizer sees a read past their ends.
template <class T>
std::vector<T> taken(const std::string& data, std::size_t& at, unsigned char count) {
  std::vector<T> made;
  for (; made.size() < count && at + sizeof(T) <= data.size(); at += sizeof(T)) {
    made.emplace_back();
    std::memcpy(&made.back(), data.data() + at, sizeof(T));
  }
  made.shrink_to_fit();
  return made;
}

std::string counts(const std::string& data) {
  if (data.size() < 3) return "";
  std::size_t at = 3;
  const auto count = [&](std::size_t i) { return static_cast<unsigned char>(data[i]); };
  const std::vector<std::int64_t> rows = taken<std::int64_t>(data, at, count(0));
  const std::vector<std::uint32_t> columns = taken<std::uint32_t>(data, at, count(1));
  const std::vector<std::uint64_t> values = taken<std::uint64_t>(data, at, count(2));
  const words::UpperView upper{rows, columns, values};
  Control control;
  try {
    words::check_upper(upper, true, "fuzz", control);
    std::vector<std::uint32_t> same_words(upper.words());
    for (std::size_t a = 0; a < same_words.size(); ++a) same_words[a] = static_cast<std::uint32_t>(a);
    const std::vector<words::Mapped> parts{{upper, same_words}};
    const words::UpperTriangle merged = words::merge_upper(parts, upper.words(), control);
    want(std::ranges::equal(merged.column, columns) && std::ranges::equal(merged.value, values),
         "the sum of one part is another");
    want(words::marginals(upper, control).sum.size() == upper.words(), "sums");
    const std::vector<double> log(upper.words(), -1);
    const auto full = words::pmi_matrix(upper, log, log, {}, false, 1, control);
    want(words::pmi_values(upper, log, log, {}, 1, control).size() == values.size(), "values");
    want(full.row_start.back() == static_cast<std::int64_t>(full.column.size()), "full rows");
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

template <class T>
std::string bytes(std::initializer_list<T> numbers) {
  std::string made;
  for (const T number : numbers) made.append(reinterpret_cast<const char*>(&number), sizeof number);
  return made;
}

}  // namespace

Target counts_target() {
  const std::string good = std::string("\4\3\3", 3) + bytes<std::int64_t>({0, 2, 3, 3}) +
                           bytes<std::uint32_t>({0, 2, 2}) + bytes<std::uint64_t>({4, 1, 7});
  const std::string small = std::string("\2\1\1", 3) + bytes<std::int64_t>({0, 1}) +
                            bytes<std::uint32_t>({0}) + bytes<std::uint64_t>({5});
  return {"arrays of counts",
          counts,
          {good, small},
          {bytes<std::int64_t>({1}), bytes<std::int64_t>({-1}), bytes<std::uint32_t>({2}),
           bytes<std::uint32_t>({1}), bytes<std::uint64_t>({1}), bytes<std::uint64_t>({0})}};
}

}  // namespace fuzz
