// The calls of CUDA's runtime. The variables STOCHOS_EMULATED_... are read at each call:
// CARDS (1), how many there are; MEMORY (1 GiB), bytes that the card has; FAILURE, which call fails
// of those since the variable has this value.
#include "card.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <utility>

namespace emulated {
namespace {

std::map<void*, Buffer> buffers;
std::size_t taken = 0;
std::uint64_t calls = 0;
std::string failure;  // the setting that they are counted for
std::uint32_t orders = 0;
cudaError_t last = cudaSuccess;

std::uint64_t setting(const char* name, std::uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr || *text == '\0' ? otherwise : std::strtoull(text, nullptr, 10);
}

std::size_t memory() {
  return setting("STOCHOS_EMULATED_MEMORY", std::uint64_t{1} << 30);
}

std::size_t rounded(std::size_t size, std::size_t to) {
  return (size + to - 1) / to * to;
}

cudaError_t answer(cudaError_t error) {
  if (error != cudaSuccess) last = error;
  return error;
}

}  // namespace

Buffer::Buffer(std::size_t size) : size_(size) {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  pages_ = rounded(size, page) + 2 * page;
  void* const made = mmap(nullptr, pages_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (made == MAP_FAILED) std::abort();
  whole_ = static_cast<char*>(made);
  mprotect(whole_, page, PROT_NONE);
  mprotect(whole_ + pages_ - page, page, PROT_NONE);
  data_ = whole_ + pages_ - page - rounded(size, 16);
  std::memset(whole_ + page, 0xFF, pages_ - 2 * page);
}
Buffer::Buffer(Buffer&& other) noexcept
    : size_(other.size_),
      pages_(other.pages_),
      whole_(std::exchange(other.whole_, nullptr)),
      data_(other.data_) {}
Buffer::~Buffer() {
  if (whole_ != nullptr) munmap(whole_, pages_);
}

void Buffer::fill() const noexcept {
  std::memset(data_, 0xFF, size_);
}
void Buffer::allow(bool touch) const noexcept {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  mprotect(whole_ + page, pages_ - 2 * page, touch ? PROT_READ | PROT_WRITE : PROT_NONE);
}
std::size_t Buffer::slack() const noexcept {
  return static_cast<std::size_t>(static_cast<char*>(data_) - whole_) -
         static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}
bool Buffer::is_whole() const noexcept {
  const char* const begin = static_cast<char*>(data_) - slack();
  for (std::size_t k = 0; k < slack(); ++k)
    if (begin[k] != '\xFF') return false;
  for (std::size_t k = size_; k < rounded(size_, 16); ++k)
    if (static_cast<char*>(data_)[k] != '\xFF') return false;
  return true;
}

std::mutex Card::mutex_;

bool Card::takes_call() {
  const char* const told = std::getenv("STOCHOS_EMULATED_FAILURE");
  if (failure != (told == nullptr ? "" : told)) {
    failure = told == nullptr ? "" : told;
    calls = 0;
  }
  return ++calls != setting("STOCHOS_EMULATED_FAILURE", 0);
}
bool Card::takes_launch(dim3 grid, dim3 block, std::size_t shared) {
  const bool fits = grid.x > 0 && grid.y > 0 && grid.z > 0 && block.x > 0 && block.y > 0 && block.z > 0 &&
                    grid.x <= 0x7FFFFFFFU && grid.y <= 65535 && grid.z <= 65535 &&
                    block.x * block.y * block.z <= 1024 && block.z <= 64 && shared <= 48 * 1024;
  if (!fits) last = cudaErrorInvalidConfiguration;
  if (!takes_call()) last = cudaErrorUnknown;
  return last == cudaSuccess;
}
std::uint32_t Card::next_order() {
  return ++orders;
}
void Card::open() {
  for (const auto& [place, buffer] : buffers) buffer.allow(true);
}
void Card::close() {
  for (const auto& [place, buffer] : buffers) buffer.allow(false);
}

}  // namespace emulated

using namespace emulated;

const char* cudaGetErrorString(cudaError_t error) {
  switch (error) {
    case cudaSuccess:
      return "no error";
    case cudaErrorMemoryAllocation:
      return "out of memory";
    case cudaErrorInvalidConfiguration:
      return "invalid configuration argument";
    case cudaErrorInvalidValue:
      return "invalid argument";
    case cudaErrorNoDevice:
      return "no CUDA-capable device is detected";
    default:
      return "unknown error";
  }
}

cudaError_t cudaGetLastError() {
  const Card card;
  return std::exchange(last, cudaSuccess);
}

cudaError_t cudaGetDeviceCount(int* count) {
  Card card;
  if (!card.takes_call()) return answer(cudaErrorUnknown);
  *count = static_cast<int>(setting("STOCHOS_EMULATED_CARDS", 1));
  return *count > 0 ? cudaSuccess : answer(cudaErrorNoDevice);
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* facts, int) {
  Card card;
  if (!card.takes_call()) return answer(cudaErrorUnknown);
  std::snprintf(facts->name, sizeof facts->name, "emulated card, %zu bytes taken", taken);
  facts->major = facts->minor = 0;
  facts->multiProcessorCount = 1;
  facts->totalGlobalMem = memory();
  return cudaSuccess;
}

cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
  Card card;
  if (!card.takes_call()) return answer(cudaErrorUnknown);
  *total = memory();
  *free = *total - taken;
  return cudaSuccess;
}

cudaError_t cudaMalloc(void** place, std::size_t size) {
  Card card;
  if (!card.takes_call()) return answer(cudaErrorMemoryAllocation);
  if (size == 0) {
    *place = nullptr;
    return cudaSuccess;
  }
  if (size > memory() - taken) return answer(cudaErrorMemoryAllocation);
  Buffer made(size);
  made.allow(false);
  *place = made.data();
  taken += size;
  buffers.emplace(*place, std::move(made));
  return cudaSuccess;
}

cudaError_t cudaFree(void* place) {
  Card card;
  if (place == nullptr) return cudaSuccess;
  const auto found = buffers.find(place);
  if (found == buffers.end()) return answer(cudaErrorInvalidValue);
  found->second.allow(true);
  if (!found->second.is_whole()) {
    std::fprintf(stderr, "emulated card: something wrote beside a buffer of %zu bytes\n",
                 found->second.size());
    std::abort();
  }
  taken -= found->second.size();
  buffers.erase(found);
  return cudaSuccess;
}

cudaError_t cudaMemcpy(void* to, const void* from, std::size_t size, cudaMemcpyKind kind) {
  Card card;
  if (!card.takes_call()) return answer(cudaErrorUnknown);
  const void* const there = kind == cudaMemcpyHostToDevice ? to : from;
  auto found = buffers.upper_bound(const_cast<void*>(there));
  if (found == buffers.begin()) return answer(cudaErrorInvalidValue);
  --found;
  const auto offset =
      static_cast<std::size_t>(static_cast<const char*>(there) - static_cast<char*>(found->first));
  if (offset > found->second.size() || size > found->second.size() - offset)
    return answer(cudaErrorInvalidValue);
  found->second.allow(true);
  std::memcpy(to, from, size);
  found->second.allow(false);
  return cudaSuccess;
}

cudaError_t cudaDeviceSynchronize() {
  Card card;
  return card.takes_call() ? cudaSuccess : answer(cudaErrorUnknown);
}
