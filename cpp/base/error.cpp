#include "base/error.hpp"

#include <system_error>

namespace stochos {

void throw_os_error(const std::string& where, const std::string& action, const std::string& path, int code) {
  throw Error(ErrorKind::os, where,
              "cannot " + action + " '" + path + "': " + std::generic_category().message(code), code);
}

}  // namespace stochos
