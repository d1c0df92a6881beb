// Products and elementwise expressions on the device.
#include <algorithm>
#include <limits>

#include "cuda/cublas.hpp"
#include "cuda/dense.hpp"
#include "cuda/device.hpp"
#include "cuda/memory.cuh"

namespace stochos::cuda {
namespace {

constexpr const char* kProduct = "cuda.matmul";
constexpr const char* kEvaluate = "cuda.evaluate";
constexpr unsigned kTile = 16, kThreads = 256;
constexpr double kSliceProducts = 2e10;  // multiplications between two looks at the caller
constexpr std::size_t kSliceNumbers = std::size_t{1} << 22;  // of an expression

// A block of 16 x 16 threads makes as many numbers of the product, from tiles of both that all of them read.
template <class T>
__global__ void product_kernel(ProductShape s, const T* a, const T* b, T* out) {
  __shared__ T tile_a[kTile][kTile], tile_b[kTile][kTile];
  const std::size_t i = std::size_t{blockIdx.y} * kTile + threadIdx.y;
  const std::size_t j = std::size_t{blockIdx.x} * kTile + threadIdx.x;
  T sum = 0;
  for (std::size_t k = 0; k < s.inner; k += kTile) {
    const std::size_t from_a = k + threadIdx.x, from_b = k + threadIdx.y;
    tile_a[threadIdx.y][threadIdx.x] = i < s.rows && from_a < s.inner ? a[i * s.inner + from_a] : T{0};
    tile_b[threadIdx.y][threadIdx.x] = j < s.columns && from_b < s.inner ? b[from_b * s.columns + j] : T{0};
    __syncthreads();
    sum = add_products(sum, tile_a[threadIdx.y], 1, &tile_b[0][threadIdx.x], kTile,
                       s.inner - k < kTile ? s.inner - k : kTile);
    __syncthreads();
  }
  if (i < s.rows && j < s.columns) out[i * s.columns + j] = sum;
}

__global__ void elementwise_kernel(Elementwise e, std::size_t size, double* out) {
  double registers[kMostRegisters];
  const std::size_t stride = std::size_t{gridDim.x} * blockDim.x;
  for (std::size_t i = std::size_t{blockIdx.x} * blockDim.x + threadIdx.x; i < size; i += stride)
    out[i] = element(e, i, registers);
}

// cuBLAS for as long as it lives.
class Handle {
 public:
  Handle() {
    if (!cublas().name.empty()) check_status(cublas().create(&handle_), "cublasCreate");
  }
  ~Handle() {
    if (handle_ != nullptr) (void)cublas().destroy(handle_);
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  // Whether it made the product; it counts in ints.
  template <class T>
  bool product(const ProductShape& s, const T* a, const T* b, T* out) const {
    constexpr std::size_t most = std::numeric_limits<int>::max();
    if (handle_ == nullptr || std::max({s.rows, s.inner, s.columns}) > most) return false;
    const auto m = static_cast<int>(s.columns), n = static_cast<int>(s.rows), k = static_cast<int>(s.inner);
    const T one = 1, zero = 0;
    // Its matrices go column after column: the transposed product of the transposed.
    if constexpr (sizeof(T) == sizeof(float)) {
      check_status(cublas().sgemm(handle_, 0, 0, m, n, k, &one, b, m, a, k, &zero, out, m), "cublasSgemm");
    } else {
      check_status(cublas().dgemm(handle_, 0, 0, m, n, k, &one, b, m, a, k, &zero, out, m), "cublasDgemm");
    }
    return true;
  }

 private:
  static void check_status(int status, const char* what) {
    if (status != 0)
      throw Error(ErrorKind::device, kProduct,
                  std::string(what) + " of " + cublas().name + " answered status " + std::to_string(status));
  }
  void* handle_ = nullptr;
};

template <class T>
void product(const ProductShape& shape, const T* a, const T* b, T* out,
             const std::function<void()>& between) {
  require(kProduct);
  if (shape.rows == 0 || shape.columns == 0) return;
  const double row = static_cast<double>(shape.inner) * static_cast<double>(shape.columns);
  const auto most = static_cast<std::size_t>(std::clamp(kSliceProducts / std::max(row, 1.0), 1.0, 1e6));
  const std::size_t rows = std::min(shape.rows, most);
  const Handle handle;
  Buffer<T> on_b(shape.inner * shape.columns, kProduct), on_a(rows * shape.inner, kProduct),
      on_out(rows * shape.columns, kProduct);
  on_b.put({b, on_b.size()}, kProduct);
  for (std::size_t begin = 0; begin < shape.rows; begin += rows) {
    const ProductShape slice{std::min(rows, shape.rows - begin), shape.inner, shape.columns};
    on_a.put({a + begin * shape.inner, slice.rows * shape.inner}, kProduct);
    if (shape.inner == 0 || !handle.product(slice, on_a.data(), on_b.data(), on_out.data())) {
      const dim3 threads(kTile, kTile);
      // The second dimension of a grid ends at 65,535 blocks, the rows of a slice before it.
      const dim3 blocks(static_cast<unsigned>((slice.columns + kTile - 1) / kTile),
                        static_cast<unsigned>((slice.rows + kTile - 1) / kTile));
      product_kernel<T><<<blocks, threads>>>(slice, on_a.data(), on_b.data(), on_out.data());
    }
    finish(kProduct, "multiplying");
    on_out.get({out + begin * shape.columns, slice.rows * shape.columns}, kProduct);
    between();
  }
}

}  // namespace

std::string product_library() {
  return cublas().name;
}

void matmul(const ProductShape& shape, const float* a, const float* b, float* out,
            const std::function<void()>& between) {
  product(shape, a, b, out, between);
}
void matmul(const ProductShape& shape, const double* a, const double* b, double* out,
            const std::function<void()>& between) {
  product(shape, a, b, out, between);
}

void evaluate(const Programs& programs, const Code& code, std::span<const Column> columns,
              std::span<double> out, const std::function<void()>& between) {
  require(kEvaluate);
  const std::size_t size = std::min(out.size(), kSliceNumbers);
  const Buffer<Step> steps(programs.steps, kEvaluate);
  const Buffer<double> constants(programs.constants, kEvaluate);
  Buffer<double> on_out(size, kEvaluate);
  std::vector<Buffer<double>> inputs;
  std::vector<Column> places;
  for (const Column& column : columns) {
    inputs.emplace_back(column.step == 0 ? 1 : size, kEvaluate);
    if (column.step == 0) inputs.back().put({column.data, 1}, kEvaluate);
    places.push_back({inputs.back().data(), column.step});
  }
  const Buffer<Column> on_columns(places, kEvaluate);
  const Elementwise e{steps.data(), constants.data(), on_columns.data(), code};
  for (std::size_t begin = 0; begin < out.size(); begin += size) {
    const std::size_t count = std::min(size, out.size() - begin);
    for (std::size_t k = 0; k < columns.size(); ++k)
      if (columns[k].step != 0) inputs[k].put({columns[k].data + begin, count}, kEvaluate);
    const auto blocks =
        static_cast<unsigned>(std::min<std::size_t>((count + kThreads - 1) / kThreads, 65535));
    elementwise_kernel<<<blocks, kThreads>>>(e, count, on_out.data());
    finish(kEvaluate, "evaluating");
    on_out.get(out.subspan(begin, count), kEvaluate);
    between();
  }
}

}  // namespace stochos::cuda
