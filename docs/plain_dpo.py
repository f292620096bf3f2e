"""One step of plain DPO on a snapshot as it lies there: python docs/plain_dpo.py SNAPSHOT MODEL OUT"""

import sys
from pathlib import Path

from datasets import load_dataset
from transformers import AutoModelForImageTextToText
from trl import DPOConfig, DPOTrainer

from training.pairs.processor import load_processor

snapshot, model, out = sys.argv[1:]
settings = DPOConfig(out, max_steps=1, max_length=None, bf16=False, report_to="none")
vlm, pairs = AutoModelForImageTextToText.from_pretrained(model), load_dataset(snapshot, split="train")
DPOTrainer(vlm, args=settings, train_dataset=pairs, processing_class=load_processor(Path(model))).train()
