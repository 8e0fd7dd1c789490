"""Records of runs: always as local JSON, in MLflow too when it is there."""
