"""Log lines are JSON, carry their request, and lose nothing."""

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from yunque.errors import StorageError
from yunque.runtime.logs import configure_logs, log_context, log_scope, log_to_file, new_request_id


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


def test_lines_go_to_a_file_as_well_when_asked(written: io.StringIO, tmp_path: Path) -> None:
    path = tmp_path / "logs" / "app.log"
    logger = logging.getLogger("yunque")
    try:
        log_to_file(path)
        log_to_file(path)
        configure_logs(stream=written)  # does not forget the file
        logging.getLogger("yunque.test").info("orders: etl took %.2f s", 1.5)
        path.rename(path.with_suffix(".1"))  # rotated
        logging.getLogger("yunque.test").info("again")
    finally:
        for handler in logger.handlers[:]:
            logger.removeHandler(handler)
            handler.close()
    assert [line["message"] for line in lines(written)] == ["orders: etl took 1.50 s", "again"]
    first, second = path.with_suffix(".1").read_text().splitlines(), path.read_text().splitlines()
    assert [json.loads(line)["message"] for line in (*first, *second)] == ["orders: etl took 1.50 s", "again"]


def test_a_log_file_that_cannot_be_written_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"log file 'app\.log' cannot be written"):
        log_to_file(tmp_path / "file" / "app.log")
