// Errors of the core. The binding maps each kind to a Python class that is also the built-in of that kind.
#pragma once
#include <exception>
#include <string>

namespace stochos {

enum class ErrorKind { value, type, key, os, memory, convergence, format, missing, device };

class Error : public std::exception {
 public:
  // `where` is the public function in dotted form; `text` names the value, the place and what to do.
  Error(ErrorKind kind, const std::string& where, const std::string& text, int os_code = 0)
      : kind_(kind), os_code_(os_code), message_("[" + where + "] " + text) {}
  ErrorKind kind() const noexcept { return kind_; }
  int os_code() const noexcept { return os_code_; }  // errno of an `os` error
  const char* what() const noexcept override { return message_.c_str(); }

 private:
  ErrorKind kind_;
  int os_code_;
  std::string message_;
};

// Thrown in the waiting thread when a run was stopped by its progress callback.
class Stopped : public std::exception {
 public:
  const char* what() const noexcept override { return "stopped by the progress callback"; }
};

// An `os` error carrying errno's meaning and the file it concerns.
[[noreturn]] void throw_os_error(const std::string& where, const std::string& action, const std::string& path,
                                 int code);

}  // namespace stochos
