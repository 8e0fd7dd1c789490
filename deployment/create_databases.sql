-- Run once by Postgres, when its volume is empty; `yunque` itself is made by POSTGRES_DB.
CREATE DATABASE mlflow;
