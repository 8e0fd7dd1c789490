"""The Celery application of the product, on the queue and the kinds of the chaos tests."""

import os

from chaos_setting import Setting, open_queue, place_of

from yunque.runtime.jobs.upkeep import taking_back
from yunque.runtime.jobs.worker import Worker
from yunque.surfaces import celery

celery._SWEEP_SECONDS = 0.5


def open_worker() -> Worker:
    setting = Setting.from_environment()
    queue = open_queue(setting)
    return Worker(queue=queue, place=place_of(setting), chores=[taking_back(queue)])


app = celery.make_app(open_worker, lambda: os.environ["CHAOS_BROKER"])
