"""The miniature: a Qwen3-VL of about 1.6 million parameters that sees the drawn roads of `data.demo.miniature`.

`build` makes it on a CPU: `shape` its towers and its tokenizer, `sight` teaches it to see, `language` to answer as a
lenient student. `weights/` is the one that comes with the project. It judges no real road, and says so.
"""
