"""All the ways in to jobs, in the order in which their addresses are looked at."""

from fastapi import APIRouter

from yunque.services.job_office import Office
from yunque.services.score import Shelf
from yunque.surfaces.http.routes.aml_desk import desk_routes
from yunque.surfaces.http.routes.aml_policy import policy_routes
from yunque.surfaces.http.routes.auto_ml import auto_ml_routes
from yunque.surfaces.http.routes.billing import billing_routes
from yunque.surfaces.http.routes.job_queue import queue_routes
from yunque.surfaces.http.routes.jobs import job_routes
from yunque.surfaces.http.routes.portal import portal_routes
from yunque.surfaces.http.routes.uploads import upload_routes
from yunque.surfaces.http.routes.webhooks import webhook_routes


def office_routes(office: Office, shelf: Shelf) -> tuple[APIRouter, ...]:
    """Give the routers of jobs, uploads, R3's door, R1's door, the officer, webhooks and billing."""
    return (
        queue_routes(office),
        job_routes(office),
        upload_routes(office),
        auto_ml_routes(office, shelf),
        portal_routes(office),
        desk_routes(office),
        policy_routes(office),
        webhook_routes(office),
        billing_routes(office),
    )
