// stochos._core.ops: softmax and its kin, layer norm, convolution, random numbers, updates.
#include <pybind11/stl.h>

#include "bind/tensor.hpp"
#include "tensor/composites.hpp"

namespace stochos::bind {
namespace {

using tensor::fail;

Value value_or_none(const char* name, py::handle object) {
  return object.is_none() ? Value{} : to_value(name, object);
}

std::array<std::int64_t, 2> pair_of(const char* name, py::handle object) {
  const Shape shape = to_shape(name, object);
  if (shape.rank() == 1) return {shape[0], shape[0]};
  if (shape.rank() == 2) return {shape[0], shape[1]};
  fail(name, "an int or a pair of ints is needed for strides and dilations");
}

bool is_same(const char* name, const std::string& padding) {
  if (padding != "same" && padding != "valid")
    fail(name, "padding='" + padding + "' is not 'same' or 'valid'");
  return padding == "same";
}

Value number_as(DType dtype, py::handle object) {
  const Operand given = operand("update", object);
  if (given.number == Operand::Number::none) return given.value;
  return is_float(dtype) ? tensor::constant(dtype, given.real) : tensor::constant(dtype, given.whole);
}

py::list update(const std::string& kind, py::handle p, py::handle g, const py::sequence& states,
                py::handle rate, py::handle step, py::handle scale, double l2, double decay, double beta1,
                double beta2, double epsilon) {
  static constexpr const char* kinds[] = {"sgd", "momentum", "nesterov", "rmsprop", "adagrad", "adam"};
  static_assert(std::size(kinds) == kernels::update::count);
  int code = 0;
  while (code < kernels::update::count && kind != kinds[code]) ++code;
  if (code == kernels::update::count) fail("update", "kind='" + kind + "' is no optimiser");
  kernels::UpdateSettings settings;
  settings.l2 = l2, settings.decay = decay, settings.beta1 = beta1, settings.beta2 = beta2;
  settings.epsilon = epsilon;
  std::vector<Value> state;
  for (const py::object one : states) state.push_back(to_value("update", one));
  py::list out;
  for (Value& value : tensor::update(static_cast<kernels::update::Code>(code), to_value("update", p),
                                     to_value("update", g), state, number_as(DType::f64, rate),
                                     number_as(DType::f64, scale), number_as(DType::i64, step), settings))
    out.append(wrapped(std::move(value)));
  return out;
}

}  // namespace

void define_composites(py::class_<Ops>& ops) {
  ops.def_static(
      "softmax",
      [](py::handle x, std::int64_t axis, py::handle mask) {
        const Value value = to_value("softmax", x);
        return wrapped(tensor::softmax(value, tensor::normal_axis("softmax", axis, value.shape().rank()),
                                       value_or_none("softmax", mask)));
      },
      py::arg("x"), py::arg("axis") = -1, py::arg("mask") = py::none());
  ops.def_static(
      "log_softmax",
      [](py::handle x, std::int64_t axis) {
        const Value value = to_value("log_softmax", x);
        return wrapped(
            tensor::log_softmax(value, tensor::normal_axis("log_softmax", axis, value.shape().rank())));
      },
      py::arg("x"), py::arg("axis") = -1);
  ops.def_static(
      "logsumexp",
      [](py::handle x, std::int64_t axis, bool keepdims) {
        const Value value = to_value("logsumexp", x);
        return wrapped(
            tensor::logsumexp(value, tensor::normal_axis("logsumexp", axis, value.shape().rank()), keepdims));
      },
      py::arg("x"), py::arg("axis") = -1, py::arg("keepdims") = false);
  ops.def_static(
      "layer_norm",
      [](py::handle x, py::handle gain, py::handle bias, double epsilon) {
        return wrapped(tensor::layer_norm(to_value("layer_norm", x), value_or_none("layer_norm", gain),
                                          value_or_none("layer_norm", bias), epsilon));
      },
      py::arg("x"), py::arg("gain") = py::none(), py::arg("bias") = py::none(), py::arg("epsilon") = 1e-5);
  ops.def_static(
      "conv2d",
      [](py::handle x, py::handle kernel, py::handle stride, const std::string& padding,
         py::handle dilation) {
        return wrapped(tensor::conv2d(to_value("conv2d", x), to_value("conv2d", kernel),
                                      pair_of("conv2d", stride), pair_of("conv2d", dilation),
                                      is_same("conv2d", padding)));
      },
      py::arg("x"), py::arg("kernel"), py::arg("stride") = 1, py::arg("padding") = "valid",
      py::arg("dilation") = 1);
  ops.def_static(
      "conv1d",
      [](py::handle x, py::handle kernel, std::int64_t stride, const std::string& padding,
         std::int64_t dilation) {
        const Value image = to_value("conv1d", x), weights = to_value("conv1d", kernel);
        if (image.shape().rank() != 3 || weights.shape().rank() != 3) {
          fail("conv1d", "x of shape " + to_string(image.shape()) + " and a kernel of shape " +
                             to_string(weights.shape()) +
                             " must be (batch, time, channels) and (time, channels, filters)");
        }
        const Value wide = tensor::conv2d(tensor::expand(image, 1), tensor::expand(weights, 0), {1, stride},
                                          {1, dilation}, is_same("conv1d", padding));
        const Shape& out = wide.shape();
        return wrapped(tensor::reshape(wide, {out[0], out[2], out[3]}));
      },
      py::arg("x"), py::arg("kernel"), py::arg("stride") = 1, py::arg("padding") = "valid",
      py::arg("dilation") = 1);
  const auto random = [&](const char* name, tensor::Draw draw) {
    ops.def_static(
        name,
        [name, draw](py::handle shape, std::uint64_t seed, py::handle counter, py::handle dtype) {
          return wrapped(tensor::random(draw, seed, to_value(name, counter), to_shape(name, shape),
                                        to_dtype(name, dtype)));
        },
        py::arg("shape"), py::arg("seed"), py::arg("counter") = 0, py::arg("dtype") = "float32");
  };
  random("random_bits", tensor::Draw::bits);
  random("random_uniform", tensor::Draw::uniform);
  random("random_normal", tensor::Draw::normal);
  ops.def_static("update", &update, py::arg("kind"), py::arg("p"), py::arg("g"), py::arg("states"),
                 py::arg("rate"), py::arg("step") = 1, py::arg("scale") = 1.0, py::arg("l2") = 0.0,
                 py::arg("decay") = 0.0, py::arg("beta1") = 0.0, py::arg("beta2") = 0.0,
                 py::arg("epsilon") = 0.0);
}

}  // namespace stochos::bind
