#!/bin/sh
# Label Studio in an environment of its own (1 GB): it pins other versions than the project does.
# usage: install.sh ENVIRONMENT
set -eu
environment=$1
python3 -m venv "$environment"
"$environment/bin/pip" install --quiet "label-studio==1.23.2"
touch "$environment/.installed"
