#!/bin/sh
# The oldest versions of training's packages that pyproject.toml allows, in an environment of their own.
# torch is the pinned one: of older ones PyPI has no CPU builds.
# usage: install.sh ENVIRONMENT
set -eu
environment=$1
python3 -m venv "$environment"
"$environment/bin/python" tests/floors/floors.py > "$environment/floors.txt"
"$environment/bin/pip" install --quiet --constraint "$environment/floors.txt" --editable '.[train]' pytest hypothesis
touch "$environment/.installed"
