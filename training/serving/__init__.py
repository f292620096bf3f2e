"""A small model behind an OpenAI-compatible endpoint on one CPU core: `teletriage stand-in serve`.

`grammar` holds replies to the schema token by token, `engine` writes a batch of them, `batching` collects requests into
batches, `requests` reads what a client sends and `app` answers it. It is no vLLM: it serves models of a few million
parameters, one conversation, and whoever asks on this machine.
"""
