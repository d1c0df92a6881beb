// Shapes, broadcasting, memory and programs of the tensor room. Expected shapes are NumPy's rules worked by
// hand.
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include "base/error.hpp"
#include "check.hpp"
#include "tensor/buffer.hpp"
#include "tensor/compile/program.hpp"
#include "tensor/evaluate.hpp"
#include "tensor/functions.hpp"
#include "tensor/gradients.hpp"
#include "tensor/trace.hpp"

using namespace stochos;
using namespace stochos::tensor;

namespace {

Value numbers(std::initializer_list<float> list, const Shape& shape) {
  Array array = Array::make(DType::f32, shape);
  std::size_t i = 0;
  for (const float x : list) array.as<float>()[i++] = x;
  return Node::leaf(std::move(array));
}

Value wholes(std::initializer_list<std::int64_t> list) {
  Array array = Array::make(DType::i64, Shape{static_cast<std::int64_t>(list.size())});
  std::size_t i = 0;
  for (const std::int64_t x : list) array.as<std::int64_t>()[i++] = x;
  return Node::leaf(std::move(array));
}

template <class T = float>
bool holds(const Array& array, std::initializer_list<std::type_identity_t<T>> expected) {
  const Array packed = array.packed();
  if (packed.size() != static_cast<std::int64_t>(expected.size())) return false;
  std::size_t i = 0;
  for (const T x : expected) {
    if (packed.as<T>()[i++] != x) return false;
  }
  return true;
}

template <class Call>
std::string message_of(Call&& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST(shapes_count_and_print) {
  Shape shape{2, 3, 4};
  CHECK(shape.rank() == 3 && shape.size() == 24 && shape.last() == 4);
  CHECK(Shape().size() == 1 && Shape().last() == 1);
  CHECK((Shape{5, 0, 2}.size() == 0));
  CHECK(to_string(Shape()) == "()" && to_string(Shape{4}) == "(4,)" && to_string(shape) == "(2, 3, 4)");
  shape.erase(1);
  CHECK((shape == Shape{2, 4}));
  shape.insert(0, 7);
  CHECK((shape == Shape{7, 2, 4}));
  const Strides steps = row_major(shape);
  CHECK(steps[0] == 8 && steps[1] == 4 && steps[2] == 1);
  Shape full{1, 1, 1, 1, 1, 1, 1, 1};
  CHECK(message_of([&] { full.push(1); }).find("at most 8 axes") != std::string::npos);
}

TEST(shapes_broadcast_as_numpy_has_it) {
  Shape out;
  CHECK(try_broadcast(Shape{3, 1}, Shape{4}, out) && (out == Shape{3, 4}));
  CHECK(try_broadcast(Shape{}, Shape{2, 2}, out) && (out == Shape{2, 2}));
  CHECK(try_broadcast(Shape{0, 1}, Shape{1, 5}, out) && (out == Shape{0, 5}));
  CHECK(!try_broadcast(Shape{3}, Shape{4}, out) && !try_broadcast(Shape{2, 3}, Shape{2, 1, 2}, out));
  const std::string text = message_of([] { broadcast("add", Shape{3}, Shape{4}); });
  CHECK(text.find("nn.add") != std::string::npos && text.find("(3,)") != std::string::npos &&
        text.find("(4,)") != std::string::npos);
  CHECK(normal_axis("sum", -1, 3) == 2 && normal_axis("sum", 0, 3) == 0);
  CHECK(!message_of([] { normal_axis("sum", 3, 3); }).empty());
}

TEST(freed_memory_is_taken_again) {
  drop_cached_buffers();
  const void* first;
  {
    const Ref<Buffer> buffer = Buffer::make(1000);
    first = buffer->data();
    CHECK(buffer->bytes() == 1000 && buffer->unique() && !buffer->foreign());
    CHECK(reinterpret_cast<std::uintptr_t>(first) % 64 == 0);
    const Ref<Buffer> second = buffer;
    CHECK(!buffer->unique());
  }
  CHECK(cached_bytes() >= 1000);
  CHECK(Buffer::make(900)->data() != nullptr);  // another class of sizes, or this one
  CHECK(Buffer::make(1000)->data() == first);
  drop_cached_buffers();
  CHECK(cached_bytes() == 0);
  CHECK(!message_of([] { Buffer::make(std::numeric_limits<std::size_t>::max() / 2); }).empty());
}

TEST(foreign_memory_is_given_back_once) {
  float data[4] = {1, 2, 3, 4};
  int returned = 0;
  {
    const Ref<Buffer> buffer =
        Buffer::wrap(data, sizeof data, &returned, [](void* owner) { ++*static_cast<int*>(owner); });
    const Ref<Buffer> other = buffer;
    CHECK(buffer->foreign() && returned == 0);
  }
  CHECK(returned == 1);
}

TEST(views_share_and_pack) {
  const Value x = numbers({1, 2, 3, 4, 5, 6}, Shape{2, 3});
  const Array turned = evaluated(swap_last(x));
  CHECK(turned.data == x.array().data && !turned.contiguous());
  CHECK(holds(turned, {1, 4, 2, 5, 3, 6}));
  CHECK(turned.packed().data != turned.data);
  const Array back = evaluated(slice_axis(x, 1, 2, 3, -1));
  CHECK(holds(back, {3, 2, 1, 6, 5, 4}));
  CHECK(holds(evaluated(broadcast_to(numbers({7}, Shape{1}), Shape{2, 2})), {7, 7, 7, 7}));
}

TEST(whole_quotients_are_rounded_down) {
  const Value a = wholes({7, -7, 7, -7, 0, 5, std::numeric_limits<std::int64_t>::min()}),
              b = wholes({2, 2, -2, -2, 3, 0, -1});
  CHECK(holds<std::int64_t>(evaluated(floor_divide(a, b)),
                            {3, -4, -4, 3, 0, 0, std::numeric_limits<std::int64_t>::min()}));
}

TEST(long_graphs_end_without_recursion) {
  Value x = numbers({0}, Shape{1});
  const Recording recording;  // keeps every node
  for (int i = 0; i < 200'000; ++i) x = add(x, 1.0);
  CHECK(holds(evaluated(x), {200'000}));
}

TEST(derivatives_of_derivatives) {
  const Value x = numbers({2, -3}, Shape{2});
  const Recording recording;
  const Value cube = mul(x, square(x));  // 3 x^2, 6 x
  const Value slope = gradients({&cube, 1}, {}, {&x, 1})[0];
  const Value curve = gradients({&slope, 1}, {}, {&x, 1})[0];
  CHECK(holds(evaluated(slope), {12, 27}) && holds(evaluated(curve), {12, -18}));
}

TEST(programs_merge_equal_nodes_and_forget_stop_gradient) {
  const Ref<TraceState> state = make<TraceState>();
  std::vector<Value> outputs;
  {
    const Tracing tracing(*state);
    const Value x = state->argument(DType::f32, Shape{2, 2}), w = state->argument(DType::f32, Shape{2, 2});
    // One product and one function of it, however often they are written and cut off.
    outputs.push_back(sum(tensor::exp(matmul(x, w)), 3U));
    outputs.push_back(sum(stop_gradient(tensor::exp(stop_gradient(matmul(x, w)))), 3U));
    matmul(w, x);  // needed by nothing
  }
  const Ref<Program> program = make<Program>(*state, Inputs(outputs));
  CHECK(program->counts().operations == 3);                                      // matmul, exp, sum
  CHECK(program->counts().merged == 3);                                          // each of them once more
  CHECK(program->counts().epilogues == 1 && program->instruction_count() == 2);  // exp goes with matmul
  const Value zero = numbers({0, 0, 0, 0}, Shape{2, 2});
  const std::vector<Array> arguments{zero.array(), zero.array()};
  const std::vector<Array> results = program->run(arguments);
  CHECK(results.size() == 2 && holds(results[0], {4}) && holds(results[1], {4}));
  const std::vector<Array> wrong{zero.array(), numbers({0}, Shape{1}).array()};
  CHECK(message_of([&] { program->run(wrong); }).find("traced shape (2, 2)") != std::string::npos);
}

TEST(programs_assign_at_the_end) {
  const Ref<Variable> variable = make<Variable>(numbers({1, 2}, Shape{2}), "w", true);
  const Ref<TraceState> state = make<TraceState>();
  std::vector<Value> outputs;
  {
    const Tracing tracing(*state);
    const Value x = state->argument(DType::f32, Shape{2});
    const Value before = variable->read();
    variable->assign(add(before, x));
    outputs.push_back(mul(variable->read(), 10.0));
  }
  const Ref<Program> program = make<Program>(*state, Inputs(outputs));
  const std::vector<Array> arguments{numbers({1, 1}, Shape{2}).array()};
  CHECK(holds(program->run(arguments)[0], {20, 30}));
  CHECK(holds(program->run(arguments)[0], {30, 40}));
  CHECK(variable->version() == 2 && holds(variable->current().array(), {3, 4}));
}
