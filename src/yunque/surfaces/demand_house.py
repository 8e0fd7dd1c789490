"""Build what the demand services need from the platform; every way in uses the same."""

from yunque.services.demand_door import DemandDoor
from yunque.services.demand_train import DemandHouse
from yunque.surfaces.bootstrap import Platform

FOLDER = "demand"


def demand_house(platform: Platform) -> DemandHouse:
    """Give where companies are kept, and what records their runs."""
    return DemandHouse(
        place=platform.settings.home / FOLDER,
        tracking=platform.tracking,
        clock=platform.clock,
        threads=platform.threads,
    )


def demand_door(platform: Platform) -> DemandDoor:
    """Give what R2's endpoints need."""
    settings = platform.settings
    return DemandDoor(house=demand_house(platform), data=settings.data_folder or settings.home / "data")
