"""From a snapshot of verified pairs to an aligned model. The only package that imports torch, below this file."""

import os

# Set before any submodule can import huggingface_hub, which reads them once: training never contacts a hub.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
os.environ["HF_DATASETS_OFFLINE"] = "1"
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
