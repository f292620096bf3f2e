"""Model folders and adapters: checked, hashed and loaded from this machine only.

`load_model` and `lora_config` are the ways in. Knows no pair.
"""
