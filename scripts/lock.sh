#!/usr/bin/env bash
# Resolve the pins for Python 3.11 to 3.13 into the two lock files: names, versions and hashes, no index.
set -euo pipefail
cd "$(dirname "$0")/.."
uv=.venv/bin/uv
command -v "$uv" >/dev/null || uv=uv
lock() {
  local out=$1
  shift
  "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
    --custom-compile-command "make lock" "$@" pyproject.toml -o "$out"
}
lock requirements.lock --extra build --extra demo
lock requirements-dev.lock --all-extras
# What deployment/Dockerfile installs: without the tools of developers, with the very same versions.
lock requirements-server.lock --extra build --extra catboost --extra celery --extra dask --extra mlflow \
  --extra postgres --extra s3 --constraint requirements-dev.lock
# What deployment/mlflow/Dockerfile installs: MLflow alone, the very same versions.
printf 'mlflow>=2.8\npsycopg[binary]>=3.2\n' | "$uv" pip compile --quiet --universal --python-version 3.11 \
  --generate-hashes --no-emit-index-url --custom-compile-command "make lock" \
  --constraint requirements-dev.lock - -o deployment/mlflow/requirements.lock
