#!/bin/sh
# Serve the tiny model with vLLM's CPU build. No --reasoning-parser: the client reads <think> itself.
# Prompts are not cut into chunks: a seeded request whose prompt is ends the CPU engine (0.32).
# usage: serve.sh ENVIRONMENT CHECKPOINT PORT [LORA_NAME=FOLDER ...]
set -eu
environment=$1 checkpoint=$2 port=$3
shift 3
export VLLM_CPU_KVCACHE_SPACE=1 VLLM_CPU_OMP_THREADS_BIND=nobind HF_HUB_OFFLINE=1 TRANSFORMERS_OFFLINE=1
export VLLM_NO_USAGE_STATS=1 DO_NOT_TRACK=1
unset PYTHONPATH
exec "$environment/bin/vllm" serve "$checkpoint" --served-model-name tiny-vl --port "$port" --host 127.0.0.1 --dtype bfloat16 \
  --enforce-eager --max-model-len 2048 --max-num-seqs 8 --limit-mm-per-prompt '{"image":1,"video":0}' \
  --no-enable-chunked-prefill --max-num-batched-tokens 16384 \
  --generation-config vllm --enable-prompt-tokens-details --enable-lora --max-lora-rank 16 --lora-modules "$@" \
  --structured-outputs-config '{"backend":"xgrammar","disable_any_whitespace":true}'
