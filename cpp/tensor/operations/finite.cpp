// A tensor that must be finite: computing it ends what is under way before anything is assigned.
#include <cmath>
#include <string>

#include "tensor/functions.hpp"
#include "tensor/operation.hpp"

namespace stochos::tensor {
namespace {

class RequireFinite : public Operation {
 public:
  RequireFinite(std::string where, std::string what)
      : Operation("require_finite", Kind::view), where_(std::move(where)), what_(std::move(what)) {}
  void infer(Inputs inputs, std::span<Array> outputs) const override {
    outputs[0].dtype = inputs[0].dtype();
    outputs[0].shape = inputs[0].shape();
  }
  void run(std::span<const Array> inputs, std::span<Array> outputs) const override {
    const Array packed = inputs[0].packed();
    if (is_float(packed.dtype)) {
      dispatch(packed.dtype, [&](auto t) {
        for (std::int64_t i = 0; i < packed.size(); ++i) {
          const auto value = static_cast<double>(packed.as<decltype(t)>()[i]);
          if (!std::isfinite(value))
            throw Error(ErrorKind::convergence, where_,
                        what_ + " is " +
                            (std::isnan(value) ? "nan"
                             : value > 0       ? "inf"
                                               : "-inf"));
        }
      });
    }
    outputs[0] = inputs[0];
  }
  void vjp(Vjp& call) const override { call.result[0] = call.cotangents[0]; }
  bool same(const Operation& other) const override {
    const auto& guard = static_cast<const RequireFinite&>(other);
    return where_ == guard.where_ && what_ == guard.what_;
  }

 private:
  std::string where_, what_;
};

}  // namespace

Value require_finite(const Value& x, const std::string& where, const std::string& what) {
  return apply(make<const RequireFinite>(where, what), {x});
}

}  // namespace stochos::tensor
