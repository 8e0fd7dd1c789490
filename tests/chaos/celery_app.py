"""The Celery application of the product, on the queue, the kinds and the kill points of the chaos tests."""

import os

import chaos_setting
from chaos_setting import Setting

from yunque.runtime.jobs.worker import Worker
from yunque.surfaces import celery

celery._SWEEP_SECONDS = 0.5


def open_worker() -> Worker:
    return chaos_setting.open_worker(Setting.from_environment())


app = celery.make_app(open_worker, lambda: os.environ["CHAOS_BROKER"])
