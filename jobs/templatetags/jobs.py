"""How album pages show jobs without knowing them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from django import template
from django.core.paginator import Page
from django.template import Context
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from albums.models import Album, Photo
from jobs.boards import Chip, album_board, photo_board
from jobs.models import Job
from jobs.offers import (
    Choice,
    Offer,
    choices_of,
    default_wish,
    fields_of,
    offers_for,
)
from jobs.providers import local
from jobs.status import (
    Hold,
    Status,
    Trouble,
    hold_of,
    provider_label,
    recipe_title,
    status_of,
    trouble_of,
)
from jobs.timeline import Line, timeline_of

register = template.Library()

CHIPS = "job_chips"


@register.simple_tag(takes_context=True)
def job_board(context: Context, album: Album, page: Page[Photo]) -> SafeString:
    """The album's summary line and its poll. Write it before the chips."""
    board = album_board(album, list(page), page=page.number)
    context[CHIPS] = {chip.photo.pk: chip for chip in board.chips}
    return render_to_string(
        "jobs/_album_board.html", {"board": board}, request=context["request"]
    )


@register.inclusion_tag("jobs/_chip.html", takes_context=True)
def job_chip(context: Context, photo: Photo) -> dict[str, Any]:
    """How the photo's job stands; nothing where it never had one."""
    chips: Mapping[int, Chip] = context[CHIPS]
    return {"chip": chips[photo.pk]}


@register.simple_tag
def recipe_choices() -> tuple[Choice, ...]:
    """What the engine of this app does, in the order in which it is offered."""
    return choices_of(local.NAME)


@register.simple_tag
def remote_offers(album: Album) -> tuple[Offer, ...]:
    """The providers outside the house; none where there is no key for any."""
    return offers_for(album)


@register.simple_tag(name="default_wish")
def default_wish_of(album: Album, offers: tuple[Offer, ...]) -> str:
    """The wish that is chosen when a form opens."""
    return default_wish(album, offers)


@register.simple_tag(takes_context=True)
def job_live(context: Context, photo: Photo) -> SafeString:
    """The live line of a photo: its jobs, their timelines, and the page's poll. Sets
    `photo_jobs`, so that the page knows whether anything was ever asked for."""
    board = photo_board(photo, photo.album)
    context["photo_jobs"] = board.jobs
    return render_to_string(
        "jobs/_photo_board.html",
        {"board": board, "may_change": context["may_change"]},
        request=context["request"],
    )


@register.inclusion_tag("jobs/_restore_form.html", takes_context=True)
def restore_form(context: Context, photo: Photo) -> dict[str, Any]:
    """Ask for a restoration: a recipe, and every option that a person may change."""
    choices, offers = choices_of(local.NAME), offers_for(photo.album)
    return {
        "photo": photo,
        "choices": choices,
        "offers": offers,
        "chosen": default_wish(photo.album, offers) or choices[0].wish,
        "fields": fields_of(local.NAME, local.OPTIONS),
        "batch": uuid4(),
    }


@register.filter
def status(job: Job) -> Status:
    return status_of(job)


@register.filter
def trouble(job: Job) -> Trouble:
    return trouble_of(job)


@register.filter
def hold(job: Job) -> Hold:
    return hold_of(job)


@register.filter
def timeline(job: Job) -> list[Line]:
    return timeline_of(job)


@register.filter
def provider_words(provider: str) -> str:
    return provider_label(provider)


@register.filter
def recipe_words(recipe: str) -> str:
    return recipe_title(recipe)


@register.filter
def is_in(key: int, keys: frozenset[int]) -> bool:
    return key in keys
