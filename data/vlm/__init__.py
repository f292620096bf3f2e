"""A vision-language model behind an OpenAI-compatible endpoint: the question, the request, the reply.

`ask_frames` asks for batches, `LiveEndpoints` for live feeds, `parse_reply` reads what comes back. Knows nothing of
the store, and never shows a model what people said of a frame.
"""
