"""ALBERT of base size: Stochos beside PyTorch with transformers, in one run and one table.

python bench/albert_bench.py [--threads 1 2] [--samples 5] [--batch 8] [--length 128] [--hidden 768] [--layers 12]

Rows: forward; forward and backward (all gradients of the sum over the last hidden states); forward of the unshared
model; peak memory of training steps with AdamW, each tool in a process of its own. With --tokenizers instead: both
kinds of tokenizer on the shipped text beside the fast ones of transformers. bench/README.md says more.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np
import summary
import turns


def settings(options) -> dict[str, int]:
    return {
        "vocab_size": 30000, "embedding_size": 128, "hidden_size": options.hidden,
        "intermediate_size": 4 * options.hidden, "num_hidden_layers": options.layers,
        "num_attention_heads": max(options.hidden // 64, 1), "max_position_embeddings": 512,
    }  # fmt: skip


def inputs(options):
    ids = np.random.default_rng(0).integers(5, 30000, (options.batch, options.length))
    return ids, np.ones_like(ids)


def stochos_tasks(options, training: bool = False):
    from stochos import albert, nn

    ids, mask = map(nn.tensor, inputs(options))
    model = albert.new(**settings(options))
    if training:
        optimizer = nn.AdamW(1e-4)

        @nn.compile
        def step(ids, mask):
            loss, found = nn.value_and_grad(lambda: model(ids, mask).last_hidden_state.mean(), wrt=model)()
            optimizer.update(model, found)
            return loss

        return {"training": lambda: float(step(ids, mask))}
    forward = model.compiled()
    both = nn.compile(
        lambda ids, mask: nn.value_and_grad(lambda: model(ids, mask).last_hidden_state.sum(), wrt=model)()
    )
    apart = albert.new(**settings(options)).unshare()
    unshared = apart.compiled()
    return {
        "forward": lambda: nn.evaluate(forward(ids, mask).last_hidden_state),
        "forward + backward": lambda: nn.evaluate(both(ids, mask)),
        "forward, unshared": lambda: nn.evaluate(unshared(ids, mask).last_hidden_state),
    }


def torch_tasks(options, training: bool = False):
    import torch
    import transformers

    torch.set_num_threads(len(os.sched_getaffinity(0)))
    ids, mask = map(torch.from_numpy, inputs(options))
    model = transformers.AlbertModel(transformers.AlbertConfig(**settings(options))).eval()

    def forward():
        with torch.inference_mode():
            model(ids, attention_mask=mask)

    def both():
        model.zero_grad(set_to_none=True)
        model(ids, attention_mask=mask).last_hidden_state.sum().backward()

    if training:
        model.train()
        optimizer = torch.optim.AdamW(model.parameters(), 1e-4, fused=True)

        def step():
            optimizer.zero_grad(set_to_none=True)
            model(ids, attention_mask=mask).last_hidden_state.mean().backward()
            optimizer.step()

        return {"training": step}
    return {"forward": forward, "forward + backward": both}


def tokenizer_tasks() -> dict[str, dict]:
    """Return for each kind of tokenizer what encodes 8,000 verses, 20 to a text, by either tool."""
    import transformers

    from stochos import albert, datasets

    verses = list(datasets.load_text("bible-asv"))[:8000]
    texts = [" ".join(verses[n : n + 20]) for n in range(0, len(verses), 20)]
    tasks = {}
    for kind, other in (("wordpiece", transformers.BertTokenizer), ("sentencepiece", transformers.AlbertTokenizer)):
        ours = albert.Tokenizer.train(verses, 8000, kind=kind)
        with tempfile.TemporaryDirectory() as folder:
            ours.save(folder)
            theirs = other.from_pretrained(folder)
        found = ours(texts, max_length=512)
        same = theirs(texts, max_length=512, truncation=True, padding=True, return_tensors="np")["input_ids"]
        size = int(found.lengths.sum())
        tasks[f"{kind}, {len(texts)} texts, {size:,} tokens, equal: {np.array_equal(found.input_ids, same)}"] = {
            "Stochos": lambda ours=ours: ours(texts, max_length=512),
            "transformers": lambda theirs=theirs: theirs(
                texts, max_length=512, truncation=True, padding=True, return_tensors="np"
            ),
        }
    return tasks


def tokenizers(threads: int, samples: int) -> None:
    """Print the table of the tokenizers."""
    print(
        "| task | tool | threads | least | median | transformers / Stochos (least; median) |\n|---|---|---|---|---|---|"
    )
    for task, ready in tokenizer_tasks().items():
        times = turns.in_turn(ready, threads, samples)
        for tool, found in times.items():
            ratios = [f"{least(times['transformers']) / least(found):.2f}" for least in (min, statistics.median)]
            ratio = "; ".join(ratios) if tool == "Stochos" else ""
            print(f"| {task} | {tool} | {threads} | {min(found):.3f} s | {statistics.median(found):.3f} s | {ratio} |")


TOOLS = {"Stochos": stochos_tasks, "PyTorch": torch_tasks}


def child(options) -> None:
    """Measure; the number of threads is fixed before anything is imported."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: options.child])
    if options.tokenizers:
        tokenizers(options.child, options.samples)
        return
    if options.memory:
        step = TOOLS[options.memory](options, training=True)["training"]
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for _ in range(2):
            step()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        sys.stdout.write(json.dumps({"peak": peak / 1024, "ready": before / 1024}) + "\n")
        return
    ready = {}
    for tool, make in TOOLS.items():
        try:
            ready[tool] = make(options)
            for run in ready[tool].values():
                run()
        except ImportError as error:
            sys.stdout.write(json.dumps({"tool": tool, "error": str(error)}) + "\n")
            ready.pop(tool, None)
    found = {(task, tool): [] for tool, tasks in ready.items() for task in tasks}
    for _ in range(options.samples):  # in turn, so that a slow minute of the machine hits all alike
        for task, tool in found:
            wall, cpu = time.perf_counter(), time.process_time()
            ready[tool][task]()
            found[task, tool].append((time.perf_counter() - wall, time.process_time() - cpu))
    for (task, tool), times in found.items():
        sys.stdout.write(json.dumps({"task": task, "tool": tool, "threads": options.child, "times": times}) + "\n")


def run(options, *arguments: str) -> list[dict]:
    given = [f"--{name}={getattr(options, name)}" for name in ("samples", "batch", "length", "hidden", "layers")]
    environment = turns.environment(int(arguments[1]))
    done = subprocess.run(
        [sys.executable, __file__, *given, *arguments], capture_output=True, text=True, env=environment, check=False
    )
    if done.returncode:
        return [{"error": (done.stderr.strip().splitlines() or ["?"])[-1]}]
    return [json.loads(line) for line in done.stdout.splitlines()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--samples", type=int, default=5)
    for name, value in (("batch", 8), ("length", 128), ("hidden", 768), ("layers", 12)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--child", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--memory", default="", help=argparse.SUPPRESS)
    parser.add_argument("--tokenizers", action="store_true", help="time the tokenizers instead")
    options = parser.parse_args()
    if options.child:
        child(options)
        return
    print(turns.machine("stochos", "torch", "transformers"))
    if options.tokenizers:
        for threads in options.threads:
            environment = turns.environment(threads) | {"RAYON_NUM_THREADS": str(threads)}
            command = [sys.executable, __file__, "--tokenizers", f"--samples={options.samples}", f"--child={threads}"]
            subprocess.run(command, env=environment, check=True)
        return
    print(f"batch {options.batch} x {options.length}, hidden {options.hidden}, {options.layers} layers\n")
    print("| task | tool | threads | wall, least | wall, median | spread | CPU, least | against PyTorch (wall; CPU) |")
    print("|---|---|---|---|---|---|---|---|")
    for threads in options.threads:
        rows = run(options, "--child", str(threads))
        least, samples = {}, {}
        for row in rows:
            if "error" in row:
                print(f"| - | {row.get('tool', '-')} | {threads} | {row['error']} | | | | |")
                continue
            wall, cpu = zip(*row["times"], strict=True)
            least[row["task"], row["tool"]] = min(wall), min(cpu), statistics.median(wall)
            samples[row["task"], row["tool"]] = cpu if threads == 1 else wall
        for (task, tool), (wall, cpu, median) in least.items():
            other = least.get((task.split(",")[0], "PyTorch"))
            ratio = "" if other is None or tool == "PyTorch" else f"{other[0] / wall:.2f}; {other[1] / cpu:.2f}"
            times = f"{wall:.3f} s | {median:.3f} s | {summary.percent(samples[task, tool])} | {cpu:.3f} s"
            print(f"| {task} | {tool} | {threads} | {times} | {ratio} |")
            if tool != "PyTorch":
                peer = samples.get((task.split(",")[0], "PyTorch"), ())
                summary.note(f"ALBERT base, {task}", threads, samples[task, tool], {"PyTorch": peer})
    for tool in TOOLS:
        for row in run(options, "--child", str(options.threads[-1]), "--memory", tool):
            text = row.get("error") or f"{row['peak']:.0f} MiB (before the first step {row['ready']:.0f} MiB)"
            print(f"| peak memory of training | {tool} | {options.threads[-1]} | {text} | | | | |")


if __name__ == "__main__":
    main()
