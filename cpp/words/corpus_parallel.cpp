// A file is read in rounds. In each, every lane reads a part against a vocabulary that stays as it is; then
// the new types are added in the order of the parts, and each lane writes its ids while it begins the next
// round. The numbers given to types differ from those of the serial reading; finish() orders them anew, so
// that no result does.
#include "words/corpus_parallel.hpp"

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/error.hpp"
#include "base/os.hpp"
#include "base/pool.hpp"
#include "words/corpus.hpp"

namespace stochos::words {
namespace {

constexpr std::uint64_t kSmallFile = std::uint64_t{1} << 20;
constexpr std::uint64_t kSmallestPart = std::uint64_t{1} << 16, kLargestPart = kReadBlock;
constexpr std::uint64_t kReach = std::uint64_t{1} << 16;
constexpr std::size_t kRamp = 2;  // rounds until parts have their size: at first nearly all types are new
constexpr std::size_t kBatch = 32;

const char* find_space(const char* begin, const char* end) {
  return std::find_if(begin, end, is_ascii_space);
}

}  // namespace

Lane::Lane(Tokenizer tokenizer, bool replace, const Vocabulary& known)
    : types_(known),
      ids_(static_cast<std::size_t>(-1), "", "words.count"),
      splitter_(tokenizer, types_, ids_),
      reader_(replace),
      buffer_(kReadBlock + kReadPadding) {}

void Lane::restart() {
  types_.restart();
  ids_.shrink(0);
  splitter_.drop_open_token();
  number_of_.clear();
  outcome_ = Outcome::uncut;
}

void Lane::read(int file, const Part& part, const Control& control) {
  start_ = end_ = part.from;
  outcome_ = read_part(file, part, control);
}

Lane::Outcome Lane::read_part(int file, const Part& part, const Control& control) {
  reader_.start("", part.first && part.from == 0);
  bool started = part.first;
  std::uint64_t place = part.from;
  while (!control.stopped()) {
    const std::uint64_t farthest = (started ? part.to : part.from) + part.reach;
    if (place >= farthest) return Outcome::uncut;
    const std::ptrdiff_t result =
        os::read_some_at(file, buffer_.data(), std::min<std::uint64_t>(kReadBlock, farthest - place), place);
    if (result < 0 && errno == EINTR) continue;
    if (result < 0) return Outcome::failed;
    const auto n = static_cast<std::size_t>(result);
    if (n == 0) return Outcome::uncut;
    const char* begin = buffer_.data();
    const char* end = begin + n;
    if (!started) {
      begin = find_space(begin, end);
      if (begin == end) {
        place += n;
        continue;
      }
      start_ = place + static_cast<std::uint64_t>(++begin - buffer_.data());
      started = true;
    }
    if (start_ > part.to) {  // the white space where it starts is also the first behind its end
      end_ = start_;
      return Outcome::whole;
    }
    bool last = false;
    if (place + n > part.to) {
      const char* const goal = buffer_.data() + (part.to > place ? part.to - place : 0);
      const char* const cut = find_space(std::max(begin, goal), end);
      last = cut != end;
      if (last) end = cut + 1;
    }
    std::array<std::span<const char>, 2> pieces;
    try {
      pieces = reader_.feed({begin, end});
    } catch (const Error&) {
      return Outcome::failed;  // the serial reading says what is wrong, with the place in the file
    }
    for (const auto piece : pieces) splitter_.feed(piece, false);
    place += static_cast<std::uint64_t>(end - buffer_.data());
    if (last) {
      end_ = place;
      return Outcome::whole;
    }
  }
  return Outcome::uncut;
}

void Lane::number(Vocabulary& vocabulary, std::size_t place, const Control& control) {
  place_ = place;
  const Vocabulary& fresh = types_.fresh();
  number_of_.resize(fresh.size());
  TokenKey keys[kBatch];
  for (std::size_t first = 0; first < fresh.size() && !control.stopped(); first += kBatch) {
    const std::size_t count = std::min(kBatch, fresh.size() - first);
    for (std::size_t i = 0; i < count; ++i) {
      const std::string_view token = fresh.token(static_cast<std::uint32_t>(first + i));
      keys[i] = Vocabulary::key_of(token.data(), token.size());
      vocabulary.prefetch(keys[i]);
    }
    for (std::size_t i = 0; i < count; ++i) number_of_[first + i] = vocabulary.add(keys[i], 0);
  }
  counts_.resize(vocabulary.size());
}

void Lane::write(std::uint32_t* ids) {
  if (ids_.size() == 0) return;
  const std::size_t first = types_.first();
  std::uint32_t* const out = ids + place_;
  const std::uint32_t* const in = ids_.data();
  std::uint64_t* const counts = counts_.data();
  for (std::size_t i = 0; i < ids_.size(); ++i) {
    std::uint32_t id = in[i];
    if (id != kLineEndId) {
      if (id >= first) id = number_of_[id - first];
      ++counts[id];
    }
    out[i] = id;
  }
}

unsigned Corpus::lanes_for(std::uint64_t size, unsigned threads, std::uint64_t part) {
  if (part > 0) return threads;
  if (size < kSmallFile) return 1;
  return static_cast<unsigned>(std::min<std::uint64_t>(threads, size / (4 * kSmallestPart)));
}

void Corpus::read_in_parts(int file, std::uint64_t size, unsigned lanes, std::uint64_t part,
                           const std::string& name, Control& control) {
  while (lanes_.size() < lanes) lanes_.push_back(std::make_unique<Lane>(tokenizer_, replace_, vocabulary_));
  // At least eight rounds: what they hold at once stays small beside the result, and beside the limit.
  const std::uint64_t largest =
      part > 0 ? std::min(part, kLargestPart)
               : std::max(kSmallestPart,
                          std::min({kLargestPart, size / (8 * lanes), memory_limit_ / (8 * lanes)}));
  const std::uint64_t reach = std::min(largest, kReach);
  // So that the end of the last part can be found; the rest is read serially.
  const std::uint64_t limit = size > reach ? size - reach : 0;
  std::uint64_t at = 0;
  for (std::size_t round = 0; at < limit; ++round) {
    const std::uint64_t ramped = largest >> (kRamp - std::min(round, kRamp));
    const std::uint64_t now = part > 0 ? largest : std::max(kSmallestPart, ramped);
    // All rounds that are left, equally long.
    const std::uint64_t left = limit - at, rounds = (left + lanes * now - 1) / (lanes * now);
    const std::uint64_t step = (left + lanes * rounds - 1) / (lanes * rounds);
    const std::uint64_t from = at;
    const auto read = [&](std::size_t k, unsigned) {
      lanes_[k]->write(ids_.data());
      lanes_[k]->restart();
      lanes_[k]->read(file, {from + k * step, from + (k + 1) * step, reach, k == 0}, control);
    };
    parallel_run(lanes, lanes, read, control);
    const auto join = [&](std::size_t, unsigned) {
      const std::size_t joined = join_parts(lanes, at, control);
      if (joined == lanes) return;
      // A line without white space, or an error: on serially, until text can be cut again.
      const bool failed = lanes_[joined]->outcome() == Lane::Outcome::failed;
      at = read_on(file, at, failed ? kEnd : from + (joined + 1) * step, name, control);
    };
    parallel_run(1, 1, join, control);
  }
  const auto end = [&](std::size_t k, unsigned) {
    lanes_[k]->write(ids_.data());
    lanes_[k]->restart();
  };
  parallel_run(lanes, lanes, end, control);
  if (at == kEnd) return;
  parallel_run(1, 1, [&](std::size_t, unsigned) { read_on(file, at, kEnd, name, control); }, control);
}

// Takes over the parts up to the first that has no end or does not begin where the one before ended (as when
// the file is changed meanwhile); returns how many. `at` goes to the end of the last.
std::size_t Corpus::join_parts(unsigned lanes, std::uint64_t& at, Control& control) {
  std::size_t joined = 0;
  for (; joined < lanes && !control.stopped(); ++joined) {
    Lane& lane = *lanes_[joined];
    if (lane.outcome() != Lane::Outcome::whole || lane.start() != at) break;
    ids_.reserve(lane.size());
    lane.number(vocabulary_, ids_.size(), control);
    ids_.commit(lane.size());
    reader_.skip(lane.end() - at, lane.lines());
    control.advance(lane.end() - at);
    at = lane.end();
  }
  for (std::size_t k = joined; k < lanes; ++k) lanes_[k]->discard();
  return joined;
}

}  // namespace stochos::words
