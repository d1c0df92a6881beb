#include <unistd.h>

#include <atomic>
#include <cmath>
#include <string>
#include <vector>

#include "base/control.hpp"
#include "base/file.hpp"
#include "calls.hpp"
#include "words/corpus.hpp"
#include "words/merge.hpp"
#include "words/pair_matrix.hpp"
#include "words/pairs.hpp"
#include "words/pmi.hpp"
#include "words/queries.hpp"
#include "words/sgd.hpp"
#include "words/sgd_device.hpp"
#include "words/spectral.hpp"
#include "words/word2vec.hpp"

using namespace stochos;
using namespace stochos::words;

namespace {

constexpr std::size_t kPlenty = std::size_t{1} << 30;

std::string text() {
  std::string made;
  for (unsigned i = 0; i < 600; ++i)
    made += "word" + std::to_string(i * i % 37) + (i % 11 == 10 ? "\n" : " ");
  return made;
}

template <class T, class A>
double sum(const std::vector<T, A>& values) {
  double total = 0;
  for (const T value : values) total += static_cast<double>(value);
  return total;
}

// memory: bytes; beyond them, files.
double counted(unsigned threads, std::size_t limit) {
  Corpus corpus(Tokenizer::whitespace, false, limit, "/tmp");
  const std::string given = text();
  corpus.start_source("test", true);
  corpus.add_bytes({given.data(), given.size()});
  corpus.end_source();
  Control control;
  Selection selection;
  selection.min_count = 2;
  selection.stop_words = {"word1"};
  corpus.finish(selection, control);
  const std::vector<std::uint64_t> weights{4, 2, 1};
  const UpperTriangle upper = count_pairs(corpus.ids(), corpus.frequencies_in_ids(), weights, true, threads,
                                          corpus.memory_left(), "/tmp", control);
  return sum(upper.value) + static_cast<double>(corpus.words().size());
}

UpperTriangle triangle(Control& control) {
  std::vector<std::uint32_t> ids;
  std::vector<std::uint64_t> frequencies(20);
  for (std::uint32_t i = 0; i < 400; ++i) ids.push_back(i * i % 20), ++frequencies[ids.back()];
  return count_pairs(ids, frequencies, std::vector<std::uint64_t>{1, 1}, true, 1, kPlenty, "/tmp", control);
}

template <class Problem>
double moved(Problem& problem, Control& control) {
  std::vector<float> matrix(80, 0.1F), squares(20, 0.0F);
  problem.set(matrix, squares);
  problem.run_epoch({7, 0, 0.05F, 1, 2, 1}, control);
  problem.get(matrix, squares);
  return sum(matrix);
}

double fitted(bool spectral) {
  Control control;
  const UpperTriangle upper = triangle(control);
  const PairMatrix pairs = make_pair_matrix({upper.row_start, upper.column, upper.value}, 1, 1, control);
  const std::vector<float> probability(20, std::log(0.05F));
  const PairData data{pairs, std::log(1000.0), probability};
  if (spectral) return sum(fit_spectral(data, {4, 4, 2, 0, 0.5, 3, 1}, control).vectors);
  SgdProblem problem(data, 4, {0, 1, 0.5, 10}, 1, control);
  return moved(problem, control);
}

// By the code of a graphics card, with so many rows at once.
double fitted_as_on_a_card(std::uint32_t together) {
  Control control;
  const UpperTriangle upper = triangle(control);
  const PairMatrix pairs = make_pair_matrix({upper.row_start, upper.column, upper.value}, 1, 1, control);
  const std::vector<float> probability(20, std::log(0.05F));
  SgdOnDevice problem({pairs, std::log(1000.0), probability}, 4, {0, 1, 0.5, 10}, together, 1, control);
  return moved(problem, control);
}

double tables() {
  Control control;
  const UpperTriangle upper = triangle(control);
  const UpperView view{upper.row_start, upper.column, upper.value};
  std::vector<std::uint32_t> same(20);
  for (std::uint32_t a = 0; a < 20; ++a) same[a] = 19 - a;
  const std::vector<double> row(20, -2), column(20, -3);
  const std::vector<Mapped> parts{{view, same}, {view, same}};
  return sum(merge_upper(parts, 20, control).value) + sum(pmi_values(view, row, column, {}, 1, control)) +
         sum(pmi_matrix(view, row, column, {}, true, 1, control).value) + sum(marginals(view, control).sum);
}

double asked() {
  Control control;
  std::vector<float> numbers(30 * 8);
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<float>(i * 7 % 13) - 6;
  const Matrix matrix{numbers.data(), 30, 8};
  const std::span<const float> query(numbers.data(), 8);
  std::vector<float> norms = row_norms(matrix, 1, control);
  for (float& norm : norms) norm = inverse_norm(norm);
  const std::vector<std::uint32_t> context{1, 2, 3, 4}, known{0, 5, 7}, questions{0, 1, 2};
  const std::vector<std::uint32_t> answers =
      answer_analogies(matrix, norms, known, questions, {}, AnalogyMethod::multiply, 1e-3, 1, control);
  return sum(best_rows(matrix, query, norms, {}, 5, 1, control).score) +
         sum(profile_correlation(matrix, context, 1, control).covariance) +
         sum(row_scores(matrix, query, 1, control)) + sum(answers);
}

double written(bool binary) {
  Control control;
  static std::atomic<unsigned> number{0};
  const std::string path =
      "/tmp/stochos-rooms-" + std::to_string(::getpid()) + "-" + std::to_string(number.fetch_add(1));
  const std::vector<float> matrix{1, 2, 3, 4, 5, 6};
  const std::vector<std::uint64_t> ends{2, 5, 6};
  struct Removed {
    const std::string& name;
    ~Removed() { ::unlink(name.c_str()); }
  } const removed{path};
  write_word2vec(path, matrix, 2, "abcdef", ends, binary, true, "test", control);
  write_word2vec(path, matrix, 2, "abcdef", ends, binary, true, "test", control);  // over the old one
  const MappedFile file(path, "test");
  const Word2vecTable table = read_word2vec(file.bytes(), {}, path, "test", 1, control);
  return sum(table.matrix) + static_cast<double>(table.words.size());
}

}  // namespace

std::vector<rooms::Call> rooms::words_calls() {
  return {
      {"words, count", [] { return counted(1, kPlenty); }},
      {"words, count on disk", [] { return counted(1, 1); }},
      {"words, count by three", [] { return counted(3, kPlenty); }, false},
      {"words, fit by descent", [] { return fitted(false); }},
      {"words, fit as on a card, in order", [] { return fitted_as_on_a_card(1); }},
      {"words, fit as on a card, in step", [] { return fitted_as_on_a_card(4); }},
      {"words, fit by eigenvectors", [] { return fitted(true); }},
      {"words, sums and PMI", tables},
      {"words, queries", asked},
      {"words, word2vec text", [] { return written(false); }},
      {"words, word2vec binary", [] { return written(true); }},
  };
}
