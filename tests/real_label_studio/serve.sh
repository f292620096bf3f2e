#!/bin/sh
# Label Studio with SQLite in a folder of its own, one administrator, and a token that the tests know.
# usage: serve.sh ENVIRONMENT FOLDER PORT TOKEN IMAGES
set -eu
mkdir -p "$2"
export LABEL_STUDIO_BASE_DATA_DIR="$2" LABEL_STUDIO_DATABASE=sqlite LABEL_STUDIO_COLLECT_ANALYTICS=0 SENTRY_DSN= FRONTEND_SENTRY_DSN=
export LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED=true LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT="$5"
export LABEL_STUDIO_LATEST_VERSION_CHECK=false DO_NOT_TRACK=1
unset PYTHONPATH
exec "$1/bin/label-studio" start --no-browser --port "$3" --internal-host 127.0.0.1 --data-dir "$2" \
  --username admin@example.org --password "password-of-the-admin" --user-token "$4" --enable-legacy-api-token
