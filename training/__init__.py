"""From a snapshot of verified pairs to an aligned model. torch is imported below this package and nowhere else.

`train` and `merge` are the use cases, `sa_dpo` is the loss (pure), `recipe` reads the one file that determines a
run. Knows snapshots, not the store.
"""

import os

# Set before any submodule can import huggingface_hub, which reads them once: training never contacts a hub.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
os.environ["HF_DATASETS_OFFLINE"] = "1"
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
