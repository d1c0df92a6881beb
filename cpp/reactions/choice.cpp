#include "reactions/choice.hpp"

#include <array>

#include "base/error.hpp"

namespace stochos::reactions {
namespace {

struct Named {
  const char* name;
  MakeRunner make;
};
constexpr std::array kMethods{Named{"direct", make_direct}, Named{"sorting", make_sorting},
                              Named{"first", make_first},   Named{"next", make_next},
                              Named{"cr", make_cr},         Named{"rssa", make_rssa}};

}  // namespace

Choice choose(const Network&, const Request& request) {
  const std::string wanted = request.method == "auto" ? "direct" : request.method;
  std::string known = "'auto'";
  for (const Named& method : kMethods) {
    if (wanted == method.name) return {wanted, method.make};
    known += std::string(", '") + method.name + "'";
  }
  throw Error(ErrorKind::value, "reactions.simulate", "method '" + wanted + "' is not one of " + known);
}

}  // namespace stochos::reactions
