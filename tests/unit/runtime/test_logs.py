"""Log lines are JSON, carry their request, and lose nothing."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from yunque.runtime.logs import configure_logs, log_context, log_scope, new_request_id


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    handler = configure_logs(level="INFO", stream=stream)
    yield stream
    logger = logging.getLogger("yunque")
    logger.removeHandler(handler)
    logger.propagate = True


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_carries_its_scope_and_its_extras(written: io.StringIO) -> None:
    with log_scope(request_id="r1"), log_scope(job_id="j1"):
        logging.getLogger("yunque.test").info("trained %s", "año", extra={"rows": 3})
    (line,) = lines(written)
    assert line["message"] == "trained año"
    assert (line["request_id"], line["job_id"], line["rows"]) == ("r1", "j1", 3)
    assert line["level"] == "info"
    assert log_context() == {}


def test_an_error_keeps_its_traceback_on_one_line(written: io.StringIO) -> None:
    try:
        raise KeyError("x")
    except KeyError:
        logging.getLogger("yunque.test").exception("failed")
    (line,) = lines(written)
    assert line["error"] == "KeyError"
    assert "Traceback" in str(line["traceback"])


def test_what_json_cannot_hold_is_shown_as_text(written: io.StringIO) -> None:
    logging.getLogger("yunque.test").warning("odd", extra={"thing": {1, 2}})
    assert lines(written)[0]["thing"] == "{1, 2}"


def test_configuring_twice_writes_once(written: io.StringIO) -> None:
    again = io.StringIO()
    configure_logs(stream=again)
    logging.getLogger("yunque.test").info("once")
    assert written.getvalue() == ""
    assert len(lines(again)) == 1


def test_request_ids_differ() -> None:
    assert new_request_id() != new_request_id()
