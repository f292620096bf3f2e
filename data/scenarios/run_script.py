"""The command that turns a plan into clips on a machine with NVIDIA's repository, and seals what it wrote."""

from __future__ import annotations

SUMS = "SHA256SUMS"
_SCRIPT = """\
#!/usr/bin/env bash
# Generates every clip of specs.jsonl with Cosmos-Transfer2.5, then writes {sums}, against which the outputs are
# checked when they are taken in. Copy this folder to the GPU machine, run, copy it back:
#   COSMOS=/path/to/cosmos-transfer2.5 ./run.sh      GPUS=8 for several
set -euo pipefail
here="$(cd "$(dirname "${{BASH_SOURCE[0]}}")" && pwd)"
{environment}cd "${{COSMOS:?Set COSMOS to a checkout of cosmos-transfer2.5 and activate its environment.}}"
if [ "${{GPUS:-1}}" -gt 1 ]; then
  torchrun --nproc_per_node="$GPUS" examples/inference.py -i "$here/specs.jsonl" -o "$here/outputs"{model}
else
  python examples/inference.py -i "$here/specs.jsonl" -o "$here/outputs"{model}
fi
cd "$here/outputs"
find . -maxdepth 1 -type f ! -name {sums} -printf '%f\\n' | LC_ALL=C sort | xargs -d '\\n' sha256sum -- > {sums}
"""


def run_script(*, distilled: bool) -> str:
    """The script's text."""
    # The repository offers the distilled model only to those who ask for experimental checkpoints.
    environment = "export COSMOS_EXPERIMENTAL_CHECKPOINTS=1\n" if distilled else ""
    return _SCRIPT.format(
        sums=SUMS, environment=environment, model=" --model=edge/distilled" if distilled else ""
    )
