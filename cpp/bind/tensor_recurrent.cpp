// stochos._core.ops.recurrent: SimpleRNN, LSTM and GRU over whole sequences.
#include "bind/tensor.hpp"
#include "tensor/operation.hpp"
#include "tensor/operations/recurrent.hpp"

namespace stochos::bind {
namespace {

using tensor::Cell;

Cell cell_of(const std::string& name) {
  static constexpr const char* names[] = {"simple_tanh", "simple_relu", "lstm",
                                          "gru_after",   "gru_before",  "gru_output"};
  for (std::size_t i = 0; i < std::size(names); ++i) {
    if (name == names[i]) return static_cast<Cell>(i);
  }
  tensor::fail("recurrent", "cell='" + name + "' is none of simple_tanh, simple_relu, lstm, gru_after, " +
                                "gru_before, gru_output");
}

Value value_or_none(py::handle object) {
  return object.is_none() ? Value{} : to_value("recurrent", object);
}

// Time first to batch first, and back.
Value swapped(const Value& x) {
  return x && x.shape().rank() >= 2 ? tensor::move_axis(x, 0, 1) : x;
}

py::object object_of(const Value& value) {
  return value ? wrapped(value) : py::none();
}

py::tuple recurrent(const std::string& cell, py::handle x, py::handle kernel, py::handle recurrent_kernel,
                    py::handle bias, py::handle recurrent_bias, py::handle peephole, py::handle gains,
                    py::handle h, py::handle c, py::handle mask, bool reverse, bool fused) {
  tensor::RecurrentPlan plan;
  plan.cell = cell_of(cell);
  plan.reverse = reverse;
  tensor::RecurrentInputs in;
  in.x = swapped(to_value("recurrent", x));
  in.kernel = to_value("recurrent", kernel);
  in.recurrent = to_value("recurrent", recurrent_kernel);
  in.bias = value_or_none(bias);
  in.recurrent_bias = value_or_none(recurrent_bias);
  in.peephole = value_or_none(peephole);
  in.h0 = value_or_none(h);
  in.c0 = value_or_none(c);
  in.mask = swapped(value_or_none(mask));
  if (!gains.is_none()) {
    const auto given = py::cast<py::sequence>(gains);
    if (given.size() != 4) tensor::fail("recurrent", "four gains are needed: kernel, recurrent, state, bias");
    in.kernel_gain = to_value("recurrent", given[0]);
    in.recurrent_gain = to_value("recurrent", given[1]);
    in.state_gain = to_value("recurrent", given[2]);
    in.state_bias = to_value("recurrent", given[3]);
  }
  const tensor::RecurrentOutputs out = tensor::recurrent(plan, in, fused);
  return py::make_tuple(object_of(swapped(out.h)), object_of(swapped(out.c)), object_of(swapped(out.gates)),
                        object_of(out.last_h), object_of(out.last_c));
}

}  // namespace

void define_recurrent(py::class_<Ops>& ops) {
  ops.def_static("recurrent", &recurrent, py::arg("cell"), py::arg("x"), py::arg("kernel"),
                 py::arg("recurrent_kernel"), py::arg("bias") = py::none(),
                 py::arg("recurrent_bias") = py::none(), py::arg("peephole") = py::none(),
                 py::arg("gains") = py::none(), py::arg("h") = py::none(), py::arg("c") = py::none(),
                 py::arg("mask") = py::none(), py::arg("reverse") = false, py::arg("fused") = true);
}

}  // namespace stochos::bind
