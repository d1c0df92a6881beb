// From preliminary numbers, in order of appearance, to the vocabulary that stays.
#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <utility>

#include "base/error.hpp"
#include "base/pool.hpp"
#include "random/stream.hpp"
#include "words/corpus.hpp"
#include "words/corpus_parallel.hpp"

namespace stochos::words {
namespace {

constexpr std::uint32_t kDropped = kHoleId;          // in the map from old to new numbers
constexpr std::size_t kStep = std::size_t{1} << 18;  // ids between two looks at the stop flag

// Sorted by (frequency descending, bytes ascending); the first bytes are held beside, for most comparisons.
std::vector<std::uint32_t> in_order(const Vocabulary& vocabulary,
                                    const std::vector<std::uint64_t>& frequencies,
                                    const std::vector<std::uint32_t>& types, const Control& control) {
  struct Item {
    std::uint64_t frequency, beginning;
    std::uint32_t id;
  };
  std::vector<Item> items;
  items.reserve(types.size());
  for (const std::uint32_t id : types) {
    if (control.stopped()) throw Stopped();
    const std::string_view token = vocabulary.token(id);
    std::uint64_t beginning = 0;  // big-endian and zero-padded: compares as the bytes do, or is equal
    for (std::size_t i = 0; i < 8; ++i) {
      beginning = beginning << 8 | (i < token.size() ? static_cast<unsigned char>(token[i]) : 0U);
    }
    items.push_back({frequencies[id], beginning, id});
  }
  std::sort(items.begin(), items.end(), [&](const Item& a, const Item& b) {
    if (control.stopped()) throw Stopped();  // millions of types take longer than a stop may
    if (a.frequency != b.frequency) return a.frequency > b.frequency;
    if (a.beginning != b.beginning) return a.beginning < b.beginning;
    return vocabulary.token(a.id) < vocabulary.token(b.id);  // char_traits<char> compares bytes as unsigned
  });
  std::vector<std::uint32_t> result(items.size());
  std::transform(items.begin(), items.end(), result.begin(), [](const Item& item) { return item.id; });
  return result;
}

}  // namespace

// Fills words_ and frequencies_; returns the new number of each type.
std::vector<std::uint32_t> Corpus::select(const Selection& selection, const Control& control) {
  std::vector<std::uint64_t> frequencies = vocabulary_.frequencies(control);
  for (const auto& lane : lanes_) {
    if (control.stopped()) throw Stopped();
    const std::vector<std::uint64_t>& more = lane->counts();
    std::transform(more.begin(), more.end(), frequencies.begin(), frequencies.begin(), std::plus<>());
  }
  types_read_ = frequencies.size();
  tokens_read_ = std::accumulate(frequencies.begin(), frequencies.end(), std::uint64_t{0});
  std::vector<std::uint32_t> place_of(types_read_, kDropped);

  if (selection.vocabulary) {
    words_ = *selection.vocabulary;
    if (words_.empty())
      throw Error(ErrorKind::value, "words.count", "vocabulary is empty: give at least one word");
    if (words_.size() >= kDropped)
      throw Error(ErrorKind::value, "words.count", "vocabulary has more than 2**32 - 3 words");
    frequencies_.assign(words_.size(), 0);
    for (std::size_t place = 0; place < words_.size(); ++place) {
      const auto id = vocabulary_.find(words_[place]);
      if (!id) continue;
      place_of[*id] = static_cast<std::uint32_t>(place);
      frequencies_[place] = frequencies[*id];
    }
    return place_of;
  }

  std::vector<bool> stopped(types_read_, false);
  std::uint64_t stop_words = 0;
  for (const std::string& word : selection.stop_words) {
    const auto id = vocabulary_.find(word);
    if (!id || stopped[*id]) continue;
    stopped[*id] = true;
    ++stop_words;
  }
  std::vector<std::uint32_t> types;
  for (std::size_t id = 0; id < types_read_; ++id) {
    if (frequencies[id] >= selection.min_count && !stopped[id])
      types.push_back(static_cast<std::uint32_t>(id));
  }
  types = in_order(vocabulary_, frequencies, types, control);
  if (selection.max_vocabulary && types.size() > *selection.max_vocabulary)
    types.resize(*selection.max_vocabulary);
  if (types.empty() && selection.min_count > 0) {
    std::string text = "vocabulary is empty: 0 of " + std::to_string(types_read_) +
                       " types reach min_count=" + std::to_string(selection.min_count);
    if (stop_words > 0) text += " (" + std::to_string(stop_words) + " are stop words)";
    throw Error(ErrorKind::value, "words.count", text + "; lower min_count or give more text");
  }
  words_.reserve(types.size());
  frequencies_.reserve(types.size());
  for (std::size_t place = 0; place < types.size(); ++place) {
    if (control.stopped()) throw Stopped();
    place_of[types[place]] = static_cast<std::uint32_t>(place);
    words_.emplace_back(vocabulary_.token(types[place]));
    frequencies_.push_back(frequencies[types[place]]);
  }
  return place_of;
}

void Corpus::renumber(const std::vector<std::uint32_t>& place_of, const Selection& selection,
                      Control& control) {
  // keep[v]: probability that a token of word v stays.
  std::vector<double> keep;
  if (selection.subsample) {
    const std::vector<std::uint64_t>& whole = selection.frequencies ? *selection.frequencies : frequencies_;
    const double total = static_cast<double>(std::accumulate(whole.begin(), whole.end(), std::uint64_t{0}));
    keep.resize(whole.size(), 1.0);
    for (std::size_t v = 0; v < keep.size(); ++v) {
      if (whole[v] == 0) continue;
      const double ratio = *selection.subsample * total / static_cast<double>(whole[v]);
      keep[v] = std::sqrt(ratio) + ratio;
    }
  }
  const random::Key key = random::stream_key(selection.seed, random::Purpose::subsample);
  std::vector<std::uint64_t> kept(frequencies_.size(), 0);
  std::uint32_t* const ids = ids_.data();
  const std::size_t n = ids_.size();
  std::size_t out = 0;
  std::uint64_t token = selection.first_token;  // its place among all tokens read: the counter of its draw
  std::uint32_t before = kLineEndId;
  for (std::size_t start = 0; start < n; start += kStep) {
    if (control.stopped()) return;
    const std::size_t end = std::min(n, start + kStep);
    for (std::size_t i = start; i < end; ++i) {
      const std::uint32_t id = ids[i];
      std::uint32_t place = id == kLineEndId ? kLineEndId : place_of[id];
      if (!keep.empty() && id != kLineEndId) {
        if (place != kDropped && keep[place] < 1.0) {
          const random::Block bits = random::draw(key, 0, token);
          if (random::uniform_open(bits[0], bits[1]) >= keep[place]) {
            place = kDropped;
          } else {
            ++kept[place];
          }
        } else if (place != kDropped) {
          ++kept[place];
        }
        ++token;
      }
      // Line ends behind one another say no more than one; written always, advanced only when it stays.
      ids[out] = place;
      const bool vanishes =
          (place == kDropped && !selection.keep_positions) || (place == kLineEndId && before == kLineEndId);
      out += vanishes ? 0 : 1;
      before = vanishes ? before : place;
    }
    control.advance(end - start);
  }
  ids_.shrink(out);
  frequencies_in_ids_ = selection.subsample ? std::move(kept) : frequencies_;
}

void Corpus::finish(const Selection& selection, Control& control) {
  if (finished_) throw Error(ErrorKind::value, "words.count", "the corpus is finished already");
  finished_ = true;
  control.start(ids_.size());
  const auto work = [&](std::size_t, unsigned) {
    const std::vector<std::uint32_t> place_of = select(selection, control);
    lanes_.clear();
    vocabulary_ = Vocabulary();  // words_ has what is needed
    renumber(place_of, selection, control);
  };
  parallel_run(1, 1, work, control);
}

}  // namespace stochos::words
