// All steps of a recurrent layer. The products of all steps with the inputs are one; that with h' has the
// matrix packed once for all steps. Sequences are independent, so threads share them out.
#include "tensor/operations/recurrent_run.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

#include "kernels/table.hpp"
#include "tensor/operation.hpp"
#include "tensor/panels.hpp"
#include "tensor/product.hpp"
#include "tensor/threads.hpp"

namespace stochos::tensor {
namespace {

template <class T>
struct Kernels;
template <>
struct Kernels<float> {
  const kernels::Table& table = kernels::table();
  auto forward(int code) const { return table.recurrent_forward_f32[code]; }
  auto backward(int code) const { return table.recurrent_backward_f32[code]; }
  auto columns() const { return table.reduce_columns_f32[kernels::reduce::sum]; }
};
template <>
struct Kernels<double> {
  const kernels::Table& table = kernels::table();
  auto forward(int code) const { return table.recurrent_forward_f64[code]; }
  auto backward(int code) const { return table.recurrent_backward_f64[code]; }
  auto columns() const { return table.reduce_columns_f64[kernels::reduce::sum]; }
};

// A matrix in panels, some rows after the others, so that a panel stays in the first-level cache for all
// sequences.
template <class T>
struct Packed {
  static constexpr std::size_t kSteps = 128;
  Ref<Buffer> memory;
  std::size_t k, n, room;
  Packed(const T* b, std::size_t ldb, bool transposed, std::size_t rows, std::size_t columns)
      : k(rows), n(columns) {
    const Panels<T> kernel;
    const std::size_t w = kernel.width();
    room = (n + w - 1) / w * w;
    memory = Buffer::make(room * k * sizeof(T));
    for (std::size_t at = 0; at < k; at += kSteps)
      kernel.pack(transposed ? b + at : b + at * ldb, ldb, transposed, std::min(kSteps, k - at), n,
                  rows_at(at));
  }
  T* rows_at(std::size_t row) const { return reinterpret_cast<T*>(memory->data()) + row * room; }
  // c += a (this)
  void add_product(const T* a, std::size_t lda, std::size_t rows, T* c, std::size_t ldc) const {
    for (std::size_t at = 0; at < k; at += kSteps)
      Panels<T>{}.product({a + at, lda, rows, std::min(kSteps, k - at), rows_at(at), n, c, ldc});
  }
};

struct Sizes {
  std::size_t time, batch, channels, units, blocks, kept;
  Sizes(const RecurrentParts& parts, const RecurrentArrays& arrays)
      : time(static_cast<std::size_t>(arrays.x.shape[0])),
        batch(static_cast<std::size_t>(arrays.x.shape[1])),
        channels(static_cast<std::size_t>(arrays.x.shape[2])),
        units(static_cast<std::size_t>(arrays.recurrent.shape[0])),
        blocks(static_cast<std::size_t>(parts.plan.blocks())),
        kept(static_cast<std::size_t>(parts.plan.kept())) {}
  std::size_t width() const { return blocks * units; }
  std::size_t ld() const { return kept * units; }
  std::size_t rows() const { return time * batch; }
};

// Shares the sequences out; a sequence's numbers do not depend on how.
template <class Task>
void over_batch(const Sizes& size, Task&& task) {
  const double work = static_cast<double>(size.rows() * size.units) * static_cast<double>(size.width());
  const std::size_t most = work < 1e6 ? 1 : std::max<std::size_t>(1, size.batch / 4);
  const std::size_t parts = std::min<std::size_t>(thread_count(), most);
  run_tasks(parts, [&](std::size_t part) {
    const std::size_t first = size.batch * part / parts;
    task(first, size.batch * (part + 1) / parts - first);
  });
}

template <class T>
T* at(const Array& array, std::size_t offset) {
  return array.data == nullptr ? nullptr : array.as<T>() + offset;
}

int code_of(Cell cell) {
  return static_cast<int>(cell);
}
static_assert(static_cast<int>(Cell::gru_output) == static_cast<int>(kernels::cell::gru_output));

bool two_products(Cell cell) {
  return cell == Cell::gru_after || cell == Cell::gru_before;
}

template <class T>
void forward(const RecurrentParts& parts, RecurrentArrays& arrays) {
  const Sizes size(parts, arrays);
  const Cell cell = parts.plan.cell;
  const std::size_t units = size.units, ld = size.ld(), width = size.width();
  T* gates = arrays.gates.as<T>();
  product<T>(false, false, size.rows(), width, size.channels, arrays.x.as<T>(), size.channels,
             arrays.kernel.as<T>(), width, false, gates, ld);
  const bool two = two_products(cell);
  const T* u = arrays.recurrent.as<T>();
  const Packed<T> first(u, width, false, units, two ? 2 * units : width);
  const Packed<T> second(u + 2 * units, width, false, units, two ? units : 0);
  const Kernels<T> kernel;
  const std::uint8_t* mask = parts.mask ? arrays.mask.as<std::uint8_t>() : nullptr;
  over_batch(size, [&](std::size_t row, std::size_t rows) {
    for (std::size_t k = 0; k < size.time; ++k) {
      const std::size_t t = parts.plan.reverse ? size.time - 1 - k : k,
                        before = parts.plan.reverse ? t + 1 : t - 1;
      const std::size_t here = t * size.batch + row;
      const auto old = [&](const Array& all, const Array& start) {
        return k == 0 ? at<T>(start, row * units) : at<T>(all, (before * size.batch + row) * units);
      };
      const T* h_old = old(arrays.h, arrays.h0);
      T* g = gates + here * ld;
      kernels::CellStep<T> step{rows,
                                units,
                                ld,
                                g,
                                at<T>(arrays.bias, 0),
                                at<T>(arrays.extra, 0),
                                h_old,
                                parts.plan.has_c() ? old(arrays.c, arrays.c0) : nullptr,
                                at<T>(arrays.h, here * units),
                                parts.plan.has_c() ? at<T>(arrays.c, here * units) : nullptr,
                                mask == nullptr ? nullptr : mask + here};
      first.add_product(h_old, units, rows, g, ld);
      if (cell == Cell::gru_after) {
        for (std::size_t r = 0; r < rows; ++r) {
          T* q = g + r * ld + 3 * units;
          parts.extra ? void(std::memcpy(q, arrays.extra.as<T>(), units * sizeof(T)))
                      : void(std::memset(q, 0, units * sizeof(T)));
        }
        second.add_product(h_old, units, rows, g + 3 * units, ld);
      }
      kernel.forward(code_of(cell))(step);
      if (cell == Cell::gru_before) {
        second.add_product(g + 3 * units, ld, rows, g + 2 * units, ld);
        kernel.forward(kernels::cell::gru_before_end)(step);
      }
    }
  });
}

template <class T>
class Backward {
 public:
  Backward(const RecurrentParts& parts, const RecurrentArrays& arrays, RecurrentCotangents& cotangents)
      : parts_(parts), in_(arrays), out_(cotangents), size_(parts, arrays) {
    ld_ = (parts.plan.cell == Cell::gru_after ? 4 : size_.blocks) * size_.units;
    const auto time = static_cast<std::int64_t>(size_.time), batch = static_cast<std::int64_t>(size_.batch);
    da_ = Array::make(in_.x.dtype, {time, batch, static_cast<std::int64_t>(ld_)});
  }

  void run() {
    steps();
    weights();
  }

 private:
  // h' (or c') of the first and of all other steps against da, in the order of the steps.
  template <class F>
  void with_old(F each) const {
    const std::size_t batch = size_.batch, last = size_.time - 1;
    const bool reverse = parts_.plan.reverse;
    each(true, std::size_t{0}, reverse ? last * batch : 0, batch);
    each(false, reverse ? batch : 0, reverse ? 0 : batch, last * batch);
  }

  void steps() {
    const Cell cell = parts_.plan.cell;
    const std::size_t units = size_.units, width = size_.width(), ld = size_.ld(), batch = size_.batch;
    const T* u = in_.recurrent.as<T>();
    const bool before_product = cell == Cell::gru_before;
    // U transposed: (gates, units)
    const Packed<T> back(u, width, true, before_product ? 2 * units : width, units);
    const Packed<T> inner(u + 2 * units, width, true, before_product ? units : 0, units);
    const Kernels<T> kernel;
    const bool has_c = parts_.plan.has_c(), reverse = parts_.plan.reverse;
    const std::uint8_t* mask = parts_.mask ? in_.mask.as<std::uint8_t>() : nullptr;
    const Shape flat{static_cast<std::int64_t>(batch), static_cast<std::int64_t>(units)};
    const DType dtype = in_.x.dtype;
    Array dh = Array::make(dtype, flat), carry = Array::make(dtype, flat), drh = Array::make(dtype, flat),
          dc = has_c ? Array::make(dtype, flat) : Array();
    const auto begin = [&](Array& to, const Array& from, std::size_t offset, std::size_t count) {
      if (from.data != nullptr) {
        std::memcpy(to.as<T>() + offset, from.as<T>() + offset, count * sizeof(T));
      } else {
        std::fill_n(to.as<T>() + offset, count, T{0});
      }
    };
    over_batch(size_, [&](std::size_t row, std::size_t rows) {
      const std::size_t own = row * units, count = rows * units;
      begin(carry, out_.last_h, own, count);
      if (has_c) begin(dc, out_.last_c, own, count);
      T *d = dh.as<T>() + own, *kept = carry.as<T>() + own, *e = drh.as<T>() + own;
      for (std::size_t k = size_.time; k-- > 0;) {
        const std::size_t t = reverse ? size_.time - 1 - k : k, before = reverse ? t + 1 : t - 1;
        const std::size_t here = t * batch + row;
        const T* given = at<T>(out_.h, here * units);
        for (std::size_t i = 0; i < count; ++i) d[i] = kept[i] + (given == nullptr ? T{0} : given[i]);
        T* da = da_.as<T>() + here * ld_;
        if (k + 1 < size_.time) {
          const std::size_t after = (reverse ? t - 1 : t + 1) * batch + row;
          back.add_product(da_.as<T>() + after * ld_, ld_, rows, d, units);
        }
        const auto old = [&](const Array& all, const Array& start) {
          return k == 0 ? at<T>(start, own) : at<T>(all, (before * batch + row) * units);
        };
        const kernels::CellStepBackward<T> step{rows,
                                                units,
                                                ld,
                                                ld_,
                                                in_.gates.as<T>() + here * ld,
                                                cell == Cell::lstm ? at<T>(in_.extra, 0) : nullptr,
                                                old(in_.h, in_.h0),
                                                has_c ? old(in_.c, in_.c0) : nullptr,
                                                at<T>(in_.h, here * units),
                                                has_c ? at<T>(in_.c, here * units) : nullptr,
                                                d,
                                                e,
                                                da,
                                                kept,
                                                has_c ? dc.as<T>() + own : nullptr,
                                                mask == nullptr ? nullptr : mask + here};
        kernel.backward(code_of(cell))(step);
        if (before_product) {
          std::fill_n(e, count, T{0});
          inner.add_product(da + 2 * units, ld_, rows, e, units);
          kernel.backward(kernels::cell::gru_before_end)(step);
        }
      }
      if (out_.h0 != nullptr) {
        const std::size_t first = (reverse ? size_.time - 1 : 0) * batch + row;
        T* to = out_.h0->as<T>() + own;
        std::memcpy(to, kept, count * sizeof(T));
        back.add_product(da_.as<T>() + first * ld_, ld_, rows, to, units);
      }
      if (out_.c0 != nullptr) std::memcpy(out_.c0->as<T>() + own, dc.as<T>() + own, count * sizeof(T));
    });
  }

  void weights() {
    const Cell cell = parts_.plan.cell;
    const std::size_t units = size_.units, width = size_.width(), channels = size_.channels,
                      rows = size_.rows();
    const T* da = da_.as<T>();
    const bool after = cell == Cell::gru_after;
    // Of after, da is z, r, q, n: the inputs go with z, r and n, the states with z, r and q.
    const std::size_t near = after ? 2 * units : width;
    const auto both = [&](auto each) {
      each(std::size_t{0}, std::size_t{0}, near);
      if (after) each(2 * units, 3 * units, units);
    };
    if (out_.x != nullptr) {
      both([&](std::size_t weight, std::size_t from, std::size_t count) {
        product<T>(false, true, rows, channels, count, da + from, ld_, in_.kernel.as<T>() + weight, width,
                   weight > 0, out_.x->as<T>(), channels);
      });
    }
    if (out_.kernel != nullptr) {
      both([&](std::size_t weight, std::size_t from, std::size_t count) {
        product<T>(true, false, channels, count, rows, in_.x.as<T>(), channels, da + from, ld_, false,
                   out_.kernel->as<T>() + weight, width);
      });
    }
    if (out_.bias != nullptr || (after && out_.extra != nullptr)) {
      std::vector<T> sums(ld_);
      constexpr std::size_t kColumns = 128;  // a whole number of vectors and cache lines
      run_tasks(rows < 512 ? 1 : (ld_ + kColumns - 1) / kColumns, [&](std::size_t task) {
        const std::size_t from = task * kColumns, count = rows < 512 ? ld_ : std::min(kColumns, ld_ - from);
        Kernels<T>{}.columns()(da + from, sums.data() + from, rows, count, ld_);
      });
      if (out_.bias != nullptr) {
        both([&](std::size_t weight, std::size_t from, std::size_t count) {
          std::copy_n(sums.data() + from, count, out_.bias->as<T>() + weight);
        });
      }
      if (after && out_.extra != nullptr) std::copy_n(sums.data() + 2 * units, units, out_.extra->as<T>());
    }
    if (cell == Cell::lstm && out_.extra != nullptr) peephole();
    if (out_.recurrent == nullptr) return;
    const bool before = cell == Cell::gru_before;
    T* du = out_.recurrent->as<T>();
    with_old([&](bool start, std::size_t from, std::size_t to, std::size_t count) {
      const T* h = (start ? in_.h0.as<T>() : in_.h.as<T>()) + from * units;
      product<T>(true, false, units, before ? 2 * units : width, count, h, units, da + to * ld_, ld_, !start,
                 du, width);
    });
    if (before) {
      product<T>(true, false, units, units, rows, in_.gates.as<T>() + 3 * units, size_.ld(), da + 2 * units,
                 ld_, false, du + 2 * units, width);
    }
  }

  void peephole() {
    const std::size_t units = size_.units;
    T* sums = out_.extra->as<T>();
    std::fill_n(sums, 3 * units, T{0});
    const auto add = [&](const T* c, std::size_t to, std::size_t count, std::size_t block, std::size_t row) {
      for (std::size_t r = 0; r < count; ++r) {
        const T* a = da_.as<T>() + (to + r) * ld_ + block * units;
        for (std::size_t j = 0; j < units; ++j) sums[row * units + j] += a[j] * c[r * units + j];
      }
    };
    with_old([&](bool start, std::size_t from, std::size_t to, std::size_t count) {
      const T* c = (start ? in_.c0.as<T>() : in_.c.as<T>()) + from * units;
      add(c, to, count, 0, 0);
      add(c, to, count, 1, 1);
    });
    add(in_.c.as<T>(), 0, size_.rows(), 3, 2);
  }

  const RecurrentParts& parts_;
  const RecurrentArrays& in_;
  RecurrentCotangents& out_;
  Sizes size_;
  std::size_t ld_;
  Array da_;
};

}  // namespace

void run_forward(const RecurrentParts& parts, RecurrentArrays& arrays) {
  arrays.x.dtype == DType::f32 ? forward<float>(parts, arrays) : forward<double>(parts, arrays);
}

void run_backward(const RecurrentParts& parts, const RecurrentArrays& arrays,
                  RecurrentCotangents& cotangents) {
  arrays.x.dtype == DType::f32 ? Backward<float>(parts, arrays, cotangents).run()
                               : Backward<double>(parts, arrays, cotangents).run();
}

}  // namespace stochos::tensor
