// A new folder for a test's files.
#pragma once
#include <chrono>
#include <filesystem>
#include <string>
#include <system_error>

class Folder {
 public:
  Folder() {
    const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
    for (long long i = 0; path_.empty(); ++i) {
      const auto tried = std::filesystem::temp_directory_path() / ("stochos-test-" + std::to_string(now + i));
      if (std::filesystem::create_directory(tried)) path_ = tried.generic_string();
    }
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::string& path() const { return path_; }
  std::string file(const std::string& name) const { return path_ + "/" + name; }
  // How many files lie there.
  std::size_t count() const {
    std::size_t n = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(path_)) ++n;
    return n;
  }

 private:
  std::string path_;
};
